//! PyTorch's files: the formats, what is beside the networks, what is refused.

use std::path::PathBuf;

use burn::nn::LinearConfig;
use burn::tensor::{DType, Device, Tensor};
use burn_rnn::weights::{
    AnyNetwork, ElementType, PytorchFile, PytorchWriter, WeightsError, WeightsErrorKind,
};
use burn_rnn::{
    Activation, Coupling, Gru, GruConfig, Lstm, LstmConfig, Merge, PeepholeKind, Reset, Sequences,
    SimpleRnnConfig,
};

use crate::compare::{assert_close, values};
use crate::fixture;

/// A committed file.
pub fn fixture_path(name: &str) -> PathBuf {
    fixture::folder("weights/pytorch").join(name)
}

fn open(name: &str) -> PytorchFile {
    PytorchFile::open(fixture_path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn bits<const D: usize>(tensor: Tensor<D>) -> Vec<u32> {
    values(&tensor).into_iter().map(f32::to_bits).collect()
}

/// All bits of an LSTM's parameters.
fn lstm_bits(lstm: &Lstm) -> Vec<Vec<u32>> {
    let cell_bits = |cell: &burn_rnn::LstmCell| {
        let biases = [&cell.bias, &cell.bias_hidden];
        let biases = biases.map(|bias| bits(bias.as_ref().unwrap().val()));
        let weights = [&cell.w_input, &cell.w_hidden].map(|weight| bits(weight.val()));
        [weights, biases].concat()
    };
    lstm.cells().flat_map(cell_bits).collect()
}

#[test]
fn the_same_network_is_read_from_every_format() {
    let device = Device::flex();
    let expected = open("all.pt").lstm("lstm_l2_two_bias", &device).unwrap();
    let expected = lstm_bits(&expected);
    for (name, prefix) in [
        ("legacy_protocol_2.pt", ""),
        ("legacy_protocol_4.pt", ""),
        ("protocol_4.pt", ""),
        ("lstm.safetensors", ""),
        ("whole_module.pt", ""),
        ("state_dict.pt", "rnn"),
        ("model_state_dict.pt", "rnn."),
    ] {
        let lstm = open(name).lstm(prefix, &device).unwrap();
        assert_eq!(lstm_bits(&lstm), expected, "{name}");
    }
}

#[test]
fn views_of_larger_storages_are_read_as_what_they_show() {
    let device = Device::flex();
    let plain = open("all.pt").gru("gru_l1_one_bias", &device).unwrap();
    let views = open("views.pt").gru("", &device).unwrap();
    for (plain, views) in plain.cells().zip(views.cells()) {
        assert_eq!(bits(plain.w_input.val()), bits(views.w_input.val()));
        let hidden = |cell: &burn_rnn::GruCell| bits(cell.bias_hidden.as_ref().unwrap().val());
        assert_eq!(hidden(plain), hidden(views));
    }
}

#[test]
fn other_floats_are_read_into_the_float_type_of_the_device() {
    let device = Device::flex();
    let full = open("all.pt").gru("gru_l1_one_bias", &device).unwrap();
    let weights = |gru: &Gru| gru.stack.layers[0].forward.w_input.val();
    for (name, element, tolerance) in [
        ("float16", ElementType::F16, 1e-3),
        ("bfloat16", ElementType::BF16, 1e-2),
        ("float64", ElementType::F64, 0.0),
    ] {
        for ending in ["pt", "safetensors"] {
            let file = open(&format!("gru_{name}.{ending}"));
            let gru = file.gru("", &device).unwrap();
            assert_eq!(weights(&gru).dtype(), DType::F32);
            assert_close(name, &weights(&gru), &weights(&full), tolerance);
            let import = file.import(Activation::Tanh, &device).unwrap();
            assert!(import.mapped.iter().all(|tensor| tensor.element == element));
        }
    }
}

#[test]
fn what_is_beside_the_networks_is_read_by_name() {
    let device = Device::flex();
    let file = open("state_dict.pt");
    // The optimizer's state is no part of the model.
    let names: Vec<&str> = file
        .names()
        .filter(|name| !name.starts_with("rnn."))
        .collect();
    assert_eq!(names, ["emb.weight", "fc.bias", "fc.weight"]);
    assert_eq!(file.networks().collect::<Vec<_>>(), ["rnn"]);

    let linear = file.linear("fc", &device).unwrap();
    let weight: Tensor<2> = file.tensor("fc.weight", &device).unwrap();
    assert_eq!(linear.weight.dims(), [8, 2]);
    assert_eq!(bits(linear.weight.val()), bits(weight.transpose()));
    assert_eq!(linear.bias.unwrap().dims(), [2]);
    assert_eq!(
        file.embedding("emb", &device).unwrap().weight.dims(),
        [5, 3]
    );

    let import = file.import(Activation::Tanh, &device).unwrap();
    let left: Vec<_> = import
        .unmapped
        .iter()
        .map(|t| (t.name.as_str(), t.shape.as_slice()))
        .collect();
    let expected: [(&str, &[usize]); 3] = [
        ("emb.weight", &[5, 3]),
        ("fc.bias", &[2]),
        ("fc.weight", &[2, 8]),
    ];
    assert_eq!(left, expected);
    assert_eq!(import.mapped.len(), 2 * 2 * 4);
    let first = &import.mapped[0];
    assert_eq!(first.tensor, "rnn.weight_ih_l0");
    assert_eq!(
        (&first.shape[..], &first.parameter_shape[..]),
        (&[16, 3][..], &[3, 16][..])
    );
    assert_eq!(
        (first.network.as_str(), first.parameter.as_str()),
        ("rnn", "stack.layers.0.forward.w_input")
    );
}

/// The message names what was asked for, the shape given and the one expected.
#[test]
fn what_does_not_fit_is_named() {
    let device = Device::flex();
    let file = open("all.pt");
    let message = |error: WeightsError| error.to_string();

    let error = message(file.lstm("encoder", &device).unwrap_err());
    assert!(
        error.contains("no recurrent network at `encoder`; there is `cell_gru_bias`"),
        "{error}"
    );
    assert!(error.contains("all.pt: "), "{error}");

    let error = message(file.lstm("gru_l1_one_bias", &device).unwrap_err());
    assert!(
        error.contains("`gru_l1_one_bias` is a GRU, expected an LSTM"),
        "{error}"
    );

    let error = file
        .tensor::<3>("gru_l1_one_bias.weight_ih_l0", &device)
        .unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Rank { expected: 3, given, .. } if *given == [12, 3]),
        "{error}"
    );

    let error = message(
        file.tensor::<2>("gru_l1_one_bias.weight_ih_l9", &device)
            .unwrap_err(),
    );
    assert!(
        error.contains("no tensor `gru_l1_one_bias.weight_ih_l9`"),
        "{error}"
    );
}

