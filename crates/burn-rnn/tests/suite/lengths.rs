//! Padded batches against each of their sequences run alone, and sequences with resets against their parts run alone: outputs,
//! final states and all gradients.

use burn::module::{Initializer, Module, Param};
use burn::nn::DropoutConfig;
use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};
use burn_rnn::{
    Bidirectional, Cell, CellOptions, CellState, Direction, Directional, GruConfig, Layer, Lengths,
    LstmConfig, Merge, Recurrent, RecurrentConfig, RecurrentState, Resets, Scan, Sequences,
    SequencesError, StackedConfig, State, reference,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::backends;
use crate::compare::{assert_close, values};
use crate::every_cell::everything;
use crate::fused::{Results, assert_same};
use crate::parameters;

const TIME: usize = 6;

/// What stands in the padding.
const FILLERS: [f32; 3] = [f32::NAN, f32::INFINITY, 1e30];

struct Draw(ChaCha8Rng);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn tensor<const D: usize>(&mut self, shape: [usize; D], device: &Device) -> Tensor<D> {
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| self.0.random_range(-1.5..1.5)).collect();
        Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
    }

    /// Lengths up to `TIME`, one of them 0, the longest anywhere and not always of all steps.
    fn lengths(&mut self, batch: usize) -> Vec<usize> {
        let mut lengths: Vec<usize> = (0..batch).map(|_| self.0.random_range(1..=TIME)).collect();
        let empty = self.0.random_range(0..batch);
        lengths[empty] = 0;
        lengths
    }

    /// About one reset in three steps, or none.
    fn resets(&mut self, batch: usize, some: bool) -> Vec<[bool; TIME]> {
        let mut row = || core::array::from_fn(|_| some && self.0.random_range(0..3) == 0);
        (0..batch).map(|_| row()).collect()
    }
}

/// A network, what it reads, and from where it starts.
struct Case<C: Cell> {
    network: Recurrent<C>,
    x: Tensor<3>,
    by_output: Tensor<3>,
    state: RecurrentState<C::State>,
    lengths: Vec<usize>,
    resets: Vec<[bool; TIME]>,
}

impl<C: Cell> Case<C> {
    fn new(network: Recurrent<C>, batch: usize, with_resets: bool, device: &Device) -> Self {
        let mut draw = Draw::new(17 + batch as u64);
        let count = parameters::read(&network).len();
        let values: Vec<f64> = (0..count).map(|_| draw.0.random_range(-0.5..0.5)).collect();
        let network = parameters::write(network, &values, DType::F32);
        let d = (network.d_input(), network.d_output());
        // From where another sequence ended: random numbers are no state of every cell.
        let before = draw.tensor([batch, 2, d.0], device);
        let (_, state) = network.stack.forward(before, None);
        Self {
            x: draw.tensor([batch, TIME, d.0], device),
            by_output: draw.tensor([batch, TIME, d.1], device),
            state: state.detach(),
            lengths: draw.lengths(batch),
            resets: draw.resets(batch, with_resets),
            network,
        }
    }

    fn check(&self, about: &str) {
        let device = self.x.device();
        let padding = Lengths::new(self.lengths.clone()).mask(TIME, &device);
        let padding = padding.bool_not();
        let in_x = padding.clone().unsqueeze_dim::<3>(2).expand(self.x.dims());
        let alone = self.results(self.x.clone(), |x, state| self.alone(x, state));
        for filler in FILLERS {
            let sequences = Sequences::default()
                .with_lengths(Lengths::new(self.lengths.clone()))
                .with_resets(Resets::new(&self.resets).unwrap());
            let x = self.x.clone().mask_fill(in_x.clone(), filler);
            let batched = self.results(x, |x, state| {
                self.network.forward_with(x, Some(state), &sequences)
            });
            let about = format!(
                "{about}, {filler} in the padding, lengths {:?}",
                self.lengths
            );
            assert_same(&about, &batched, &alone, 2e-5);
            // Not nearly zero there, but zero.
            for (name, of) in [("output", &batched[0].1), ("gradient of x", &batched[1].1)] {
                let width = of.len() / (self.lengths.len() * TIME);
                for (row, &length) in self.lengths.iter().enumerate() {
                    let padded = &of[(row * TIME + length) * width..(row + 1) * TIME * width];
                    assert!(padded.iter().all(|&v| v == 0.0), "{name}: {about}");
                }
            }
        }
    }

