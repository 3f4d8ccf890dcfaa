//! What a stream runs on: the engine's steps on plain floats, or Burn's tensors.

use core::ops::Range;

use burn::tensor::{Tensor, TensorData};
use burn_rnn_kernels::Steps;

use crate::scan_parts::{begin_anew, join};
use crate::{Cell, Layer, Recurrent, RecurrentState, State};

#[derive(Clone, Debug)]
pub(crate) enum Engine<C: Cell> {
    /// All layers on the fused operators.
    Fused(FusedLayers),
    /// The state, and the last output as floats, where they were asked for.
    Tensors(RecurrentState<C::State>, Vec<f32>),
}

/// The layers in their order; there is one at least.
#[derive(Clone, Debug)]
pub(crate) struct FusedLayers(Vec<FusedLayer>);

#[derive(Clone, Debug)]
struct FusedLayer {
    steps: Steps,
    skip: Skip,
}

/// How a layer is skipped around, and where that stands.
#[derive(Clone, Debug)]
enum Skip {
    None,
    /// Output and input together.
    Residual(Vec<f32>),
    /// The input of the network and the outputs of all layers before, side by side.
    Dense(Vec<f32>),
}

impl<C: Cell> Engine<C> {
    pub(crate) fn new(network: &Recurrent<C>, state: RecurrentState<C::State>) -> Self {
        let stack = &network.stack;
        let layers = stack.layers.iter().zip(&state.layers);
        let fused: Option<Vec<FusedLayer>> = layers
            .map(|(layer, state)| {
                let settings = &layer.regularizer.settings;
                let steps = layer.forward.steps_regularized(&state.forward, settings)?;
                let skip = if stack.residual && layer.d_input() == layer.d_output() {
                    Skip::Residual(steps.hidden().to_vec())
                } else if stack.dense {
                    Skip::Dense(vec![0.0; steps.batch() * steps.d_input()])
                } else {
                    Skip::None
                };
                Some(FusedLayer { steps, skip })
            })
            .collect();
        match fused {
            Some(layers) => Self::Fused(FusedLayers(layers)),
            None => Self::Tensors(state, Vec::new()),
        }
    }

    /// The state of some rows of the network's.
    pub(crate) fn read(
        &self,
        network: &Recurrent<C>,
        rows: Range<usize>,
    ) -> RecurrentState<C::State> {
        let layers = match self {
            Self::Tensors(state, _) => return state.clone().slice_batch(rows),
            Self::Fused(FusedLayers(layers)) => layers,
        };
        let mut states = layers.iter().flat_map(|layer| layer.steps.states());
        network.zero_state(rows.len()).map(&mut |zeros| {
            let [_, width] = zeros.dims();
            let floats = states.next().expect("a state for each of the cell's");
            let floats = floats[rows.start * width..rows.end * width].to_vec();
            let floats = TensorData::new(floats, zeros.dims());
            Tensor::from_data(floats, (&zeros.device(), zeros.dtype()))
        })
    }

    /// Puts a state with all its tensors in the place of the rows from `first` on.
    pub(crate) fn write(&mut self, first: usize, state: RecurrentState<C::State>) {
        match self {
            Self::Fused(FusedLayers(layers)) => {
                let layers = layers.iter_mut();
                let mut places = layers.flat_map(|layer| layer.steps.states_mut());
                state.map(&mut |tensor| {
                    let place = places.next().expect("a place for each of the cell's");
                    let [_, width] = tensor.dims();
                    let floats = tensor.clone().into_data();
                    let floats = floats.as_slice().expect("fused networks are of f32");
                    place[first * width..][..floats.len()].copy_from_slice(floats);
                    tensor
                });
            }
            Self::Tensors(current, _) => {
                *current = join(current.clone(), state.detach(), |current, given| {
                    let [rows, width] = given.dims();
                    if current.dims() == given.dims() {
                        return given;
                    }
                    current.slice_assign([first..first + rows, 0..width], given)
                });
            }
        }
    }

    /// Starts some rows again from the initial state.
    pub(crate) fn reset_rows(&mut self, network: &Recurrent<C>, batch: usize, rows: &[usize]) {
        let mut starts = network
            .stack
            .layers
            .iter()
            .map(|layer| &layer.forward_start);
        if starts.any(Option::is_some) {
            // Learned: not what the cell begins with.
            return rows
                .iter()
                .for_each(|&row| self.write(row, network.zero_state(1)));
        }
        match self {
            Self::Fused(FusedLayers(layers)) => {
                for FusedLayer { steps, .. } in layers {
                    steps.reset_rows(rows);
                }
            }
            Self::Tensors(state, _) => {
                let mut begins = vec![false; batch];
                for &row in rows {
                    begins[row] = true;
                }
                let layers = network.stack.layers.iter();
                for (layer, state) in layers.zip(&mut state.layers) {
                    let initial = |batch| layer.forward.zero_state(batch);
                    state.forward = begin_anew(state.forward.clone(), initial, &begins);
                }
            }
        }
    }
}

impl FusedLayers {
    /// One step through all layers.
    pub(crate) fn step(&mut self, x_t: &[f32]) -> &[f32] {
        if matches!(self.0[0].skip, Skip::Dense(_)) {
            return self.step_dense(x_t);
        }
        let (first, others) = self.0.split_first_mut().expect("a network has a layer");
        others
            .iter_mut()
            .fold(first.step(x_t), |x_t, layer| layer.step(x_t))
    }

    /// One step through layers that each read what all before have given.
    fn step_dense(&mut self, x_t: &[f32]) -> &[f32] {
        for index in 0..self.0.len() {
            let (before, rest) = self.0.split_at_mut(index);
            let FusedLayer { steps, skip } = &mut rest[0];
            let Skip::Dense(input) = skip else {
                unreachable!("all layers of a dense network are so");
            };
            let (batch, d_input) = (steps.batch(), steps.d_input());
            let mut first = 0;
            let outputs = before.iter().map(|layer| layer.steps.hidden());
            for part in core::iter::once(x_t).chain(outputs) {
                let width = part.len() / batch;
                for (to, from) in input
                    .chunks_exact_mut(d_input)
                    .zip(part.chunks_exact(width))
                {
                    to[first..first + width].copy_from_slice(from);
                }
                first += width;
            }
            steps.step(input);
        }
        let last = self.0.last().expect("a network has a layer");
        last.steps.hidden()
    }
}

impl FusedLayer {
    fn step(&mut self, x_t: &[f32]) -> &[f32] {
        let output = self.steps.step(x_t);
        let Skip::Residual(sum) = &mut self.skip else {
            return output;
        };
        for ((sum, output), x_t) in sum.iter_mut().zip(output).zip(x_t) {
            *sum = output + x_t;
        }
        sum
    }
}
