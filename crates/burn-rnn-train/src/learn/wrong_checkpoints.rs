//! Checkpoints whose sum is right and whose content is not.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Bytes, Device, TensorData};
use burn_pack::{Reader, Scalar, Tensor, Writer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::alone;
use super::checkpoint_file::Stored;
use super::checkpoints::found;
use super::learning::Learning;
use super::schedule::{Schedule, ScheduleKind};
use crate::options::typed;
use crate::text::command::{DEFAULTS, train};
use crate::{Architecture, NetworkConfig, TrainError, one_line};

/// A training of 12 steps of which the checkpoint of step 10 is there, with a carried state.
fn run(folder: &Path, more: &[&str]) -> Result<(), TrainError> {
    let text = folder.join("text.txt");
    if !text.exists() {
        std::fs::write(
            &text,
            "to be, or not to be: that is the question.\n".repeat(40),
        )
        .unwrap();
    }
    let out = folder.join("out");
    let paths = [text.to_str().unwrap(), out.to_str().unwrap()];
    let words = "--plain --hidden 8 --layers 1 --embedding 4 --seq-len 10 --batch-size 4 --steps 12 \
                 --eval-every 5 --checkpoint-every 5";
    let words = words
        .split_whitespace()
        .chain(["--text", paths[0], "--out", paths[1]]);
    let words: Vec<&str> = words.chain(more.iter().copied()).collect();
    train(&typed(&words, DEFAULTS), "", "")
}

type Tensors = Vec<Tensor>;
type Scalars = BTreeMap<String, Scalar>;

/// Writes a record anew.
fn altered(part: &mut Bytes, alter: impl Fn(&mut Tensors, &mut Scalars)) {
    let reader = Reader::from_bytes(part.clone()).unwrap();
    let mut scalars = reader.scalars().clone();
    let mut tensors = reader.into_tensors().unwrap();
    alter(&mut tensors, &mut scalars);
    let mut writer = Writer::new(tensors);
    for (name, value) in scalars {
        writer = writer.with_scalar(&name, value);
    }
    *part = writer.into_bytes().unwrap();
}

/// The tensor as a row.
fn flat(tensor: &Tensor) -> Tensor {
    let (name, dtype, shape, id, bytes) = tensor.clone().into_parts().unwrap();
    Tensor::new(name, dtype, [shape.num_elements()], id, bytes)
}

/// Puts a number into the first tensor whose name ends so.
fn put(part: &mut Bytes, end: &str, number: f32) {
    altered(part, |tensors, _| {
        let mut named = tensors
            .iter_mut()
            .filter(|tensor| tensor.name.ends_with(end));
        let tensor = named.next().unwrap();
        let (name, dtype, shape, id, bytes) = tensor.clone().into_parts().unwrap();
        let mut bytes = bytes.to_vec();
        bytes[4..8].copy_from_slice(&number.to_le_bytes());
        *tensor = Tensor::new(name, dtype, shape, id, Bytes::from_bytes_vec(bytes));
    });
}

fn matrix(tensors: &mut Tensors) -> &mut Tensor {
    tensors
        .iter_mut()
        .find(|tensor| tensor.shape.len() == 2)
        .unwrap()
}

/// What is altered, and what the message has to say.
type Case = (fn(&mut Stored), &'static str);

const RECORDS: &[Case] = &[
    (
        |stored| altered(&mut stored.parts[0], |tensors, _| drop(tensors.pop())),
        "is missing, expected F32",
    ),
    (
        |stored| altered(&mut stored.parts[0], |tensors, _| tensors.clear()),
        "its model: ",
    ),
    (
        |stored| {
            altered(&mut stored.parts[0], |tensors, _| {
                let matrix = matrix(tensors);
                *matrix = flat(matrix);
            });
        },
        "is F32 [",
    ),
    (
        |stored| {
            altered(&mut stored.parts[0], |tensors, _| {
                let mut more = tensors[0].clone();
                more.name = "model.more".to_owned();
                tensors.push(more);
            });
        },
        "its model: model.more is there, expected nothing",
    ),
    (
        |stored| {
            altered(&mut stored.parts[0], |tensors, _| {
                tensors[0].param_id = None
            })
        },
        "is missing, expected one of its own",
    ),
    (
        |stored| {
            altered(&mut stored.parts[1], |tensors, _| {
                tensors.iter_mut().for_each(|tensor| tensor.param_id = None);
            });
        },
        "its optimizer: the parameter of ",
    ),
    (
        |stored| {
            altered(&mut stored.parts[1], |tensors, scalars| {
                tensors.clear();
                scalars.clear();
            });
        },
        "its optimizer: the number of parameters with moments is 0, expected ",
    ),
    (
        |stored| altered(&mut stored.parts[1], |tensors, _| drop(tensors.pop())),
        "is missing, expected F32",
    ),
    (
        |stored| {
            altered(&mut stored.parts[1], |tensors, _| {
                let matrix = matrix(tensors);
                *matrix = flat(matrix);
            });
        },
        "moment_1 is F32 [",
    ),
    (
        |stored| {
            altered(&mut stored.parts[1], |tensors, scalars| {
                let id = tensors[0].param_id;
                tensors.retain(|tensor| tensor.param_id != id);
                let prefix = format!("{}.", id.unwrap());
                scalars.retain(|name, _| !name.starts_with(&prefix));
            });
        },
        "the number of parameters with moments is ",
    ),
    (
        |stored| {
            altered(&mut stored.parts[1], |_, scalars| {
                let times = scalars
                    .iter_mut()
                    .filter(|(name, _)| name.ends_with(".time"));
                times.for_each(|(_, time)| *time = 0usize.into());
            });
        },
        "momentum.time is 0, expected 1 to 10",
    ),
    (
        |stored| {
            altered(&mut stored.parts[1], |_, scalars| {
                scalars.retain(|name, _| !name.ends_with("__rank"));
            });
        },
        "__rank is missing",
    ),
    (
        |stored| put(&mut stored.parts[0], "bias", f32::NAN),
        "bias is NaN, expected a finite one",
    ),
    (
        |stored| put(&mut stored.parts[1], "moment_1", f32::INFINITY),
        "moment_1 is inf, expected a finite one",
    ),
    (
        |stored| put(&mut stored.parts[1], "moment_2", -1.0),
        "moment_2 is -1, expected a finite one of at least 0",
    ),
    (
        |stored| altered(&mut stored.parts[2], |_, scalars| scalars.clear()),
        "its schedule: 0.made is missing, expected 10 to 10",
    ),
    (
        |stored| stored.parts[1] = Bytes::from_bytes_vec(b"nothing".to_vec()),
        "its optimizer: ",
    ),
];

const PLACES: &[Case] = &[
    (
        |stored| {
            let mut state = vec![0f32; 32];
            state[5] = f32::NAN;
            stored.carried.as_mut().unwrap()[1] = TensorData::new(state, [4, 8]);
        },
        "its carried state: a number of it is NaN, expected a finite one",
    ),
    (
        |stored| stored.carried = None,
        "its carried state: it is none, expected tensors of [[4, 8], [4, 8]]",
    ),
    (
        |stored| stored.carried.as_mut().unwrap().truncate(1),
        "it is tensors of [[4, 8]], expected tensors of [[4, 8], [4, 8]]",
    ),
    (
        |stored| {
            let narrow = TensorData::new(vec![0f32; 12], [4, 3]);
            stored.carried.as_mut().unwrap()[0] = narrow;
        },
        "it is tensors of [[4, 3], [4, 8]]",
    ),
    (
        |stored| {
            let state = TensorData::new(vec![0f32; 24], [3, 8]);
            stored.carried = Some(vec![state.clone(), state]);
        },
        "it is tensors of [[3, 8], [3, 8]]",
    ),
    (
        |stored| stored.carried.as_mut().unwrap()[0] = TensorData::new(Vec::<f32>::new(), [9, 0]),
        "it is tensors of [[9, 0], [4, 8]]",
    ),
    (
        |stored| stored.position.curve[0].scores.clear(),
        "its place: number of scores is 0, expected 1",
    ),
    (
        |stored| stored.position.best_scores.clear(),
        "its place: number of scores is 0, expected 1",
    ),
    (
        |stored| stored.position.curve.clear(),
        "its place: number of scores is 1, expected 0",
    ),
    (
        |stored| stored.position.batch = usize::MAX,
        "its place: batch is 18446744073709551615, expected below ",
    ),
    (
        |stored| stored.position.step = 0,
        "its place: step is 0, expected 1 to 12",
    ),
    (
        |stored| stored.position.step = 13,
        "its place: step is 13, expected 1 to 12",
    ),
    (
        |stored| stored.position.pass = 11,
        "its place: pass is 11, expected at most 10",
    ),
    (
        |stored| stored.position.since_best = usize::MAX,
        "evaluations without a better score",
    ),
];

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[]).unwrap();
    let kept = found(&folder.path().join("out"));
    assert_eq!(kept.len(), 2);
    std::fs::remove_file(&kept[0]).unwrap();
    let whole = std::fs::read(&kept[1]).unwrap();
    let settings = header(&whole)["settings"].as_str().unwrap().to_owned();
    let stored = || Stored::from_bytes(&whole, || settings.clone()).unwrap();
    assert_eq!(stored().position.step, 10);
    for (number, (alter, expected)) in RECORDS.iter().chain(PLACES).enumerate() {
        let mut stored = stored();
        alter(&mut stored);
        std::fs::write(&kept[1], stored.into_bytes(&settings)).unwrap();
        let message = one_line(&run(folder.path(), &["--resume"]).unwrap_err());
        let path = kept[1].to_str().unwrap();
        assert!(
            message.contains(expected) && message.contains(path),
            "case {number}: {message}, expected {expected}"
        );
    }
    // Lengths that are none.
    for (name, value) in [
        ("parts", "[18446744073709551615,1,1]"),
        ("carried", "[[4294967296,4294967296]]"),
        ("carried", "[[18446744073709551615,8]]"),
    ] {
        let mut header = header(&whole);
        header[name] = serde_json::from_str(value).unwrap();
        std::fs::write(&kept[1], with_header(&whole, &header)).unwrap();
        let message = one_line(&run(folder.path(), &["--resume"]).unwrap_err());
        assert!(message.contains("cut short"), "{message}");
    }
    std::fs::write(&kept[1], &whole).unwrap();
    run(folder.path(), &["--resume"]).unwrap();
}

