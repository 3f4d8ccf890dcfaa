//! Wrappers around layers against the same thing done by hand, and a cell of a user's own in them.

use burn::module::{Module, Param};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor, activation::relu};
use burn_rnn::{
    Bidirectional, Cell, CellOptions, CoupledLstmConfig, GruConfig, HeadConfig, HiddenState, Layer,
    LstmConfig, Merge, PeepholeLstmConfig, RecurrentConfig, Scan, SimpleRnnConfig,
    SlidingWindowConfig, Stacked, StackedConfig, State, Streaming,
};

use crate::backends;
use crate::compare::{assert_close, values};

const TOLERANCE: f32 = 1e-5;

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

/// A cell outside the library: Li et al. (2018), `h_t = relu(W x_t + u ⊙ h_{t-1})`.
#[derive(Module, Debug)]
struct IndRnnCell {
    input: Linear,
    recurrent: Param<Tensor<1>>,
}

impl IndRnnCell {
    fn new(d_input: usize, d_hidden: usize, device: &Device) -> Self {
        Self {
            input: LinearConfig::new(d_input, d_hidden).init(device),
            recurrent: Initializer::Uniform { min: 0.1, max: 0.9 }.init([d_hidden], device),
        }
    }
}

impl Cell for IndRnnCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.input.weight.dims()[0]
    }

    fn d_hidden(&self) -> usize {
        self.recurrent.dims()[0]
    }

    fn zero_state(&self, batch: usize) -> HiddenState {
        HiddenState::zeros(batch, self.d_hidden(), &self.recurrent.device())
    }

    fn step(&self, x_t: Tensor<2>, state: HiddenState) -> HiddenState {
        let kept = self.recurrent.val().unsqueeze() * state.hidden;
        HiddenState::new(relu(self.input.forward(x_t) + kept))
    }
}

#[test]
fn a_cell_of_ones_own_works_in_every_wrapper() {
    backends::each(|backend| {
        let device = backend.device.clone().autodiff();
        let scan = |d_input| Scan::new(IndRnnCell::new(d_input, 6, &device));
        let both = |d_input| Bidirectional::new(scan(d_input), scan(d_input), Merge::Concat);
        let network = StackedConfig::new().init(vec![both(3), both(12)]);
        let (output, state) = network.forward(random([2, 5, 3], &device), None);
        assert_eq!(output.dims(), [2, 5, 12]);
        assert_eq!(state.shapes(), vec![[2, 6]; 4]);
        let gradients = output.sum().backward();
        for layer in &network.layers {
            for cell in [&layer.forward.cell, &layer.backward.cell] {
                assert!(cell.recurrent.grad(&gradients).is_some());
            }
        }

        // And the other way round: two stacks, one a direction.
        let stack = || StackedConfig::new().init(vec![scan(3), scan(6)]);
        let network = Bidirectional::new(stack(), stack(), Merge::Sum);
        let (output, _) = network.forward(random([2, 5, 3], &device), None);
        assert_eq!(output.dims(), [2, 5, 6]);
    });
}

#[test]
fn steps_one_by_one_give_the_scan() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>, device: &Device) {
        let network = config.init(device);
        let input = random([3, 6, 4], device);
        let (expected, last) = network.forward(input.clone(), None);
        let mut state = None;
        for t in 0..6 {
            let x_t = input.clone().narrow(1, t, 1).squeeze_dim(1);
            let (y_t, next) = network.step(x_t, state);
            let expected: Tensor<2> = expected.clone().narrow(1, t, 1).squeeze_dim(1);
            assert_close("step", &y_t, &expected, TOLERANCE);
            state = Some(next);
        }
        assert_same_state(state.unwrap(), last);
    }
    backends::each(|backend| {
        let device = &backend.device;
        check(&SimpleRnnConfig::new(4, 5).with_layers(2), device);
        check(
            &LstmConfig::new(4, 5).with_layers(2).with_residual(true),
            device,
        );
        check(
            &LstmConfig::new(4, 5).with_full_gate_recurrence(true),
            device,
        );
        check(
            &PeepholeLstmConfig::new(4, 5).with_layer_sizes([5, 7]),
            device,
        );
        check(&CoupledLstmConfig::new(4, 5), device);
        check(&GruConfig::new(4, 5).with_layers(3), device);
    });
}

