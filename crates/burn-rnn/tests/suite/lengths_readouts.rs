//! What reads a network's outputs, over padded batches: heads, pooling, attention, sliding windows. And what misuse is told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Distribution, Tensor};
use burn_rnn::{
    AttentionConfig, AttentionScore, GruConfig, HeadActivation, HeadConfig, Layer, Lengths,
    LstmConfig, Pooling, Resets, Scan, Sequences, SlidingWindowConfig,
};

use crate::backends;
use crate::compare::{assert_close, values};
use crate::parameters;

const LENGTHS: [usize; 3] = [5, 0, 3];
const TIME: usize = 5;

/// Sequences with no numbers in the padding, as a leaf, and each of them alone.
fn padded(features: usize, device: &burn::tensor::Device) -> (Tensor<3>, Vec<Tensor<3>>) {
    let x = Tensor::random(
        [3, TIME, features],
        Distribution::Uniform(-1.0, 1.0),
        device,
    );
    let row = |(row, &length)| x.clone().narrow(0, row, 1).narrow(1, 0, length);
    let rows = LENGTHS
        .iter()
        .enumerate()
        .filter(|(_, length)| **length > 0);
    let alone = rows.map(row).collect();
    let padding = Lengths::new(LENGTHS).mask(TIME, device).bool_not();
    let padding = padding.unsqueeze_dim::<3>(2).expand(x.dims());
    (x.mask_fill(padding, f32::NAN).require_grad(), alone)
}

fn assert_zero<const D: usize>(what: &str, tensor: Tensor<D>) {
    assert!(values(&tensor).iter().all(|&value| value == 0.0), "{what}");
}

#[test]
fn a_head_gives_zeros_in_the_padding_and_learns_nothing_from_it() {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        for activation in [HeadActivation::Softmax, HeadActivation::Sigmoid] {
            let head = HeadConfig::new(4, 2)
                .with_activation(activation)
                .init(device);
            let (x, alone) = padded(4, device);
            let y = head.forward_with(x.clone(), &Lengths::new(LENGTHS));
            let sum = alone
                .iter()
                .map(|x| head.forward(x.clone()).square().sum())
                .reduce(|a, b| a + b);
            let expected = parameters::gradients(&head, &sum.unwrap().backward());
            for (row, x) in [0, 2].into_iter().zip(&alone) {
                let there = y.clone().narrow(0, row, 1).narrow(1, 0, LENGTHS[row]);
                assert_close("head", &there, &head.forward(x.clone()), backend.tolerance);
            }
            assert_zero("padding", y.clone().narrow(0, 1, 1));
            assert_zero("padding", y.clone().slice([2..3, 3..5]));
            let gradients = y.square().sum().backward();
            let actual = parameters::gradients(&head, &gradients);
            for (actual, expected) in actual.iter().zip(&expected) {
                assert!((actual - expected).abs() < 1e-4, "{actual} {expected}");
            }
            let of_x = x.grad(&gradients).unwrap();
            assert!(values(&of_x).iter().all(|value| value.is_finite()));
            assert_zero("gradient", of_x.slice([2..3, 3..5]));
        }
    });
}

#[test]
fn pooling_is_over_the_steps_that_are_there() {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        let nan = f32::NAN;
        let rows = [
            [[1.0, -1.0], [4.0, -2.0], [1.0, -6.0]],
            [[2.0, -3.0], [1.0, -1.0], [nan, nan]],
            [[nan, nan], [nan, nan], [nan, nan]],
        ];
        let lengths = Lengths::new([3, 2, 0]);
        let third = 1.0 / 3.0;
        for (pooling, expected, gradient) in [
            (
                Pooling::Last,
                [[1.0, -6.0], [1.0, -1.0], [0.0, 0.0]],
                [
                    [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]],
                    [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]],
                    [[0.0; 2]; 3],
                ],
            ),
            (
                Pooling::Mean,
                [[2.0, -3.0], [1.5, -2.0], [0.0, 0.0]],
                [
                    [[third; 2]; 3],
                    [[0.5; 2], [0.5; 2], [0.0; 2]],
                    [[0.0; 2]; 3],
                ],
            ),
            (
                Pooling::Max,
                [[4.0, -1.0], [2.0, -1.0], [0.0, 0.0]],
                [
                    [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]],
                    [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]],
                    [[0.0; 2]; 3],
                ],
            ),
        ] {
            let output = Tensor::<3>::from_data(rows, device).require_grad();
            let pooled = pooling.forward(output.clone(), &lengths);
            let what = format!("{pooling:?}");
            assert_close(&what, &pooled, &Tensor::from_data(expected, device), 1e-6);
            let gradients = pooled.sum().backward();
            let actual = values(&output.grad(&gradients).unwrap());
            let gradient = gradient.concat().concat();
            for (actual, expected) in actual.iter().zip(&gradient) {
                assert!(
                    (actual - expected).abs() < 1e-6,
                    "{what}: {actual} {expected}"
                );
            }
            // Without lengths all steps are there.
            let first = Tensor::<3>::from_data([rows[0]], device);
            let pooled = pooling.forward(first, None);
            let expected = Tensor::from_data([expected[0]], device);
            assert_close(&what, &pooled, &expected, 1e-6);
            let name = serde_json::to_string(&pooling).unwrap();
            assert_eq!(serde_json::from_str::<Pooling>(&name).unwrap(), pooling);
        }
    });
}