/// A state dict with tensors of these shapes, all zeros.
fn write(tensors: &[(&str, &[usize])]) -> (tempfile::TempDir, PathBuf) {
    let device = Device::flex();
    let mut writer = PytorchWriter::new();
    for (name, shape) in tensors {
        writer = match **shape {
            [a] => writer.tensor(name, Tensor::<1>::zeros([a], &device)),
            [a, b] => writer.tensor(name, Tensor::<2>::zeros([a, b], &device)),
            [a, b, c] => writer.tensor(name, Tensor::<3>::zeros([a, b, c], &device)),
            _ => panic!("{name}: {shape:?}"),
        }
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.safetensors");
    writer.save(&path).unwrap();
    (folder, path)
}

#[test]
fn shapes_are_checked_against_each_other() {
    type Tensors<'a> = &'a [(&'a str, &'a [usize])];
    let cases: [(Tensors, &str, &[usize], &[usize]); 9] = [
        (
            &[("weight_ih_l0", &[16, 3]), ("weight_hh_l0", &[20, 4])],
            "weight_hh_l0",
            &[20, 4],
            &[16, 4],
        ),
        (
            &[("weight_ih_l0", &[12, 3]), ("weight_hh_l0", &[16, 4])],
            "weight_ih_l0",
            &[12, 3],
            &[16, 3],
        ),
        (
            &[
                ("weight_ih_l0", &[12, 3]),
                ("weight_hh_l0", &[12, 4]),
                ("bias_ih_l0", &[16]),
                ("bias_hh_l0", &[12]),
            ],
            "bias_ih_l0",
            &[16],
            &[12],
        ),
        (
            &[
                ("weight_ih_l0", &[12, 3]),
                ("weight_hh_l0", &[12, 4]),
                ("bias_ih_l0", &[12]),
                ("bias_hh_l0", &[4]),
            ],
            "bias_hh_l0",
            &[4],
            &[12],
        ),
        (
            &[
                ("weight_ih_l0", &[16, 3]),
                ("weight_hh_l0", &[16, 2]),
                ("weight_hr_l0", &[3, 4]),
            ],
            "weight_hh_l0",
            &[16, 2],
            &[16, 3],
        ),
        (
            &[
                ("weight_ih_l0", &[16, 3]),
                ("weight_hh_l0", &[16, 2]),
                ("weight_hr_l0", &[2, 5]),
            ],
            "weight_hh_l0",
            &[16, 2],
            &[20, 2],
        ),
        (
            &[
                ("weight_ih_l0", &[4, 3]),
                ("weight_hh_l0", &[4, 4]),
                ("weight_ih_l1", &[4, 3]),
                ("weight_hh_l1", &[4, 4]),
            ],
            "weight_ih_l1",
            &[4, 3],
            &[4, 4],
        ),
        (
            &[
                ("weight_ih_l0", &[4, 3]),
                ("weight_hh_l0", &[4, 4]),
                ("weight_ih_l0_reverse", &[4, 2]),
                ("weight_hh_l0_reverse", &[4, 4]),
            ],
            "weight_ih_l0_reverse",
            &[4, 2],
            &[4, 3],
        ),
        (
            &[("weight_ih", &[8, 3]), ("weight_hh", &[8, 4])],
            "weight_hh",
            &[8, 4],
            &[16, 4],
        ),
    ];
    for (tensors, name, shape, wanted) in cases {
        let (_folder, path) = write(tensors);
        let file = PytorchFile::open(&path).unwrap();
        let error = file.import(Activation::Tanh, &Device::flex()).unwrap_err();
        let WeightsErrorKind::Shape {
            tensor,
            given,
            expected,
            ..
        } = error.kind()
        else {
            panic!("{tensors:?}: {error}");
        };
        assert_eq!(
            (tensor.as_str(), given.as_slice(), expected.as_slice()),
            (name, shape, wanted)
        );
    }
}

#[test]
fn tensors_that_are_missing_are_named() {
    let weights: [(&str, &[usize]); 2] = [("weight_ih_l0", &[4, 3]), ("weight_hh_l0", &[4, 4])];
    type Tensors<'a> = &'a [(&'a str, &'a [usize])];
    let cases: [(Tensors<'_>, &str); 5] = [
        (&weights[..1], "weight_hh_l0"),
        (
            &[weights[0], weights[1], ("bias_ih_l0", &[4])],
            "bias_hh_l0",
        ),
        (
            &[weights[0], weights[1], ("weight_ih_l2", &[4, 4])],
            "weight_ih_l1",
        ),
        (
            &[weights[0], weights[1], ("weight_ih_l0_reverse", &[4, 3])],
            "weight_hh_l0_reverse",
        ),
        (
            &[weights[0], weights[1], ("weight_ih_l4294967295", &[4, 4])],
            "weight_ih_l1",
        ),
    ];
    for (tensors, name) in cases {
        let (_folder, path) = write(tensors);
        let file = PytorchFile::open(&path).unwrap();
        let error = file.import(Activation::Tanh, &Device::flex()).unwrap_err();
        let named =
            matches!(error.kind(), WeightsErrorKind::Missing { tensor, .. } if tensor == name);
        assert!(named, "{tensors:?}: {error}");
    }
}

#[test]
fn a_file_without_recurrent_networks_says_so() {
    let (_folder, path) = write(&[("fc.weight", &[4, 3])]);
    let file = PytorchFile::open(&path).unwrap();
    let error = file.import(Activation::Tanh, &Device::flex()).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Nothing { .. }),
        "{error}"
    );
}