#[test]
fn two_windows_with_carried_state_give_the_whole_sequence() {
    backends::each(|backend| {
        let device = &backend.device;
        let network = LstmConfig::new(4, 5).with_layers(2).init(device);
        let input = random([3, 7, 4], device);
        let (whole, last) = network.forward(input.clone(), None);
        let (first, state) = network.forward(input.clone().narrow(1, 0, 3), None);
        let (second, state) = network.forward(input.narrow(1, 3, 4), Some(state));
        assert_close(
            "windows",
            &Tensor::cat(vec![first, second], 1),
            &whole,
            TOLERANCE,
        );
        assert_same_state(state, last);
    });
}

fn assert_same_state<S: State>(actual: S, expected: S) {
    assert_eq!(actual.shapes(), expected.shapes());
    let mut tensors = Vec::new();
    expected.map(&mut |tensor| {
        tensors.push(tensor.clone());
        tensor
    });
    let mut tensors = tensors.into_iter();
    actual.map(&mut |tensor| {
        assert_close("state", &tensor, &tensors.next().unwrap(), TOLERANCE);
        tensor
    });
}

#[test]
fn time_first_is_the_transpose() {
    backends::each(|backend| {
        let device = &backend.device;
        let batch_first = GruConfig::new(4, 5).with_bidirectional(true).init(device);
        let mut time_first = batch_first.clone();
        time_first.batch_first = false;
        let input = random([3, 6, 4], device);
        let (expected, last) = batch_first.forward(input.clone(), None);
        let (actual, state) = time_first.forward(input.swap_dims(0, 1), None);
        assert_eq!(actual.dims(), [6, 3, 10]);
        assert_close("time first", &actual.swap_dims(0, 1), &expected, TOLERANCE);
        assert_same_state(state, last);
    });
}

#[test]
fn merges_are_what_their_names_say() {
    backends::each(|backend| {
        let device = &backend.device;
        let forward = Scan::new(SimpleRnnConfig::new(4, 5).init_cell(device));
        let backward = Scan::new(SimpleRnnConfig::new(4, 5).init_cell(device));
        let input = random([3, 6, 4], device);
        let (s, _) = forward.forward(input.clone(), None);
        let (reversed, _) = backward.forward(input.clone().flip([1]), None);
        let s_back = reversed.flip([1]);
        let expected = [
            (
                Merge::Concat,
                Tensor::cat(vec![s.clone(), s_back.clone()], 2),
            ),
            (Merge::Sum, s.clone() + s_back.clone()),
            (Merge::Average, (s.clone() + s_back.clone()) / 2.0),
            (Merge::Product, s.clone() * s_back.clone()),
        ];
        for (merge, expected) in expected {
            let both = Bidirectional::new(forward.clone(), backward.clone(), merge);
            let (output, state) = both.forward(input.clone(), None);
            assert_close("merge", &output, &expected, TOLERANCE);
            assert_eq!(both.d_output(), expected.dims()[2]);
            // The backward state is the one after the first time step.
            let first: Tensor<2> = s_back.clone().narrow(1, 0, 1).squeeze_dim(1);
            assert_close("backward state", &state.backward.hidden, &first, TOLERANCE);
        }

        // V s_t + V' s'_t + c, the design's readout of two directions.
        let head = HeadConfig::new(10, 2).init(device);
        let both = Bidirectional::new(forward, backward, Merge::Concat);
        let actual = head.forward(both.forward(input, None).0);
        let v = head.linear.weight.val();
        let product = |s: Tensor<3>, from| s.matmul(v.clone().narrow(0, from, 5).unsqueeze());
        let c = head.linear.bias.as_ref().unwrap().val().unsqueeze();
        assert_close(
            "head",
            &actual,
            &(product(s, 0) + product(s_back, 5) + c),
            TOLERANCE,
        );
    });
}

#[test]
fn the_one_stop_network_is_the_wrappers_put_together() {
    backends::each(|backend| {
        let device = &backend.device;
        let one_stop = LstmConfig::new(4, 5)
            .with_layers(2)
            .with_bidirectional(true)
            .with_residual(true)
            .init(device);
        let layers = one_stop.stack.layers.iter().map(|layer| {
            let backward = layer.backward.clone().unwrap();
            Bidirectional::new(
                Scan::new(layer.forward.clone()),
                Scan::new(backward),
                Merge::Concat,
            )
        });
        let by_hand: Stacked<_> = StackedConfig::new()
            .with_residual(true)
            .init(layers.collect());
        let input = random([3, 6, 4], device);
        let (expected, _) = by_hand.forward(input.clone(), None);
        assert_close(
            "one stop",
            &one_stop.forward(input, None).0,
            &expected,
            TOLERANCE,
        );
    });
}

