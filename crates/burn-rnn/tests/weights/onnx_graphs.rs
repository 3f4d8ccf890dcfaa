//! Whole graphs of ONNX: parameters behind other operators, layers as exporters wire them, other floats, data in another file.

use burn::tensor::{DType, Device, Tensor};
use burn_rnn::weights::{AnyNetwork, ElementType, OnnxFile, OnnxInputs, WeightsErrorKind};

use crate::compare::{assert_close, values};
use crate::fixture::Fixture;
use crate::onnx::{cases, fixture_path, open};

fn of(what: &str) -> Vec<(Fixture, OnnxFile)> {
    let found: Vec<_> = cases("graphs")
        .filter(|(fixture, _)| fixture.setting("of") == what)
        .collect();
    assert!(!found.is_empty(), "no cases of {what}");
    found
}

/// The same LSTM in each file, whatever stands before its parameters.
#[test]
fn parameters_are_found_behind_other_operators() {
    let device = Device::flex();
    let plain = open("graphs/float32_raw.onnx")
        .lstm("node", &device)
        .unwrap();
    let bits = |lstm: &burn_rnn::Lstm| {
        let cell = &lstm.stack.layers[0].forward;
        let matrices = [&cell.w_input, &cell.w_hidden].map(|matrix| values(&matrix.val()));
        let biases = [&cell.bias, &cell.bias_hidden].map(|b| values(&b.as_ref().unwrap().val()));
        let bits = |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect();
        matrices
            .into_iter()
            .chain(biases)
            .map(bits)
            .collect::<Vec<Vec<u32>>>()
    };
    let mut count = 0;
    for (fixture, file) in of("folded") {
        let name = &fixture.name;
        let lstm = file
            .lstm("node", &device)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bits(&lstm), bits(&plain), "{name}");
        let node = file.node("node", &device).unwrap();
        let outputs = node.forward(fixture.tensor("X", &device), OnnxInputs::default());
        let expected = fixture.tensor("expected.output", &device);
        assert_close(name, &outputs.y_h, &expected, 1e-5);
        count += 1;
    }
    assert_eq!(count, 5);
}

#[test]
fn other_floats_are_read_from_either_field() {
    let device = Device::flex();
    let mut count = 0;
    for (fixture, file) in of("types") {
        let name = &fixture.name;
        let import = file
            .import(&device)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let element = match fixture.setting("type") {
            "float32" => ElementType::F32,
            "float64" => ElementType::F64,
            "float16" => ElementType::F16,
            "bfloat16" => ElementType::BF16,
            other => panic!("{other}"),
        };
        assert_eq!(import.mapped.len(), 4);
        assert!(import.mapped.iter().all(|tensor| tensor.element == element));
        let node = file.node("node", &device).unwrap();
        let outputs = node.forward(fixture.tensor("X", &device), OnnxInputs::default());
        let expected = fixture.tensor("expected.output", &device);
        assert_close(name, &outputs.y_h, &expected, 1e-5);
        count += 1;
    }
    assert_eq!(count, 8);
}

/// One network of several layers, which gives what ONNX Runtime gives.
#[test]
fn what_pytorch_exports_is_one_network() {
    let device = Device::flex();
    let mut count = 0;
    for (fixture, file) in of("exported") {
        let name = &fixture.name;
        let names = file
            .networks()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let [node] = names.as_slice() else {
            panic!("{name}: {names:?}");
        };
        let network: AnyNetwork = match fixture.setting("kind") {
            "lstm" => file.lstm(node, &device).unwrap().into(),
            "gru" => file.gru(node, &device).unwrap().into(),
            "rnn" => file.simple_rnn(node, &device).unwrap().into(),
            other => panic!("{other}"),
        };
        assert_eq!(network.layers(), fixture.number("layers"), "{name}");
        assert_eq!(network.is_bidirectional(), fixture.flag("two"), "{name}");
        let x: Tensor<3> = fixture.tensor("X", &device);
        // The exporter swaps batch and time before and after.
        let swap = |x: Tensor<3>| match fixture.flag("batch_first") {
            true => x.swap_dims(0, 1),
            false => x,
        };
        let output = swap(network.forward(swap(x), burn_rnn::Sequences::default()));
        let expected = fixture.tensor("expected.output", &device);
        assert_close(name, &output, &expected, 1e-5);
        count += 1;
    }
    assert_eq!(count, 15);
}

/// `name:layers` of each network that the wiring makes.
#[test]
fn layers_are_one_network_where_nothing_else_is_between() {
    let device = Device::flex();
    let mut count = 0;
    for (fixture, file) in of("wired") {
        let name = &fixture.name;
        let import = file
            .import(&device)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let networks = import.networks.iter();
        let networks = networks.map(|n| format!("{}:{}", n.name, n.network.layers()));
        let networks: Vec<String> = networks.collect();
        assert_eq!(networks.join(" "), fixture.setting("networks"), "{name}");
        assert_eq!(
            import
                .mapped
                .iter()
                .map(|t| &t.network)
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            networks.len()
        );
        let left = import.unmapped.iter().map(|tensor| tensor.name.as_str());
        let left = left.collect::<Vec<_>>().join(" ");
        let expected = match fixture.has_setting("left") {
            true => fixture.setting("left"),
            false => "",
        };
        assert_eq!(left, expected, "{name}");
        if let [only] = import.networks.as_slice() {
            let output = only
                .network
                .forward(fixture.tensor("X", &device), burn_rnn::Sequences::default());
            let expected = fixture.tensor("expected.output", &device);
            assert_close(name, &output, &expected, 1e-5);
        }
        count += 1;
    }
    assert_eq!(count, 8);
}