    /// The output, the gradient of the input, last states, gradients of first states and of all parameters.
    fn results(
        &self,
        x: Tensor<3>,
        run: impl Fn(Tensor<3>, RecurrentState<C::State>) -> (Tensor<3>, RecurrentState<C::State>),
    ) -> Results {
        let x = x.require_grad();
        let mut first = Vec::new();
        let state = self.state.clone().map(&mut |tensor| {
            let tensor = tensor.require_grad();
            first.push(tensor.clone());
            tensor
        });
        let (output, last) = run(x.clone(), state);
        let mut loss = (output.clone() * self.by_output.clone()).sum();
        let last = tensors(last);
        for (index, tensor) in last.iter().enumerate() {
            loss = loss + (tensor.clone() * (0.3 + index as f32)).sum();
        }
        let gradients = loss.backward();
        let mut results = vec![
            ("output".to_owned(), values(&output)),
            (
                "gradient of x".to_owned(),
                values(&x.grad(&gradients).unwrap()),
            ),
        ];
        for (index, tensor) in last.iter().enumerate() {
            results.push((format!("state {index}"), values(tensor)));
        }
        for (index, tensor) in first.iter().enumerate() {
            // A state that the cell does not read has none.
            let gradient = tensor.grad(&gradients).map(|gradient| values(&gradient));
            let none = || vec![0.0; tensor.shape().num_elements()];
            results.push((
                format!("gradient of first state {index}"),
                gradient.unwrap_or_else(none),
            ));
        }
        let parameters = parameters::gradients(&self.network, &gradients);
        let parameters = parameters.into_iter().map(|value| value as f32).collect();
        results.push(("gradient of the parameters".to_owned(), parameters));
        results
    }

    /// Each part of each sequence in a run of its own.
    fn alone(
        &self,
        x: Tensor<3>,
        state: RecurrentState<C::State>,
    ) -> (Tensor<3>, RecurrentState<C::State>) {
        let mut outputs = Vec::new();
        let mut states = Vec::new();
        for (row, &length) in self.lengths.iter().enumerate() {
            let given = state.clone().slice_batch(row..row + 1);
            let begins = |step: &usize| *step == 0 || self.resets[row][*step];
            let starts: Vec<usize> = (0..length).filter(begins).collect();
            let mut last = given.clone();
            let mut parts = Vec::new();
            for (part, &start) in starts.iter().enumerate() {
                let end = starts.get(part + 1).copied().unwrap_or(length);
                let mut from = self.network.zero_state(1);
                for (layer, from) in from.layers.iter_mut().enumerate() {
                    let given = &given.layers[layer];
                    if start == 0 && !self.resets[row][0] {
                        from.forward = given.forward.clone();
                    }
                    if end == length {
                        from.backward = given.backward.clone();
                    }
                }
                let steps = x.clone().narrow(0, row, 1).narrow(1, start, end - start);
                let (output, to) = self.network.stack.forward(steps, Some(from));
                parts.push(output);
                for (last, to) in last.layers.iter_mut().zip(to.layers) {
                    last.forward = to.forward;
                    if start == 0 {
                        last.backward = to.backward;
                    }
                }
            }
            if length > 0 && self.resets[row][0] {
                for (last, zero) in last
                    .layers
                    .iter_mut()
                    .zip(self.network.zero_state(1).layers)
                {
                    last.backward = zero.backward;
                }
            }
            let device = x.device();
            parts.push(Tensor::zeros(
                [1, TIME - length, self.network.d_output()],
                &device,
            ));
            outputs.push(Tensor::cat(
                parts.into_iter().filter(|p| p.dims()[1] > 0).collect(),
                1,
            ));
            states.push(tensors(last).into_iter());
        }
        let whole = state.map(&mut |_| {
            let rows = states.iter_mut().map(|row| row.next().unwrap());
            Tensor::cat(rows.collect(), 0)
        });
        (Tensor::cat(outputs, 0), whole)
    }
}