#[test]
fn networks_of_one_bias_go_out_with_a_second_of_zeros() {
    let device = Device::flex();
    let input = Tensor::random([2, 5, 3], burn::tensor::Distribution::Default, &device);
    let simple = SimpleRnnConfig::new(3, 4).with_activation(Activation::Relu);
    let networks = [
        (
            "simple",
            AnyNetwork::from(simple.with_layers(2).init(&device)),
        ),
        (
            "lstm",
            LstmConfig::new(3, 4)
                .with_bidirectional(true)
                .init(&device)
                .into(),
        ),
        (
            "projected",
            LstmConfig::new(3, 4)
                .with_projection(2)
                .with_layers(2)
                .init(&device)
                .into(),
        ),
        (
            "gru",
            GruConfig::new(3, 4).with_layers(2).init(&device).into(),
        ),
    ];
    let mut writer = PytorchWriter::new();
    for (name, network) in &networks {
        writer = writer.network(name, network.clone()).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours.safetensors");
    writer.save(&path).unwrap();
    let file = PytorchFile::open(&path).unwrap();
    let import = file.import(Activation::Relu, &device).unwrap();
    assert_eq!(import.networks.len(), networks.len());
    for read in &import.networks {
        let (_, network) = networks
            .iter()
            .find(|(name, _)| *name == read.name)
            .unwrap();
        let expected = network.forward(input.clone(), Sequences::default());
        assert_close(
            &read.name,
            &read.network.forward(input.clone(), Sequences::default()),
            &expected,
            1e-6,
        );
    }
}

#[test]
fn what_pytorch_has_no_module_for_is_refused_with_the_reason() {
    let device = Device::flex();
    let lstm = || LstmConfig::new(4, 4);
    let gru = || GruConfig::new(4, 4);
    let two = || lstm().with_bidirectional(true);
    let cases: [(AnyNetwork, &str); 15] = [
        (
            lstm()
                .with_peephole(PeepholeKind::Diagonal)
                .init(&device)
                .into(),
            "peepholes",
        ),
        (
            lstm()
                .with_peephole(PeepholeKind::Full)
                .init(&device)
                .into(),
            "full peepholes",
        ),
        (
            lstm().with_layer_norm(true).init(&device).into(),
            "layer normalisation",
        ),
        (
            lstm()
                .with_coupling(Coupling::ForgetFromInput)
                .init(&device)
                .into(),
            "coupled gates",
        ),
        (
            lstm().with_full_gate_recurrence(true).init(&device).into(),
            "full gate recurrence",
        ),
        (
            lstm().with_output_gate(false).init(&device).into(),
            "switched off",
        ),
        (
            lstm()
                .with_gate_activation(Activation::HARD_SIGMOID)
                .init(&device)
                .into(),
            "other activations",
        ),
        (lstm().with_clip(1.0).init(&device).into(), "clip of 1"),
        (
            lstm()
                .with_layers(2)
                .with_residual(true)
                .init(&device)
                .into(),
            "residual",
        ),
        (
            lstm().with_learned_state(true).init(&device).into(),
            "learned state",
        ),
        (
            lstm().with_zoneout(0.1, 0.1).init(&device).into(),
            "zoneout",
        ),
        (
            lstm().with_layer_sizes([4, 5]).init(&device).into(),
            "all alike",
        ),
        (
            two().with_merge(Merge::Sum).init(&device).into(),
            "merged by Sum",
        ),
        (
            gru().with_reset(Reset::BeforeProduct).init(&device).into(),
            "before the product",
        ),
        (
            SimpleRnnConfig::new(3, 4)
                .with_activation(Activation::Softsign)
                .init(&device)
                .into(),
            "Softsign",
        ),
    ];
    for (network, reason) in cases {
        let error = PytorchWriter::new().network("rnn", network).unwrap_err();
        let held = matches!(error.kind(), WeightsErrorKind::CannotHold { network, .. } if network == "rnn");
        assert!(held && error.to_string().contains(reason), "{error}");
    }
    for network in [lstm().with_layers(2), two(), lstm().with_projection(2)] {
        let network = network.init(&device);
        let error = PytorchWriter::new().cell("cell", network).unwrap_err();
        assert!(
            matches!(error.kind(), WeightsErrorKind::CannotHold { .. }),
            "{error}"
        );
    }
    let twice = PytorchWriter::new()
        .network("rnn", gru().init(&device))
        .unwrap();
    let error = twice.network("rnn", gru().init(&device)).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Taken { .. }),
        "{error}"
    );
}

#[test]
fn a_file_that_cannot_be_written_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken.safetensors");
    std::fs::create_dir_all(path.join("inside")).unwrap();
    let linear = LinearConfig::new(2, 2).init(&Device::flex());
    let writer = PytorchWriter::new().linear("fc", &linear).unwrap();
    let error = writer.save(&path).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Write(_)),
        "{error}"
    );
    assert_eq!(error.path(), Some(path.as_path()));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn what_is_read_can_be_trained() {
    let device = Device::flex().autodiff();
    let lstm = open("lstm.safetensors").lstm("", &device).unwrap();
    let (output, _) = lstm.forward(Tensor::ones([2, 3, 3], &device), None);
    let gradients = output.mean().backward();
    assert!(
        lstm.cells()
            .all(|cell| cell.w_hidden.val().grad(&gradients).is_some())
    );
}