#[test]
fn what_was_mapped_and_what_was_left_is_told() {
    let device = Device::flex();
    let import = open("graphs/skip.onnx").import(&device).unwrap();
    let first = &import.mapped[0];
    assert_eq!(
        (
            first.tensor.as_str(),
            first.network.as_str(),
            first.parameter.as_str()
        ),
        ("W0[0]", "gru0", "stack.layers.0.forward.w_input")
    );
    assert_eq!(
        (&first.shape[..], &first.parameter_shape[..]),
        (&[9, 4][..], &[4, 9][..])
    );
    // Two networks of two directions with four parameters each.
    assert_eq!(import.mapped.len(), 2 * 2 * 4);

    assert!(import.unmapped.is_empty());

    // Initial states that are no zeros are left over, and so are lengths.
    let import = open("nodes/lstm_forward.onnx").import(&device).unwrap();
    let left: Vec<&str> = import.unmapped.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(left, ["sequence_lens", "initial_h", "initial_c"]);
    assert_eq!(
        (&import.unmapped[0].shape[..], &import.unmapped[0].element),
        (&[3][..], &ElementType::Other("INT32".into()))
    );
}

#[test]
fn constants_are_read_by_name() {
    let device = Device::flex();
    let file = open("graphs/operators.onnx");
    let names = file.initializers().unwrap();
    assert!(names.contains(&"b_wide".to_string()), "{names:?}");
    let b: Tensor<2> = file.tensor("b_wide", &device).unwrap();
    assert_eq!((b.dims(), b.dtype()), ([1, 24], DType::F32));
    // What operators make of constants is one, too.
    let w: Tensor<3> = file.tensor("W", &device).unwrap();
    let plain: Tensor<3> = open("graphs/float32_raw.onnx")
        .tensor("W", &device)
        .unwrap();
    assert_close("W", &w, &plain, 0.0);
}

/// Data beside the model is read, and nothing else is.
#[test]
fn no_other_file_is_opened() {
    let device = Device::flex();
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("model");
    std::fs::create_dir(&inside).unwrap();
    let bytes = std::fs::read(fixture_path("graphs/external.onnx")).unwrap();
    let data = std::fs::read(fixture_path("graphs/external.data")).unwrap();
    let path = inside.join("external.onnx");
    std::fs::write(&path, &bytes).unwrap();
    let read = || OnnxFile::open(&path).unwrap().lstm("node", &device);

    let error = read().unwrap_err();
    assert!(matches!(error.kind(), WeightsErrorKind::Read(_)), "{error}");
    assert!(error.to_string().contains("external.data"), "{error}");

    std::fs::write(inside.join("external.data"), &data).unwrap();
    read().unwrap();
    std::fs::write(inside.join("external.data"), &data[..data.len() - 1]).unwrap();
    let error = read().unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Bytes { .. }),
        "{error}"
    );

    // Of the same length, so that the messages around stay what they are.
    std::fs::write(folder.path().join("ernal.data"), &data).unwrap();
    let absolute = folder.path().join("ernal.data");
    for location in [
        "../ernal.data",
        "./../l.data",
        "..\\ernal.data",
        "/etc/hostname",
    ] {
        let location = format!("{location:\0<13}").replace('\0', "x");
        assert_eq!(location.len(), "external.data".len());
        replace(&path, &bytes, location.as_bytes());
        let error = read().unwrap_err();
        assert!(
            error.to_string().contains("no path within the folder"),
            "{location}: {error}"
        );
    }
    std::fs::write(&path, &bytes).unwrap();
    #[cfg(unix)]
    {
        std::fs::remove_file(inside.join("external.data")).unwrap();
        std::os::unix::fs::symlink(&absolute, inside.join("external.data")).unwrap();
        let error = read().unwrap_err();
        assert!(
            error.to_string().contains("a link out of the folder"),
            "{error}"
        );
    }
    let error = OnnxFile::from_bytes(bytes)
        .unwrap()
        .lstm("node", &device)
        .unwrap_err();
    assert!(
        error.to_string().contains("not opened from a file"),
        "{error}"
    );
}

/// Writes the model with another location.
fn replace(path: &std::path::Path, bytes: &[u8], location: &[u8]) {
    let old = b"external.data";
    let mut bytes = bytes.to_vec();
    let mut found = 0;
    for at in 0..bytes.len() - old.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + old.len()].copy_from_slice(location);
            found += 1;
        }
    }
    assert_eq!(found, 3);
    std::fs::write(path, bytes).unwrap();
}
