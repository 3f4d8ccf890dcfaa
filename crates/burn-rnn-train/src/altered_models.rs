//! Model files with other settings and tensors, all sums right: each is refused in one line, or is of use.

use std::collections::BTreeMap;

use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use super::model_samples::*;
use super::*;

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The file with other settings and tensors, and the sums of those.
fn altered(bytes: &[u8], change: impl FnOnce(&mut Value, &mut Tensors)) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    let mut settings = serde_json::from_str(&metadata["settings"]).unwrap();
    let read = SafeTensors::deserialize(bytes).unwrap();
    let mut tensors: Tensors = read
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let content = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            (name, content)
        })
        .collect();
    change(&mut settings, &mut tensors);
    let serialized = |metadata: Option<HashMap<String, String>>| {
        let views = tensors.iter().map(|(name, (dtype, shape, data))| {
            (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
        });
        safetensors::serialize(views, metadata).unwrap()
    };
    let plain = serialized(None);
    // There is none over tensors that are no 32-bit floats.
    let sum = checksum(&plain, Path::new("")).unwrap_or_default();
    let settings = settings.to_string();
    metadata.insert("seal".to_owned(), seal(&metadata["card"], &settings, &sum));
    metadata.insert("settings".to_owned(), settings);
    metadata.insert("sha256".to_owned(), sum);
    serialized(Some(metadata))
}

/// What comes of a file: of use, or the one line that it is refused with.
fn outcome(sample: &Sample, bytes: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, bytes).unwrap();
    let used = ModelFile::open(&path).and_then(|file| (sample.uses)(file, &Device::default()));
    used.map_err(|error| {
        let message = crate::one_line(&error);
        assert!(!message.contains('\n') && !message.is_empty(), "{message}");
        message
    })
}

/// Where all values of the settings stand, those of long lists left out.
fn places(value: &Value, at: &str, to: &mut Vec<String>) {
    to.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{at}/{name}"), to);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            places(&items[0], &format!("{at}/0"), to);
        }
        _ => {}
    }
}

fn settings_of(bytes: &[u8]) -> Value {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    serde_json::from_str(&header.metadata().as_ref().unwrap()["settings"]).unwrap()
}

#[test]
fn other_settings_are_refused_or_of_use() {
    let others = json!([
        -1,
        0,
        1,
        2,
        7,
        1_000_000,
        1_000_000_000,
        u64::MAX,
        0.5,
        1.0,
        1.5,
        -0.5,
        1e300,
        null,
        true,
        "",
        "x",
        [],
        {}
    ]);
    for sample in samples() {
        let settings = settings_of(&sample.bytes);
        outcome(&sample, &altered(&sample.bytes, |_, _| ())).unwrap();
        let mut all = Vec::new();
        places(&settings, "", &mut all);
        for place in &all {
            for other in others.as_array().unwrap() {
                let bytes = altered(&sample.bytes, |settings, _| {
                    *settings.pointer_mut(place).unwrap() = other.clone();
                });
                let _ = outcome(&sample, &bytes);
            }
            let changed = |change: fn(&mut Value)| {
                altered(&sample.bytes, |settings, _| {
                    change(settings.pointer_mut(place).unwrap());
                })
            };
            match settings.pointer(place).unwrap() {
                Value::Object(_) => {
                    let more = changed(|fields| fields["more"] = 1.into());
                    outcome(&sample, &more).expect_err(place);
                }
                Value::Array(_) => {
                    let fewer = changed(|items| drop(items.as_array_mut().unwrap().pop()));
                    outcome(&sample, &fewer).expect_err(place);
                    let more = changed(|items| {
                        let first = items[0].clone();
                        items.as_array_mut().unwrap().push(first);
                    });
                    outcome(&sample, &more).expect_err(place);
                }
                _ => {}
            }
        }
    }
}

