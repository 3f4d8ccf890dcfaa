//! Keras' files: every recurrent layer gives Keras' outputs, from every format.
//!
//! The fixtures come from `tests/fixtures/make_weights_keras.py`.

use std::path::PathBuf;

use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use burn_rnn::weights::{AnyNetwork, ElementType, KerasFile, WeightsError, WeightsErrorKind};
use burn_rnn::{Activation, Merge, Reset, Sequences};

use crate::compare::{assert_close, values};
use crate::fixture::{self, Fixture};

/// A committed file.
pub fn fixture_path(name: &str) -> PathBuf {
    fixture::folder("weights/keras").join(name)
}

pub fn open(name: &str) -> KerasFile {
    KerasFile::open(fixture_path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The numbers that belong to a file.
pub fn answers(name: &str) -> Fixture {
    let name = format!("{name}.answers");
    let mut files = fixture::all("weights/keras").into_iter();
    files.find(|file| file.name == name).unwrap()
}

/// The network of a layer, of whatever kind.
pub fn any(file: &KerasFile, layer: &str, device: &Device) -> Result<AnyNetwork, WeightsError> {
    let lstm = file.lstm(layer, device).map(AnyNetwork::from);
    lstm.or_else(|_| file.gru(layer, device).map(AnyNetwork::from))
        .or_else(|_| file.simple_rnn(layer, device).map(AnyNetwork::from))
}

fn last_step(outputs: Tensor<3>) -> Tensor<2> {
    let [_, time, _] = outputs.dims();
    outputs.narrow(1, time - 1, 1).squeeze_dim(1)
}

#[test]
fn every_layer_gives_the_outputs_of_keras() {
    let device = Device::flex();
    let (file, answers) = (open("all.keras").with_reversed_inputs(), answers("all"));
    let input: Tensor<3> = answers.tensor("input", &device);
    let mut checked = 0;
    for name in file.networks() {
        let network = any(&file, &name, &device).unwrap_or_else(|error| panic!("{error}"));
        let input = match name.as_str() {
            "lower" => continue, // An answer has the one that reads it.
            "upper" => any(&file, "lower", &device)
                .unwrap()
                .forward(input.clone(), Sequences::default()),
            "backwards" => input.clone().flip([1]),
            _ => input.clone(),
        };
        let output = network.forward(input, Sequences::default());
        match name.as_str() {
            "last" => {
                assert_close(
                    &name,
                    &last_step(output),
                    &answers.tensor(&name, &device),
                    1e-5,
                );
            }
            _ => assert_close(&name, &output, &answers.tensor(&name, &device), 1e-5),
        }
        assert_eq!(
            network.is_bidirectional(),
            name.starts_with("both") || name == "upper"
        );
        checked += 1;
    }
    let expected = answers.names().filter(|name| *name != "input").count();
    assert_eq!(checked, expected);
}

#[test]
fn layers_that_follow_each_other_are_one_network_where_it_is_asked_for() {
    let device = Device::flex();
    let (file, answers) = (open("all.keras"), answers("all"));
    let input = answers.tensor::<3>("input", &device);
    let lstm = file.lstm_stack(&["lower", "upper"], &device).unwrap();
    assert_eq!(lstm.stack.layers.len(), 2);
    let (output, _) = lstm.forward(input.clone(), None);
    assert_close("stack", &output, &answers.tensor("upper", &device), 1e-5);

    let cells = file.lstm("stacked_cells", &device).unwrap();
    assert_eq!(cells.stack.layers.len(), 3);
    let (output, _) = cells.forward(input, None);
    assert_close(
        "cells",
        &output,
        &answers.tensor("stacked_cells", &device),
        1e-5,
    );

    // The upper one reads four features, the lower one gives six the other way round.
    let error = file.lstm_stack(&["upper", "lower"], &device).unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Shape { given, expected, .. }
            if given[..] == [3, 8] && expected[..] == [6, 8]),
        "{error}"
    );
    let error = file
        .lstm_stack(&["lower", "both_lstm_sum"], &device)
        .unwrap_err();
    assert!(error.to_string().contains("merge_mode"), "{error}");
}

