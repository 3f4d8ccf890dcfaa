//! Single nodes of ONNX: the published node tests, and every attribute and input of the three operators.
//!
//! The fixtures come from `tests/fixtures/make_weights_onnx.py`.

use std::path::PathBuf;

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_rnn::Lengths;
use burn_rnn::weights::{
    AnyNetwork, OnnxDirection, OnnxFile, OnnxInputs, OnnxNode, OnnxOutputs, WeightsErrorKind,
};

use crate::compare::{assert_close, values};
use crate::fixture::{self, Fixture};

/// A committed file.
pub fn fixture_path(name: &str) -> PathBuf {
    fixture::folder("weights/onnx").join(name)
}

pub fn open(name: &str) -> OnnxFile {
    OnnxFile::open(fixture_path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// All cases of a folder, and their models.
pub fn cases(folder: &str) -> impl Iterator<Item = (Fixture, OnnxFile)> {
    let fixtures = fixture::all(&format!("weights/onnx/{folder}")).into_iter();
    let folder = folder.to_string();
    fixtures.map(move |fixture| {
        let file = open(&format!("{folder}/{}.onnx", fixture.name));
        (fixture, file)
    })
}

/// Holds the outputs of a node against all those that a case expects.
fn check(fixture: &Fixture, outputs: &OnnxOutputs, device: &Device) {
    let name = &fixture.name;
    let mut compared = 0;
    if let Some(expected) = fixture.optional::<4>("expected.Y", device) {
        assert_close(&format!("{name}: Y"), &outputs.y, &expected, 1e-5);
        compared += 1;
    }
    for (output, actual) in [
        ("expected.Y_h", Some(&outputs.y_h)),
        ("expected.Y_c", outputs.y_c.as_ref()),
    ] {
        if let Some(expected) = fixture.optional::<3>(output, device) {
            let actual = actual.unwrap_or_else(|| panic!("{name}: no {output}"));
            assert_close(&format!("{name}: {output}"), actual, &expected, 1e-5);
            compared += 1;
        }
    }
    assert!(compared > 0, "{name}: nothing to compare");
}

/// In ONNX's own tests everything is an input of the graph. Parameters are given to the file, the others to the node.
#[test]
fn the_published_node_tests_pass() {
    let device = Device::flex();
    let mut count = 0;
    for (fixture, mut file) in cases("suite") {
        for name in ["W", "R", "B", "P"] {
            let data = match fixture.has(name) {
                false => continue,
                true if matches!(name, "W" | "R") => fixture.tensor::<3>(name, &device).into_data(),
                true => fixture.tensor::<2>(name, &device).into_data(),
            };
            file = file.with_input(name, data).unwrap();
        }
        let nodes = file.nodes().unwrap();
        let node = file
            .node(&nodes[0], &device)
            .unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
        let mut inputs = OnnxInputs {
            initial_h: fixture.optional::<3>("initial_h", &device),
            initial_c: fixture.optional::<3>("initial_c", &device),
            ..OnnxInputs::default()
        };
        if let Some(lengths) = fixture.optional::<1>("sequence_lens", &device) {
            let lengths = values(&lengths).into_iter().map(|length| length as usize);
            inputs = inputs.with_sequence_lens(Lengths::new(lengths));
        }
        check(
            &fixture,
            &node.forward(fixture.tensor("X", &device), inputs),
            &device,
        );
        count += 1;
    }
    assert_eq!(count, 18);
}

fn read_node(fixture: &Fixture, file: &OnnxFile, device: &Device) -> OnnxNode {
    file.node("node", device)
        .unwrap_or_else(|error| panic!("{}: {error}", fixture.name))
}

#[test]
fn every_attribute_and_input_gives_what_the_specification_says() {
    let device = Device::flex();
    let mut count = 0;
    for (fixture, file) in cases("nodes") {
        let node = read_node(&fixture, &file, &device);
        let outputs = node.forward(fixture.tensor("X", &device), OnnxInputs::default());
        check(&fixture, &outputs, &device);
        count += 1;
    }
    // Every attribute × operator that has it, and every activation.
    assert_eq!(count, 78);
}

/// The states that the caller gives are taken in the place of those of the file.
#[test]
fn given_states_and_lengths_come_before_the_files() {
    let device = Device::flex();
    let node = open("nodes/lstm_forward.onnx")
        .node("node", &device)
        .unwrap();
    assert!(node.initial_h.is_some() && node.initial_c.is_some());
    assert_eq!(node.sequence_lens, Some(Lengths::new([5, 3, 1])));
    let x = Tensor::ones([5, 3, 4], &device);
    let zeros = || Tensor::<3>::zeros([1, 3, 3], &device);
    let whole = OnnxInputs::default()
        .with_sequence_lens(Lengths::new([5, 5, 5]))
        .with_initial_h(zeros())
        .with_initial_c(zeros());
    let given = node.forward(x.clone(), whole);

    let mut alone = node.clone();
    (alone.initial_h, alone.initial_c, alone.sequence_lens) = (None, None, None);
    let plain = alone.forward(x.clone(), OnnxInputs::default());
    assert_close("Y", &given.y, &plain.y, 0.0);
    assert_close("Y_c", &given.y_c.unwrap(), &plain.y_c.unwrap(), 0.0);

    // It is the network, run with the time first.
    let lstm = open("nodes/lstm_forward.onnx")
        .lstm("node", &device)
        .unwrap();
    assert!(!lstm.batch_first);
    let (output, _) = lstm.forward(x, None);
    assert_close("output", &output, &plain.y.squeeze_dim(1), 0.0);
}

#[test]
fn a_node_that_runs_against_time_is_a_node_and_no_network() {
    let device = Device::flex();
    let file = open("nodes/gru_reverse.onnx");
    assert_eq!(
        file.node("node", &device).unwrap().direction,
        OnnxDirection::Reverse
    );
    for error in [
        file.gru("node", &device).unwrap_err(),
        file.import(&device).unwrap_err(),
    ] {
        assert!(error.to_string().contains("against time"), "{error}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let device = Device::flex();
    let file = open("nodes/gru_forward.onnx");
    let error = file.lstm("node", &device).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`node` is a GRU, expected an LSTM"),
        "{error}"
    );
    let error = file.gru("encoder", &device).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no recurrent network at `encoder`; there is `node`"),
        "{error}"
    );
    let error = file.tensor::<2>("W", &device).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Rank { expected: 2, given, .. } if given == &[1, 9, 4]),
        "{error}"
    );
    let error = file.tensor::<3>("V", &device).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Missing { tensor, .. } if tensor == "V"),
        "{error}"
    );
    let error = file.tensor::<3>("X", &device).unwrap_err();
    assert!(error.to_string().contains("is no constant"), "{error}");
    let numbers = TensorData::new(vec![1.0_f32], [1]);
    let error = file.with_input("Z", numbers).unwrap_err();
    assert!(error.to_string().contains("there is `X`"), "{error}");
}

