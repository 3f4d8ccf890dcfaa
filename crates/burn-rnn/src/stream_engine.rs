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
    /// Output and input together, where the layer is skipped around.
    sum: Option<Vec<f32>>,
}

impl<C: Cell> Engine<C> {
    pub(crate) fn new(network: &Recurrent<C>, state: RecurrentState<C::State>) -> Self {
        let stack = &network.stack;
        let layers = stack.layers.iter().zip(&state.layers);
        let fused: Option<Vec<FusedLayer>> = layers
            .map(|(layer, state)| {
                let steps = layer.forward.steps(&state.forward)?;
                let skip = stack.residual && layer.d_input() == layer.d_output();
                let sum = skip.then(|| steps.hidden().to_vec());
                Some(FusedLayer { steps, sum })
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
                    state.forward = begin_anew(&layer.forward, state.forward.clone(), &begins);
                }
            }
        }
    }
}

impl FusedLayers {
    /// One step through all layers.
    pub(crate) fn step(&mut self, x_t: &[f32]) -> &[f32] {
        let (first, others) = self.0.split_first_mut().expect("a network has a layer");
        others
            .iter_mut()
            .fold(first.step(x_t), |x_t, layer| layer.step(x_t))
    }
}

impl FusedLayer {
    fn step(&mut self, x_t: &[f32]) -> &[f32] {
        let output = self.steps.step(x_t);
        let Some(sum) = &mut self.sum else {
            return output;
        };
        for ((sum, output), x_t) in sum.iter_mut().zip(output).zip(x_t) {
            *sum = output + x_t;
        }
        sum
    }
}