#[test]
fn settings_are_those_of_the_file() {
    let device = Device::flex();
    let file = open("all.keras");
    let cell = |name: &str| {
        file.gru(name, &device).unwrap().stack.layers[0]
            .forward
            .clone()
    };
    assert_eq!(cell("before_bias").options.reset, Reset::BeforeProduct);
    assert!(cell("before_bias").bias_hidden.is_none());
    assert_eq!(cell("after_nobias").options.reset, Reset::AfterProduct);
    assert!(cell("after_nobias").bias.is_none());
    let both = cell("after_bias");
    assert_eq!(both.options.reset, Reset::AfterProduct);
    assert_eq!(both.bias_hidden.unwrap().dims(), [6]);
    let hard = Activation::HardSigmoid {
        alpha: 1.0 / 6.0,
        beta: 0.5,
    };
    assert_eq!(
        cell("gru_gates_hard_sigmoid_True").options.gate_activation,
        hard
    );
    let merged = file.lstm("both_lstm_mul", &device).unwrap();
    assert_eq!(merged.stack.layers[0].merge, Merge::Product);
    let own = file.lstm("both_own", &device).unwrap();
    let backward = own.stack.layers[0].backward.as_ref().unwrap();
    assert_eq!(backward.options.candidate_activation, Activation::Softsign);
    let leaky = file.simple_rnn("function_layers", &device).unwrap();
    let leaky = leaky.stack.layers[0].forward.options.activation;
    assert_eq!(leaky, Activation::LeakyRelu { alpha: 0.125 });
}

/// A whole model, its weights alone, the HDF5 of the same, and the archive of 2.13, whose `hard_sigmoid` was another one.
#[test]
fn every_format_gives_the_same() {
    let device = Device::flex();
    let answers = answers("few");
    let input: Tensor<3> = answers.tensor("input", &device);
    let six = Activation::HardSigmoid {
        alpha: 1.0 / 6.0,
        beta: 0.5,
    };
    let weights_only = open("few.weights.h5")
        .with_activations(Activation::Tanh, six)
        .with_merge(Merge::Sum);
    for (name, file) in [
        ("few.keras", open("few.keras")),
        ("few.h5", open("few.h5")),
        ("few.weights.h5", weights_only),
    ] {
        let encoder = file.gru("encoder", &device).unwrap();
        let (encoded, _) = encoder.forward(input.clone(), None);
        assert_close(name, &encoded, &answers.tensor("encoder", &device), 1e-5);
        // The second says nothing else than the default.
        let file = match name {
            "few.weights.h5" => open(name),
            _ => file,
        };
        let (decoded, _) = file
            .lstm("decoder", &device)
            .unwrap()
            .forward(encoded, None);
        assert_close(name, &decoded, &answers.tensor("decoder", &device), 1e-5);
        let inner = file
            .dense("inner_dense", &device)
            .or_else(|_| file.dense("each_step", &device));
        let each = inner.unwrap().forward(decoded);
        assert_close(name, &each, &answers.tensor("each_step", &device), 1e-5);
        let head = file.dense("head", &device).unwrap().forward(each);
        assert_close(name, &head, &answers.tensor("head", &device), 1e-5);
    }
    let old = open("few_2_13.keras").gru("encoder", &device).unwrap();
    let gates = old.stack.layers[0].forward.options.gate_activation;
    assert_eq!(gates, Activation::HARD_SIGMOID);
    let new = open("few.keras").gru("encoder", &device).unwrap();
    let bits = |gru: &burn_rnn::Gru| values(&gru.stack.layers[0].forward.w_input.val());
    assert_eq!(bits(&old), bits(&new));
}

#[test]
fn other_floats_are_read_into_the_float_type_of_the_device() {
    let device = Device::flex();
    let full = open("few.weights.h5").lstm("decoder", &device).unwrap();
    let weights = |lstm: &burn_rnn::Lstm| lstm.stack.layers[0].forward.w_hidden.val();
    for (name, element, tolerance) in [
        ("float16", ElementType::F16, 1e-3),
        ("bfloat16", ElementType::BF16, 1e-2),
        ("float64", ElementType::F64, 0.0),
        ("big_endian", ElementType::F32, 0.0),
    ] {
        let file = open(&format!("few_{name}.weights.h5"));
        let lstm = file.lstm("lstm", &device).unwrap();
        assert_close(name, &weights(&lstm), &weights(&full), tolerance);
        let import = file.import(&device).unwrap();
        assert!(import.mapped.iter().all(|tensor| tensor.element == element));
    }
}