#[test]
fn residual_adds_the_input_where_sizes_match() {
    backends::each(|backend| {
        let device = &backend.device;
        let network = GruConfig::new(4, 6)
            .with_layers(2)
            .with_residual(true)
            .init(device);
        let input = random([2, 3, 4], device);
        let (first, _) = network.stack.layers[0].forward(input.clone(), None);
        let (second, _) = network.stack.layers[1].forward(first.clone(), None);
        assert_close(
            "residual",
            &network.forward(input, None).0,
            &(first + second),
            TOLERANCE,
        );
    });
}

#[test]
fn dropout_works_between_layers_and_in_training_alone() {
    backends::each(|backend| {
        let device = backend.device.clone().autodiff();
        let config = SimpleRnnConfig::new(4, 32).with_layers(2).with_dropout(0.5);
        let network = config.init(&device);
        let input = random([2, 3, 4], &device);
        let output = |network: &burn_rnn::SimpleRnn, input: &Tensor<3>| {
            values(&network.forward(input.clone(), None).0)
        };
        assert_ne!(
            output(&network, &input),
            output(&network, &input),
            "training drops"
        );

        let evaluation = network.valid();
        let inner = input.clone().inner();
        assert_eq!(output(&evaluation, &inner), output(&evaluation, &inner));

        let single = config.with_layers(1).init(&device);
        assert_eq!(
            output(&single, &input),
            output(&single, &input),
            "nothing between layers"
        );
    });
}

#[test]
fn states_detach_slice_and_move() {
    backends::each(|backend| {
        let device = backend.device.clone().autodiff();
        let network = LstmConfig::new(4, 5).with_layers(2).init(&device);
        let input = random([3, 6, 4], &device).require_grad();
        let (_, state) = network.forward(input.clone(), None);

        let sliced = state.clone().slice_batch(1..3);
        assert_eq!(sliced.shapes(), vec![[2, 5]; 4]);
        let hidden = sliced.layers[1].forward.hidden.clone();
        let expected = state.layers[1].forward.hidden.clone().narrow(0, 1, 2);
        assert_eq!(values(&hidden), values(&expected));

        // No gradient reaches the first window through a detached state.
        let (output, _) = network.forward(random([3, 2, 4], &device), Some(state.clone().detach()));
        assert!(input.grad(&output.sum().backward()).is_none());
        let (output, _) = network.forward(random([3, 2, 4], &device), Some(state.clone()));
        assert!(input.grad(&output.sum().backward()).is_some());

        for other in backends::all() {
            let moved = state.clone().detach().to_device(&other.device);
            assert_eq!(moved.layers[0].forward.cell.device(), other.device);
        }
    });
}

#[test]
fn streaming_is_generic() {
    fn last_output<L: Streaming>(layer: &L, input: Tensor<3>) -> Tensor<2> {
        let mut state = None;
        let mut last = None;
        for x_t in input.iter_dim(1) {
            let (y_t, next) = layer.step(x_t.squeeze_dim(1), state);
            state = Some(next);
            last = Some(y_t);
        }
        last.unwrap()
    }
    backends::each(|backend| {
        let device = &backend.device;
        let scan = |d_input| Scan::new(GruConfig::new(d_input, 5).init_cell(device));
        let stack = StackedConfig::new().init(vec![scan(4), scan(5)]);
        let input = random([2, 3, 4], device);
        let (output, _) = stack.forward(input.clone(), None);
        let expected: Tensor<2> = output.narrow(1, 2, 1).squeeze_dim(1);
        assert_close("last", &last_output(&stack, input), &expected, TOLERANCE);
    });
}

#[test]
fn the_sliding_window_sees_its_window_and_no_more() {
    backends::each(|backend| {
        let device = &backend.device;
        let network = SlidingWindowConfig::new(3, 2, 1).init(device);
        let input = random([2, 6, 2], device);
        let whole = network.forward(input.clone());
        assert_eq!(whole.dims(), [2, 4, 1]);
        for step in 0..4 {
            let window = network.forward(input.clone().narrow(1, step, 3));
            assert_close(
                "window",
                &window,
                &whole.clone().narrow(1, step, 1),
                TOLERANCE,
            );
        }
    });
}
