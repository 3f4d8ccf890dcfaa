//! States that are learned, and skips between layers.

use burn::tensor::Tensor;
use burn_rnn::{
    CellOptions, ConfigError, Direction, GruConfig, Layer, Lengths, LstmConfig, Merge,
    RecurrentConfig, Resets, Sequences, SlstmConfig, StackedConfig, State,
};

use crate::backends;
use crate::compare::{assert_close, values};
use crate::{drawn, reference_and_fused};

#[test]
fn a_learned_state_is_the_one_that_is_given_and_gets_its_gradient() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        backends::each(|backend| {
            let device = &backend.device.clone().autodiff();
            let config = config.clone().with_layers(2).with_bidirectional(true);
            let fresh = config.clone().with_learned_state(true).init(device);
            // It starts from the cell's own.
            let x = drawn::tensor([3, 5, 3], 1, device);
            let (output, _) = fresh.forward(x.clone(), None);
            let own = fresh
                .stack
                .layers
                .iter()
                .map(|layer| burn_rnn::DirectionalState {
                    forward: burn_rnn::Cell::zero_state(&layer.forward, 3),
                    backward: layer
                        .backward
                        .as_ref()
                        .map(|c| burn_rnn::Cell::zero_state(c, 3)),
                });
            let own = burn_rnn::StackedState {
                layers: own.collect(),
            };
            let (expected, _) = fresh.forward(x.clone(), Some(own));
            assert_close("fresh", &output, &expected, 1e-6);

            let network = drawn::parameters(fresh, 50, 0.5);
            let lengths = Lengths::new([5, 0, 3]);
            let (output, _) = network.forward_with(x.clone(), None, &lengths);
            let state = network.zero_state(3);
            let (expected, _) = network.forward_with(x, Some(state), &lengths);
            assert_close("learned", &output, &expected, 1e-6);
            let gradients = output.sum().backward();
            for layer in &network.stack.layers {
                for start in [&layer.forward_start, &layer.backward_start] {
                    let start = start.as_ref().expect("both directions learn theirs");
                    let hidden = &start.tensors[0];
                    let gradient = hidden.val().grad(&gradients).expect("a gradient");
                    assert!(values(&gradient).iter().any(|&g| g.abs() > 1e-4));
                }
            }
        });
    }
    reference_and_fused(|| {
        check(&LstmConfig::new(3, 4));
        check(&GruConfig::new(3, 4));
    });
}

/// What begins anew begins with what is learned, in both directions.
#[test]
fn parts_begin_with_the_learned_state() {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        let network = LstmConfig::new(3, 4).with_learned_state(true).init(device);
        let network = drawn::parameters(network, 70, 0.5);
        let x = drawn::tensor([2, 6, 3], 2, device);
        let resets = [[false, false, true, false, false, false], [false; 6]];
        let sequences = Sequences::from(Resets::new(resets).unwrap());
        let part = |rows: std::ops::Range<usize>, steps: std::ops::Range<usize>, direction| {
            let x = x.clone().slice([rows, steps]);
            network
                .stack
                .run(x, None, &Sequences::default(), direction)
                .0
        };
        for direction in [Direction::Forward, Direction::Backward] {
            let (output, _) = network.stack.run(x.clone(), None, &sequences, direction);
            let first = Tensor::cat(
                vec![part(0..1, 0..2, direction), part(0..1, 2..6, direction)],
                1,
            );
            let expected = Tensor::cat(vec![first, part(1..2, 0..6, direction)], 0);
            assert_close("parts", &output, &expected, backend.tolerance);
        }
    });
}

#[test]
fn streams_begin_with_the_learned_state() {
    backends::each(|backend| {
        let device = &backend.device;
        let config = SlstmConfig::new(3, 4)
            .with_learned_state(true)
            .with_layers(2);
        let network = config.init(device);
        let x = drawn::tensor([2, 4, 3], 3, device);
        let (expected, last) = network.forward(x.clone(), None);
        let mut stream = network.stream(2);
        for _again in 0..2 {
            for t in 0..4 {
                let x_t = x.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
                let expected = expected.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
                assert_close("a step", &stream.step(x_t), &expected, backend.tolerance);
            }
            stream.reset();
        }
        // A row that begins anew goes on beside another.
        stream.set_state(last);
        stream.reset_rows(&[1]).unwrap();
        let started = stream.state().slice_batch(1..2);
        let mut tensors = Vec::new();
        network.zero_state(1).map(&mut |tensor| {
            tensors.push(tensor.clone());
            tensor
        });
        let mut tensors = tensors.iter();
        started.map(&mut |tensor| {
            let expected = tensors.next().unwrap();
            assert_eq!(values(&tensor), values(expected));
            tensor
        });
    });
}

/// Each layer reads the input and all outputs before it.
#[test]
fn dense_layers_read_all_before_them() {
    backends::each(|backend| {
        let device = &backend.device;
        let config = GruConfig::new(3, 4)
            .with_layer_sizes([4, 5, 2])
            .with_dense(true);
        for both in [false, true] {
            let config = config
                .clone()
                .with_bidirectional(both)
                .with_merge(Merge::Concat);
            let network = config.init(device);
            let x = drawn::tensor([2, 5, 3], 4, device);
            let lengths = Lengths::new([5, 3]);
            let (output, _) = network.forward_with(x.clone(), None, &lengths);
            let real = lengths.mask(5, device).float().unsqueeze_dim::<3>(2);
            let mut read = x.clone() * real;
            let mut expected = read.clone();
            for layer in &network.stack.layers {
                assert_eq!(layer.d_input(), read.dims()[2]);
                (expected, _) = layer.forward_with(read.clone(), None, &lengths);
                read = Tensor::cat(vec![read, expected.clone()], 2);
            }
            assert_close("dense", &output, &expected, backend.tolerance);
            assert_eq!(network.d_output(), if both { 4 } else { 2 });
            if both {
                continue;
            }
            let (whole, _) = network.forward(x.clone(), None);
            let mut stream = network.stream(2);
            for t in 0..5 {
                let x_t = x.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
                let floats: Vec<f32> = values(&x_t);
                let stepped = stream.step_floats(&floats).to_vec();
                let stepped = Tensor::<1>::from_floats(stepped.as_slice(), device).reshape([2, 2]);
                let expected = whole.clone().narrow(1, t, 1).squeeze_dim::<2>(1);
                assert_close("a step", &stepped, &expected, backend.tolerance);
            }
        }
    });
}

#[test]
fn residual_and_dense_skips_do_not_go_together() {
    let config = LstmConfig::new(4, 4).with_layers(2).with_residual(true);
    let error = config.with_dense(true).validate().unwrap_err();
    assert_eq!(error, ConfigError::Skips);
    assert!(error.to_string().contains("switch residual off"));
    let stacked = StackedConfig::new().with_dense(true);
    // The second layer reads 3 + 4 features.
    assert!(stacked.validate(&[(3, 4), (7, 5)]).is_ok());
    assert!(stacked.validate(&[(3, 4), (4, 5)]).is_err());
}