/// A value that does not fit the other inputs, and what the message has to say.
#[test]
fn parameters_are_checked_against_each_other() {
    let device = Device::flex();
    let suite = || open("suite/test_lstm_with_peepholes.onnx");
    // Three units, three features (see the fixture); gates are four blocks.
    let zeros = |shape: &[usize]| {
        let count = shape.iter().product();
        TensorData::new(vec![0.0_f32; count], shape)
    };
    let good: [(&str, &[usize]); 4] = [
        ("W", &[1, 12, 4]),
        ("R", &[1, 12, 3]),
        ("B", &[1, 24]),
        ("P", &[1, 9]),
    ];
    let read = |given: &[(&str, TensorData)]| {
        let mut file = suite();
        for (name, data) in given {
            file = file.with_input(name, data.clone()).unwrap();
        }
        let nodes = file.nodes().unwrap();
        file.node(&nodes[0], &device)
    };
    let all = || good.map(|(name, shape)| (name, zeros(shape))).to_vec();
    read(&all()).unwrap();
    for (name, shape) in [
        ("W", &[2, 12, 4][..]),
        ("W", &[1, 9, 4]),
        ("R", &[1, 12, 4]),
        ("R", &[1, 16, 4]),
        ("B", &[1, 12]),
        ("B", &[1, 25]),
        ("P", &[1, 12]),
    ] {
        let mut given = all();
        given.iter_mut().find(|one| one.0 == name).unwrap().1 = zeros(shape);
        let error = read(&given).unwrap_err();
        let WeightsErrorKind::Shape { tensor, given, .. } = error.kind() else {
            panic!("{name} {shape:?}: {error}");
        };
        assert_eq!((tensor.as_str(), given.as_slice()), (name, shape));
    }
    let mut given = all();
    given[0].1 = TensorData::new(vec![0_i64; 48], [1, 12, 4]);
    let error = read(&given).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Element { tensor, .. } if tensor == "W"),
        "{error}"
    );
    given.remove(0);
    let error = read(&given).unwrap_err();
    assert!(error.to_string().contains("`W`, which the LSTM"), "{error}");
}

#[test]
fn a_layout_of_1_has_the_batch_first() {
    let device = Device::flex();
    let x = Tensor::<3>::ones([5, 3, 4], &device);
    let node = open("nodes/lstm_everything.onnx")
        .node("node", &device)
        .unwrap();
    assert!(node.batch_first);
    let AnyNetwork::Lstm(lstm) = &node.network else {
        panic!("it is an LSTM");
    };
    assert_eq!(
        lstm.stack.layers[0].forward.w_input.val().dtype(),
        DType::F32
    );
    let shapes = node.forward(x.swap_dims(0, 1), OnnxInputs::default());
    assert_eq!(shapes.y.dims(), [3, 5, 2, 3]);
    assert_eq!(shapes.y_h.dims(), [3, 2, 3]);
    assert_eq!(node.sequence_lens, Some(Lengths::new([5, 3, 1])));
}
