//! What Keras 2 wrote, and the layout of its layers on cuDNN.
//!
//! The fixtures come from `tests/fixtures/make_weights_keras_2.py`.

use burn::tensor::{Device, Tensor};
use burn_rnn::{Activation, Reset, Sequences};

use crate::compare::assert_close;
use crate::keras::{answers, any, open};

#[test]
fn models_of_keras_2_give_its_outputs() {
    let device = Device::flex();
    let answers = answers("keras_2");
    let input: Tensor<3> = answers.tensor("input", &device);
    for (file, layers) in [
        (
            "keras_2.h5",
            &[
                "lstm_1",
                "gru_1",
                "simple_rnn_1",
                "bidirectional_1",
                "inner",
            ][..],
        ),
        (
            "cudnn.h5",
            &["cu_dnnlstm_1", "cu_dnngru_1", "bidirectional_2"],
        ),
    ] {
        let file = open(file);
        assert_eq!(file.networks().collect::<Vec<_>>(), layers);
        for layer in layers {
            let network = any(&file, layer, &device).unwrap();
            let output = network.forward(input.clone(), Sequences::default());
            assert_close(layer, &output, &answers.tensor(layer, &device), 1e-5);
        }
        assert_eq!(file.import(&device).unwrap().networks.len(), layers.len());
    }
    let left = open("keras_2.h5").import(&device).unwrap().unmapped;
    let left: Vec<&str> = left.iter().map(|tensor| tensor.name.as_str()).collect();
    let dense = "model_weights/dense_1/dense_1";
    assert_eq!(
        left,
        [format!("{dense}/bias:0"), format!("{dense}/kernel:0")]
    );
}

/// Both biases are there, so that nothing is added up.
#[test]
fn the_biases_of_cudnn_stay_two() {
    let device = Device::flex();
    let file = open("cudnn.h5");
    let lstm = file.lstm("cu_dnnlstm_1", &device).unwrap();
    let cell = &lstm.stack.layers[0].forward;
    assert!(cell.options.bias_hidden && cell.bias_hidden.is_some());
    let gru = file.gru("cu_dnngru_1", &device).unwrap();
    assert_eq!(
        gru.stack.layers[0].forward.options.reset,
        Reset::AfterProduct
    );
}

#[test]
fn weights_without_a_model_are_read_with_what_the_caller_says() {
    let device = Device::flex();
    let answers = answers("keras_2");
    let input: Tensor<3> = answers.tensor("input", &device);
    let file = open("weights_only.hdf5");
    assert_eq!(
        file.networks().collect::<Vec<_>>(),
        ["rnn_1", "rnn_2", "plain"]
    );
    let (first, _) = file
        .lstm("rnn_1", &device)
        .unwrap()
        .forward(input.clone(), None);
    assert_close("rnn_1", &first, &answers.tensor("rnn_1", &device), 1e-5);
    let stack = file.lstm_stack(&["rnn_1", "rnn_2"], &device).unwrap();
    let (second, _) = stack.forward(input.clone(), None);
    assert_close("rnn_2", &second, &answers.tensor("rnn_2", &device), 1e-5);
    let embedding = file.embedding("embedding", &device).unwrap();
    assert_eq!(embedding.weight.dims(), [5, 3]);
    assert_eq!(file.dense("output", &device).unwrap().weight.dims(), [2, 2]);

    let file = file.with_activations(Activation::Tanh, Activation::HARD_SIGMOID);
    let (plain, _) = file.lstm("plain", &device).unwrap().forward(input, None);
    assert_close("plain", &plain, &answers.tensor("lstm_1", &device), 1e-5);
}