fn tensors(state: impl State) -> Vec<Tensor<2>> {
    let mut tensors = Vec::new();
    state.map(&mut |tensor| {
        tensors.push(tensor.clone());
        tensor
    });
    tensors
}

/// Every cell, in one direction and two, in one to three layers, fused and as the reference.
fn check_config<O: CellOptions>(config: &RecurrentConfig<O>, with_resets: bool) {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        for (layers, bidirectional, batch) in [
            (1, false, 5),
            (1, true, 3),
            (2, false, 3),
            (2, true, 4),
            (3, false, 4),
            (3, true, 3),
        ] {
            let config = config.clone();
            let config = config.with_layers(layers).with_bidirectional(bidirectional);
            let network = config.init(device);
            let about = format!("{}: {config:?}, resets {with_resets}", backend.name);
            let case = Case::new(network, batch, with_resets, device);
            case.check(&about);
            if backend.is_fused {
                reference(|| case.check(&format!("{about}, reference")));
            }
        }
    });
}

#[test]
fn every_sequence_of_a_padded_batch_gives_what_it_gives_alone() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        check_config(config, false);
    }
    everything!(4, check);
}

#[test]
fn parts_between_resets_give_what_they_give_alone() {
    fn check<O: CellOptions>(config: &RecurrentConfig<O>) {
        check_config(config, true);
    }
    everything!(4, check);
}

/// A cell whose step on an input of zeros is no number, as its derivative is, and whose first state is not zero: padding that was
/// read would be seen.
#[derive(Module, Debug)]
struct NormalizedCell {
    w_input: Param<Tensor<2>>,
    recurrent: Param<Tensor<1>>,
}

burn_rnn::tensor_state! {
    /// The hidden state, and its mean so far.
    pub struct MeanState {
        /// The output.
        hidden,
        /// The mean, with older steps counting less.
        mean,
    }
}

impl NormalizedCell {
    fn new(d_input: usize, device: &Device) -> Self {
        let drawn = Initializer::Uniform {
            min: -0.5,
            max: 0.5,
        };
        Self {
            w_input: drawn.init([d_input, 4], device),
            recurrent: drawn.init([4], device),
        }
    }
}

impl Cell for NormalizedCell {
    type State = MeanState;

    fn d_input(&self) -> usize {
        self.w_input.dims()[0]
    }

    fn d_hidden(&self) -> usize {
        4
    }

    fn zero_state(&self, batch: usize) -> MeanState {
        let options = (&self.w_input.device(), self.w_input.dtype());
        MeanState {
            hidden: Tensor::full([batch, 4], 0.25, options),
            mean: Tensor::zeros([batch, 4], options),
        }
    }

    fn step(&self, x_t: Tensor<2>, state: MeanState) -> MeanState {
        let norm = x_t.clone().square().sum_dim(1).sqrt();
        let side = (x_t / norm).matmul(self.w_input.val());
        let hidden = (side + self.recurrent.val().unsqueeze() * state.mean.clone()).tanh();
        let mean = state.mean * 0.9 + hidden.clone() * 0.1 + state.hidden * 0.2;
        MeanState { hidden, mean }
    }
}

#[test]
fn a_cell_that_knows_no_lengths_gives_for_each_sequence_what_it_gives_alone() {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        for (layers, both, with_resets) in [
            (1, false, false),
            (1, true, true),
            (2, true, false),
            (2, false, true),
            (3, true, true),
        ] {
            let width = if both { 8 } else { 4 };
            let layer = |index: usize| {
                let cell = || NormalizedCell::new(if index == 0 { 3 } else { width }, device);
                Directional::new(cell(), both.then(cell), Merge::Concat)
            };
            let network = Recurrent {
                stack: StackedConfig::new().init((0..layers).map(layer).collect()),
                batch_first: true,
            };
            let about = format!("{layers} layers, both {both}, resets {with_resets}");
            Case::new(network, 5, with_resets, device).check(&about);
        }
    });
}