#[test]
fn attention_reads_the_keys_that_are_there() {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        for score in [
            AttentionScore::Dot,
            AttentionScore::General,
            AttentionScore::Additive,
        ] {
            let attention = AttentionConfig::new(4, 4, score).init(device);
            let (keys, alone) = padded(4, device);
            let queries = Tensor::random([3, 2, 4], Distribution::Default, device).require_grad();
            let lengths = Lengths::new(LENGTHS);
            let (context, weights) = attention.forward(queries.clone(), keys.clone(), &lengths);
            for (row, keys) in [0, 2].into_iter().zip(&alone) {
                let query = queries.clone().narrow(0, row, 1);
                let (expected, _) = attention.forward(query, keys.clone(), None);
                let context = context.clone().narrow(0, row, 1);
                assert_close("context", &context, &expected, backend.tolerance);
            }
            assert_zero("no key", context.clone().narrow(0, 1, 1));
            assert_zero("weights", weights.clone().narrow(0, 1, 1));
            assert_zero("weights", weights.slice([2..3, 0..2, 3..5]));
            // The same as by a mask.
            let mask = lengths.mask(TIME, device).bool_not();
            let memory = attention.memory(keys.clone(), mask);
            let (masked, _) = attention.read(queries.clone(), &memory);
            assert_eq!(values(&masked), values(&context));

            let gradients = context.square().sum().backward();
            for of in [&keys, &queries] {
                let gradient = of.grad(&gradients).unwrap();
                assert!(values(&gradient).iter().all(|value| value.is_finite()));
            }
            let of_keys = keys.grad(&gradients).unwrap();
            assert_zero("gradient", of_keys.clone().narrow(0, 1, 1));
            assert_zero("gradient", of_keys.slice([2..3, 3..5]));
            if score != AttentionScore::Dot {
                let of = parameters::gradients(&attention, &gradients);
                assert!(of.iter().all(|value| value.is_finite()));
            }
        }
    });
}

#[test]
fn windows_lie_whole_within_their_sequence() {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        let network = SlidingWindowConfig::new(3, 4, 2).init(device);
        let (x, alone) = padded(4, device);
        let lengths = Lengths::new(LENGTHS);
        assert_eq!(network.output_lengths(&lengths), Lengths::new([3, 0, 1]));
        let output = network.forward_with(x.clone(), &lengths);
        assert_eq!(output.dims(), [3, 3, 2]);
        for ((row, windows), x) in [(0, 3), (2, 1)].into_iter().zip(&alone) {
            let there = output.clone().narrow(0, row, 1).narrow(1, 0, windows);
            let expected = network.forward(x.clone());
            assert_close("windows", &there, &expected, backend.tolerance);
        }
        assert_zero("no window", output.clone().narrow(0, 1, 1));
        assert_zero("no window", output.clone().slice([2..3, 1..3]));
        let gradients = output.square().sum().backward();
        let of_x = x.grad(&gradients).unwrap();
        assert_zero("gradient", of_x.clone().slice([2..3, 3..5]));
        assert!(values(&of_x).iter().all(|value| value.is_finite()));
        let of = parameters::gradients(&network, &gradients);
        assert!(of.iter().all(|value| value.is_finite()));
    });
}

/// The message of the panic.
fn refused(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("no panic");
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn lengths_that_do_not_fit_are_told_with_both_shapes() {
    let device = &burn::tensor::Device::default();
    let x = || Tensor::<3>::zeros([2, 4, 3], device);
    let network = LstmConfig::new(3, 3).with_residual(true).init(device);
    let scan = Scan::new(GruConfig::new(3, 3).init_cell(device));
    let head = HeadConfig::new(3, 2).init(device);
    let attention = AttentionConfig::new(3, 3, AttentionScore::Dot).init(device);
    let window = SlidingWindowConfig::new(2, 3, 1).init(device);
    let messages = |lengths: &Lengths| {
        [
            (
                "Stacked",
                refused(|| drop(network.forward_with(x(), None, lengths))),
            ),
            (
                "GruCell",
                refused(|| drop(scan.forward_with(x(), None, lengths))),
            ),
            ("Head", refused(|| drop(head.forward_with(x(), lengths)))),
            (
                "Attention",
                refused(|| drop(attention.memory(x(), lengths))),
            ),
            (
                "SlidingWindow",
                refused(|| drop(window.forward_with(x(), lengths))),
            ),
            (
                "Pooling",
                refused(|| drop(Pooling::Mean.forward(x(), lengths))),
            ),
        ]
    };
    for (name, message) in messages(&Lengths::new([4, 1, 2])) {
        let expected = format!(
            "{name}: there are 3 lengths for an input of shape [2, 4, 3], expected batch = 2"
        );
        assert!(message.starts_with(&expected), "{message}");
    }
    for (name, message) in messages(&Lengths::new([4, 5])) {
        let expected = format!(
            "{name}: sequence 1 has length 5, but the input has shape [2, 4, 3], expected at most time = 4"
        );
        assert!(message.starts_with(&expected), "{message}");
    }
    let resets = Resets::new([[false; 2]; 4]).unwrap();
    let message = refused(|| drop(scan.forward_with(x(), None, resets.clone())));
    let expected = "GruCell: the resets have shape [4, 2], but the input [2, 4, 3], expected [batch, time] = [2, 4]";
    assert!(message.starts_with(expected), "{message}");
    let both = Sequences::from(Lengths::new([4, 4])).with_resets(resets);
    refused(|| drop(scan.forward_with(x(), None, both)));
    let message = refused(|| drop(Lengths::new([4]).mask(3, device)));
    assert!(
        message.contains("4 steps") && message.contains("over 3"),
        "{message}"
    );
}