fn header(file: &[u8]) -> serde_json::Value {
    serde_json::from_slice(&file[16..16 + header_length(file)]).unwrap()
}

fn header_length(file: &[u8]) -> usize {
    u64::from_le_bytes(file[8..16].try_into().unwrap()) as usize
}

/// The file with another header, sealed again.
fn with_header(file: &[u8], header: &serde_json::Value) -> Vec<u8> {
    let header = serde_json::to_vec(header).unwrap();
    let mut new = file[..8].to_vec();
    new.extend((header.len() as u64).to_le_bytes());
    new.extend(header);
    new.extend_from_slice(&file[16 + header_length(file)..file.len() - 32]);
    let sum = Sha256::digest(&new);
    new.extend_from_slice(&sum);
    new
}

/// Bytes altered at random, in records that are small enough for most of them to matter.
#[test]
fn no_altered_record_is_a_panic() {
    let device = Device::default().autodiff();
    let config = crate::text::CharModelConfig {
        d_embedding: 1,
        network: NetworkConfig {
            layers: 1,
            dropout: 0.0,
            ..NetworkConfig::new(Architecture::Gru, 0, 2)
        },
    };
    let model = config.init(3, &device).unwrap();
    let schedule = Schedule::new(ScheduleKind::Constant { rate: 1.0 }, 9);
    let optimizer = burn::optim::AdamWConfig::new().init();
    let mut learning = Learning::new(model, optimizer, schedule);
    let input = burn::tensor::Tensor::zeros([1, 2], &device);
    let loss = learning.model.forward(input, None).0.sum();
    let gradients = burn::optim::GradientsParams::from_grads(loss.backward(), &learning.model);
    let rate = learning.schedule.step();
    learning.model = learning
        .optimizer
        .step(rate, learning.model.clone(), gradients);
    learning.position.step = 1;
    assert!(
        learning
            .restored(learning.stored(None).unwrap(), None)
            .is_ok()
    );
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut refused = 0;
    for _ in 0..1500 {
        let mut stored = learning.stored(None).unwrap();
        let part = &mut stored.parts[rng.random_range(0..3)];
        let mut bytes = part.to_vec();
        for _ in 0..rng.random_range(1..4) {
            let place = rng.random_range(0..bytes.len());
            bytes[place] = rng.random();
        }
        *part = Bytes::from_bytes_vec(bytes);
        refused += usize::from(learning.restored(stored, None).is_err());
    }
    assert!(refused > 300, "{refused}");
}