/// Any layer against itself over each sequence alone.
fn check_layer<L: Layer>(about: &str, layer: &L, device: &Device) {
    let mut draw = Draw::new(5);
    let lengths = [2, TIME, 0, 5];
    let x = draw.tensor([4, TIME, layer.d_input()], device);
    let padding = Lengths::new(lengths).mask(TIME, device).bool_not();
    let padding = padding.unsqueeze_dim::<3>(2).expand(x.dims());
    let padded = x.clone().mask_fill(padding, f32::NAN);
    for direction in [Direction::Forward, Direction::Backward] {
        let sequences = Lengths::new(lengths).into();
        let (output, state) = layer.run(padded.clone(), None, &sequences, direction);
        for (row, &length) in lengths.iter().enumerate() {
            let what = format!("{about}, {direction:?}, sequence {row}");
            let output = output.clone().narrow(0, row, 1);
            let state = tensors(state.clone().slice_batch(row..row + 1));
            let (expected, last) = if length == 0 {
                (None, layer.zero_state(1))
            } else {
                let alone = x.clone().narrow(0, row, 1).narrow(1, 0, length);
                let (output, state) = layer.run(alone, None, &Sequences::default(), direction);
                (Some(output), state)
            };
            if let Some(expected) = expected {
                let there = output.clone().narrow(1, 0, length);
                assert_close(&what, &there, &expected, 1e-5);
            }
            if length < TIME {
                let rest = output.narrow(1, length, TIME - length);
                assert!(values(&rest).iter().all(|&value| value == 0.0), "{what}");
            }
            for (state, last) in state.iter().zip(&tensors(last)) {
                assert_close(&format!("{what}, state"), state, last, 1e-5);
            }
        }
    }
}

#[test]
fn wrappers_hand_lengths_on_nested_as_one_likes() {
    backends::each(|backend| {
        let device = &backend.device;
        let lstm = |d_input| Scan::new(LstmConfig::new(d_input, 4).init_cell(device));
        let own = |d_input| Scan::new(NormalizedCell::new(d_input, device));
        for merge in [Merge::Concat, Merge::Sum, Merge::Average, Merge::Product] {
            let both = Bidirectional::new(own(3), own(3), merge);
            check_layer(&format!("{merge:?}"), &both, device);
        }
        let stack = || StackedConfig::new().init(vec![lstm(3), lstm(4)]);
        check_layer("a stack", &stack(), device);
        let both = || Bidirectional::new(stack(), stack(), Merge::Sum);
        check_layer("two stacks", &both(), device);
        let residual = StackedConfig::new().with_residual(true);
        let square = || Bidirectional::new(lstm(4), lstm(4), Merge::Product);
        check_layer("residual", &residual.init(vec![square(), square()]), device);
    });
}

#[test]
fn dropout_and_residual_skips_leave_padding_zero() {
    backends::each(|backend| {
        let device = &backend.device.clone().autodiff();
        let config = GruConfig::new(4, 4).with_layers(3).with_dropout(0.5);
        let config = config.with_bidirectional(true).with_merge(Merge::Sum);
        let network = config.with_residual(true).init(device);
        let mut draw = Draw::new(2);
        let x = draw.tensor([2, TIME, 4], device);
        let padded = x
            .clone()
            .slice_fill([1..2, 2..TIME], f32::NAN)
            .require_grad();
        let (output, _) = network.forward_with(padded.clone(), None, Lengths::new([TIME, 2]));
        let gradients = output.clone().square().sum().backward();
        let of_x = padded.grad(&gradients).unwrap();
        let none = |tensor: Tensor<3>| values(&tensor.slice([1..2, 2..TIME]));
        assert!(none(output.clone()).iter().all(|&value| value == 0.0));
        assert!(none(of_x.clone()).iter().all(|&value| value == 0.0));
        assert!(values(&output).iter().all(|value| value.is_finite()));
        assert!(values(&of_x).iter().all(|value| value.is_finite()));
        let parameters = parameters::gradients(&network, &gradients);
        assert!(parameters.iter().all(|value| value.is_finite()));

        // Without dropout it is the skip and the layers: each sequence alone.
        let mut network = network;
        network.stack.dropout = DropoutConfig::new(0.0).init();
        Case::new(network, 3, false, device).check("residual");
    });
}