/// Words in, tags out: what is beside the networks is read by name, and what the optimizer has is no part of the model.
#[test]
fn a_whole_model_runs_to_the_same_numbers() {
    let device = Device::flex();
    let answers = answers("tagger");
    let words: Vec<i32> = values(&answers.tensor::<2>("input", &device))
        .into_iter()
        .map(|word| word as i32)
        .collect();
    let words = Tensor::<2, Int>::from_data(TensorData::new(words, [2, 4]), &device);
    for name in ["tagger.keras", "tagger.h5"] {
        let file = open(name);
        assert_eq!(
            file.networks().collect::<Vec<_>>(),
            ["reader", "summary"],
            "{name}"
        );
        let embedded = file
            .embedding("words", &device)
            .unwrap()
            .forward(words.clone());
        let (read, _) = file
            .lstm("reader", &device)
            .unwrap()
            .forward(embedded, None);
        let (summary, _) = file.gru("summary", &device).unwrap().forward(read, None);
        let summary = last_step(summary);
        let centred = summary.clone() - summary.mean_dim(1);
        let variance = (centred.clone() * centred.clone()).mean_dim(1);
        let gamma: Tensor<1> = file.tensor("norm/gamma", &device).unwrap();
        let beta: Tensor<1> = file.tensor("norm/beta", &device).unwrap();
        let normed = centred / (variance + 1e-3).sqrt();
        let normed = normed * gamma.unsqueeze() + beta.unsqueeze();
        let tags = file.dense("tags", &device).unwrap().forward(normed);
        let tags = activation::softmax(tags, 1);
        assert_close(name, &tags, &answers.tensor("output", &device), 1e-5);

        let import = file.import(&device).unwrap();
        let left: Vec<usize> = import
            .unmapped
            .iter()
            .map(|tensor| tensor.shape.len())
            .collect();
        assert_eq!(left.iter().filter(|rank| **rank == 2).count(), 2, "{name}");
        assert_eq!(left.len(), 5, "{name}: {:?}", import.unmapped);
        // Both halves of the GRU's bias are parts of one tensor.
        assert_eq!(import.mapped.len(), 2 * 3 + 4);
        assert!(
            import
                .mapped
                .iter()
                .any(|tensor| tensor.tensor.ends_with("[1]"))
        );
    }
}

/// The message names the layer, what is wrong and what to do.
#[test]
fn what_has_no_counterpart_is_refused_by_name() {
    let device = Device::flex();
    let file = open("refused.keras");
    let message = |layer: &str| match any(&file, layer, &device) {
        Ok(_) => panic!("{layer} was read"),
        Err(_) => file.lstm(layer, &device).unwrap_err().to_string(),
    };
    for (layer, part) in [
        ("two_outputs", "its merge_mode is None"),
        ("gelu", "it is `gelu`; those that can be read are tanh"),
        ("gru_relu", "a GRU layer with the recurrent_activation Relu"),
        ("mixed", "an LSTM and a GRU on top of each other"),
        ("two_stacks", "each of its directions is a stack of cells"),
        (
            "nowhere",
            "no recurrent network at `nowhere`; there is `two_outputs`",
        ),
    ] {
        let message = message(layer);
        assert!(message.contains(part), "{message}");
        assert!(message.contains("refused.keras: "), "{message}");
    }
    assert!(file.lstm("good", &device).is_ok());
    assert!(file.import(&device).is_err());
    let error = file.gru("good", &device).unwrap_err();
    let given = "an LSTM";
    assert!(
        matches!(error.kind(), WeightsErrorKind::Kind { given: kind, .. } if *kind == given),
        "{error}"
    );

    let file = open("all.keras");
    let error = file.gru("backwards", &device).unwrap_err();
    assert!(
        error.to_string().contains("with_reversed_inputs"),
        "{error}"
    );
    let error = file
        .tensor::<3>("layers/lstm/cell/vars/0", &device)
        .unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Rank { expected: 3, given, .. } if given[..] == [3, 8]),
        "{error}"
    );
    let error = file
        .tensor::<2>("layers/lstm/cell/vars/9", &device)
        .unwrap_err();
    assert!(
        matches!(error.kind(), WeightsErrorKind::Missing { available, .. } if available.len() == 3),
        "{error}"
    );
    let error = KerasFile::open(fixture_path("no_such_file.keras")).unwrap_err();
    assert!(matches!(error.kind(), WeightsErrorKind::Read(_)), "{error}");
}
