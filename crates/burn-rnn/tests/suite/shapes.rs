//! Unusual shapes work, wrong ones panic with both shapes in the message.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Tensor};
use burn_rnn::{
    GruConfig, HeadConfig, HiddenState, LstmConfig, SimpleRnnConfig, SlidingWindowConfig,
};

use crate::backends;

/// What it panics with.
pub fn message(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("no panic");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .expect("a panic without a message")
}

/// Panics where a message leaves something out.
pub fn assert_tells(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} does not tell {part:?}");
    }
}

#[test]
fn one_sequence_of_one_step_of_one_feature() {
    backends::each(|backend| {
        let device = &backend.device;
        let one = || Tensor::ones([1, 1, 1], device);
        assert_eq!(
            SimpleRnnConfig::new(1, 1)
                .init(device)
                .forward(one(), None)
                .0
                .dims(),
            [1, 1, 1]
        );
        assert_eq!(
            GruConfig::new(1, 1)
                .init(device)
                .forward(one(), None)
                .0
                .dims(),
            [1, 1, 1]
        );
        let lstm = LstmConfig::new(1, 1)
            .with_layers(3)
            .with_bidirectional(true)
            .init(device);
        let (output, state) = lstm.forward(one(), None);
        assert_eq!(output.dims(), [1, 1, 2]);
        assert_eq!(state.layers.len(), 3);
    });
}

#[test]
fn wrong_shapes_are_told_with_the_right_ones() {
    let device = Device::default();
    let lstm = LstmConfig::new(4, 8).init(&device);
    let zeros = |shape: [usize; 3]| Tensor::<3>::zeros(shape, &device);

    let features = message(|| drop(lstm.forward(zeros([2, 5, 3]), None)));
    assert_tells(&features, &["LstmCell", "[2, 5, 3]", "d_input = 4"]);

    let no_time = message(|| drop(lstm.forward(zeros([2, 0, 4]), None)));
    assert_tells(&no_time, &["[2, 0, 4]", "time ≥ 1", "length zero"]);

    let no_batch = message(|| drop(lstm.forward(zeros([0, 5, 4]), None)));
    assert_tells(&no_batch, &["[0, 5, 4]", "batch ≥ 1"]);

    let step = message(|| drop(lstm.step(Tensor::zeros([2, 3], &device), None)));
    assert_tells(&step, &["[2, 3]", "d_input = 4"]);

    let other_batch = message(|| drop(lstm.forward(zeros([2, 5, 4]), Some(lstm.zero_state(3)))));
    assert_tells(&other_batch, &["[3, 8]", "[2, 8]"]);

    let gru = GruConfig::new(4, 8).init(&device);
    let mut other_size = gru.zero_state(2);
    other_size.layers[0].forward = HiddenState::zeros(2, 9, &device);
    let other_size = message(|| drop(gru.forward(zeros([2, 5, 4]), Some(other_size))));
    assert_tells(&other_size, &["GruCell", "[2, 9]", "[2, 8]"]);

    let two_layers = GruConfig::new(4, 8).with_layers(2).init(&device);
    let layers = message(|| drop(two_layers.forward(zeros([2, 5, 4]), Some(gru.zero_state(2)))));
    assert_tells(&layers, &["1 layers", "expected 2"]);

    let window = SlidingWindowConfig::new(6, 4, 1).init(&device);
    assert_tells(
        &message(|| drop(window.forward(zeros([2, 5, 4])))),
        &["[2, 5, 4]", "time ≥ 6"],
    );

    let head = HeadConfig::new(9, 1).init(&device);
    assert_tells(
        &message(|| drop(head.forward(zeros([2, 5, 4])))),
        &["4", "9"],
    );
}

#[test]
fn a_bidirectional_network_refuses_to_step_and_says_why() {
    let device = Device::default();
    let network = LstmConfig::new(4, 8).with_bidirectional(true).init(&device);
    let told = message(|| drop(network.step(Tensor::zeros([1, 4], &device), None)));
    assert_tells(&told, &["bidirectional", "whole sequences", "use forward"]);

    let one_direction = LstmConfig::new(4, 8).init(&device);
    let state = Some(one_direction.zero_state(2));
    let told = message(|| drop(network.forward(Tensor::zeros([2, 5, 4], &device), state)));
    assert_tells(&told, &["one direction", "two directions"]);
}