#[test]
fn lengths_have_the_batch_first_where_time_is_first() {
    backends::each(|backend| {
        let device = &backend.device;
        let batch_first = GruConfig::new(3, 4).with_bidirectional(true).init(device);
        let mut time_first = batch_first.clone();
        time_first.batch_first = false;
        let x = Draw::new(1).tensor([2, TIME, 3], device);
        let lengths = Lengths::new([2, 5]);
        let (expected, _) = batch_first.forward_with(x.clone(), None, &lengths);
        let (actual, _) = time_first.forward_with(x.swap_dims(0, 1), None, &lengths);
        assert_eq!(values(&actual.swap_dims(0, 1)), values(&expected));
    });
}

/// Nothing is there at all: every output is zero, and nothing has moved.
#[test]
fn a_batch_of_empty_sequences_gives_zeros() {
    backends::each(|backend| {
        let device = &backend.device;
        let lengths = Lengths::new([0, 0]);
        let x = Tensor::full([2, 3, 3], f32::NAN, device);
        let lstm = LstmConfig::new(3, 4).with_bidirectional(true).init(device);
        let run = || lstm.forward_with(x.clone(), None, &lengths);
        for (output, state) in [run(), reference(run)] {
            assert_eq!(values(&output), vec![0.0; 2 * 3 * 8]);
            let all = tensors(state)
                .into_iter()
                .flat_map(|tensor| values(&tensor));
            assert!(all.into_iter().all(|value| value == 0.0));
        }
        let own = Scan::new(NormalizedCell::new(3, device));
        let (output, state) = own.forward_with(x, None, &lengths);
        assert_eq!(values(&output), vec![0.0; 2 * 3 * 4]);
        assert_eq!(values(&state.hidden()), vec![0.25; 2 * 4]);
    });
}

#[test]
fn lengths_come_from_numbers_tensors_and_masks() {
    backends::each(|backend| {
        let device = &backend.device;
        let expected = Lengths::new([2, 0, 3]);
        let numbers = Tensor::<1, Int>::from_data([2, 0, 3], device);
        assert_eq!(Lengths::from_tensor(numbers), Ok(expected.clone()));
        let mask = expected.mask(4, device);
        assert_eq!(Lengths::from_mask(mask.clone()), Ok(expected.clone()));
        assert_eq!(expected.as_slice(), [2, 0, 3]);
        assert_eq!((expected.batch(), expected.max()), (3, 3));
        assert_eq!(expected.iter().sum::<usize>(), 5);
        let mask: Vec<bool> = mask.into_data().iter::<bool>().collect();
        let (y, n) = (true, false);
        assert_eq!(mask, [y, y, n, n, n, n, n, n, y, y, y, n]);

        let negative = Tensor::<1, Int>::from_data([2, -1], device);
        let error = Lengths::from_tensor(negative).unwrap_err();
        assert_eq!(
            error,
            SequencesError::NegativeLength {
                sequence: 1,
                length: -1
            }
        );
        let holes = Tensor::<2, Bool>::from_data([[y, y, y], [y, n, y]], device);
        let error = Lengths::from_mask(holes).unwrap_err();
        let told = error.to_string();
        assert!(
            told.contains("sequence 1") && told.contains("step at 2"),
            "{told}"
        );

        let rows = Tensor::<2, Bool>::from_data([[y, n], [n, y]], device);
        assert_eq!(
            Resets::from_tensor(rows),
            Resets::new([[y, n], [n, y]]).unwrap()
        );
        let error = Resets::new([&[y, n][..], &[y][..]]).unwrap_err();
        assert_eq!(
            error,
            SequencesError::UnequalRows {
                sequence: 1,
                steps: 1,
                expected: 2
            }
        );
    });
}