/// What made the program panic, abort or hang once.
#[test]
fn settings_without_sense_are_refused_with_their_names() {
    let network = [
        ("layers", json!(1_000_000), "--layers"),
        ("layers", json!(1_000_000_000), "--layers"),
        ("d_hidden", json!(1_000_000_000_000u64), "hidden units"),
        ("d_hidden", json!(8), "network.Gru"),
        ("dropout", json!(1), "dropout"),
        ("dropout", json!(-0.1), "dropout"),
        ("d_input", json!(9), "d_input"),
    ];
    for (name, value, expected) in network {
        refused(
            &reber_sample(),
            &format!("/network/{name}"),
            value,
            expected,
        );
    }
    let text = [
        ("/config/layers", json!(1_000_000), "--layers"),
        ("/config/d_embedding", json!(0), "--embedding"),
        ("/config/dropout", json!(1.5), "dropout"),
        ("/vocabulary", json!(""), "characters"),
        ("/vocabulary", json!("\nabcd"), "embedding.weight"),
        ("/seq_len", json!(0), "--seq-len"),
        ("/batch_size", json!(1_000_000_000_000u64), "--batch-size"),
    ];
    for (place, value, expected) in text {
        refused(&text_sample(), place, value, expected);
    }
    let sounds = [
        ("/features/log_mel/window", json!(1_000_000_000), "window"),
        ("/features/log_mel/window", json!(0), "window"),
        ("/features/log_mel/hop", json!(0), "hop"),
        ("/features/log_mel/bands", json!(1_000_000_000), "bands"),
        ("/features/log_mel/bands", json!(2), "scalers"),
        ("/features/scalers", json!([]), "scalers"),
        ("/hold_out_takes", json!(0), "--hold-out-takes"),
        ("/dropout", json!(1), "--output-dropout"),
    ];
    for (place, value, expected) in sounds {
        refused(&classify_sample(), place, value.clone(), expected);
        refused(&speak_sample(), place, value, expected);
    }
    refused(&speak_sample(), "/longest", json!(1_000_000_000), "frames");
    let forecast = [
        ("/config/series", json!(0), "scalers"),
        ("/config/series", json!(3), "scalers"),
        ("/config/window", json!(u64::MAX), "--window"),
        ("/config/horizon", json!(3), "bounds"),
        ("/config/segment", json!(3), "--segment"),
        ("/config/lags", json!(9), "--lags"),
        ("/config/time_features", json!(1), "time features"),
        ("/bands/low", json!([]), "lower bounds"),
        ("/season", json!(0), "--season"),
        ("/scalers", json!([]), "scalers"),
    ];
    for (place, value, expected) in forecast {
        refused(&forecast_sample(), place, value, expected);
    }
    let transduce = [
        ("/d_hidden", json!(1_000_000), "decoder's parameters"),
        ("/beam/width", json!(0), "--beam"),
        ("/beam/width", json!(1_000_000_000), "--beam"),
        ("/beam/length_power", json!(-1), "--length-power"),
        ("/limit", json!(1_000_000_000), "answer"),
        ("/forcing/last", json!(2), "--teacher-forcing"),
        ("/source/generated/examples", json!(u64::MAX), "--examples"),
    ];
    for (place, value, expected) in transduce {
        refused(&transduce_sample(), place, value, expected);
    }
    let problem = "/problem/copy/delay";
    refused(&memory_sample(), problem, json!(u64::MAX), "length");
    refused(&tag_sample(), "/dropout", json!(1), "dropout");
    refused(&tag_sample(), "/tags", json!([]), "d_output");
    refused(&music_sample(), "/dropout", json!(-1), "--output-dropout");
}

fn refused(sample: &Sample, place: &str, value: Value, expected: &str) {
    let bytes = altered(&sample.bytes, |settings, _| {
        *settings.pointer_mut(place).unwrap() = value.clone();
    });
    let message = outcome(sample, &bytes).expect_err(place);
    assert!(message.contains(expected), "{place} {value}: {message}");
}

#[test]
fn other_tensors_are_refused() {
    let sample = reber_sample();
    let refused = |expected: &str, change: &dyn Fn(&mut Tensors)| {
        let bytes = altered(&sample.bytes, |_, tensors| change(tensors));
        let message = outcome(&sample, &bytes).unwrap_err();
        assert!(message.contains(expected), "{message}");
    };
    const HEAD: &str = "head.linear.weight";
    refused("lacks head.linear.weight", &|tensors| {
        tensors.remove(HEAD);
    });
    refused("more.weight", &|tensors| {
        let more = tensors[HEAD].clone();
        tensors.insert("more.weight".to_owned(), more);
    });
    refused(HEAD, &|tensors| {
        tensors.get_mut(HEAD).unwrap().1.reverse();
    });
    refused(HEAD, &|tensors| {
        tensors.get_mut(HEAD).unwrap().1 = vec![28];
    });
    for value in [f32::NAN, f32::NEG_INFINITY] {
        refused(
            "head.linear.weight has values that are infinite or no numbers",
            &|tensors| {
                tensors.get_mut(HEAD).unwrap().2[..4].copy_from_slice(&value.to_le_bytes());
            },
        );
    }
    for (dtype, bytes) in [
        (Dtype::F16, 2),
        (Dtype::BF16, 2),
        (Dtype::F64, 8),
        (Dtype::I32, 4),
    ] {
        refused("expected F32", &|tensors| {
            let (of, _, data) = tensors.get_mut(HEAD).unwrap();
            (*of, *data) = (dtype, vec![0; 28 * bytes]);
        });
    }
}

#[test]
fn files_of_the_format_before_are_read() {
    let sample = reber_sample();
    let unsealed = |change: &dyn Fn(&mut Value)| {
        let bytes = altered(&sample.bytes, |settings, _| change(settings));
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let mut metadata = header.metadata().clone().unwrap();
        metadata.remove("seal");
        metadata.insert("format".to_owned(), WITHOUT_SEAL.to_owned());
        let read = SafeTensors::deserialize(&bytes).unwrap();
        safetensors::serialize(read.tensors(), Some(metadata)).unwrap()
    };
    outcome(&sample, &unsealed(&|_| ())).unwrap();
    let layers = unsealed(&|settings| settings["network"]["layers"] = 1_000_000_000.into());
    let message = outcome(&sample, &layers).unwrap_err();
    assert!(message.contains("--layers"), "{message}");
}
