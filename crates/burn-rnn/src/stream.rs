//! A network that runs step by step for a long time.

use burn::nn::DropoutConfig;
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_rnn_kernels::Steps;

use crate::layer::check_type;
use crate::scan::check_cell_state;
use crate::{Cell, Layer, Recurrent, RecurrentState, State, Streaming};

/// A [`Recurrent`] network that reads one step after another and carries its state.
///
/// It gives what [`Recurrent::step`] gives, sooner: on Flex and NdArray with `f32` it keeps the parameters packed and the
/// state as plain floats, and a step of [`step_floats`](Stream::step_floats) allocates nothing. Everywhere else it calls
/// [`Recurrent::step`]. The parameters are those that the network had when the stream was made, dropout is off and no gradient
/// flows. A clone goes on by itself from the same state and shares the packed parameters: one for each session of a server.
///
/// ```
/// use burn::tensor::Device;
/// use burn_rnn::LstmConfig;
///
/// let lstm = LstmConfig::new(2, 16).with_layers(2).init(&Device::default());
/// let mut stream = lstm.stream(1);
/// for sample in [[0.1, 0.2], [0.3, 0.4]] {
///     let hidden: &[f32] = stream.step_floats(&sample);
///     assert_eq!(hidden.len(), 16);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Stream<C: Cell> {
    network: Recurrent<C>,
    batch: usize,
    device: Device,
    /// The type of the parameters, of the state and of every step; not always the device's default.
    dtype: DType,
    engine: Engine<C>,
}

#[derive(Clone, Debug)]
enum Engine<C: Cell> {
    /// All layers on the fused operators.
    Fused(Vec<FusedLayer>),
    /// Burn's tensors, and the last output as floats, where they were asked for.
    Tensors(RecurrentState<C::State>, Vec<f32>),
}

#[derive(Clone, Debug)]
struct FusedLayer {
    steps: Steps,
    /// Output and input together, where the layer is skipped around.
    sum: Option<Vec<f32>>,
}

impl<C: Cell> Stream<C> {
    pub(crate) fn new(mut network: Recurrent<C>, batch: usize) -> Self {
        assert!(
            !network.is_bidirectional(),
            "a bidirectional network reads whole sequences and cannot be run step by step; use forward, or make it with \
             with_bidirectional(false)"
        );
        assert!(batch > 0, "a stream of no sequences; expected at least 1");
        network.stack.dropout = DropoutConfig::new(0.0).init();
        let state = network.zero_state(batch);
        let mut options = None;
        let state = state.map(&mut |tensor| {
            options.get_or_insert_with(|| (tensor.device(), tensor.dtype()));
            tensor
        });
        let (device, dtype) = options.expect("a network has layers, and they have states");
        Self {
            engine: Engine::new(&network, state),
            network,
            batch,
            device,
            dtype,
        }
    }

    /// The number of sequences.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The network.
    pub fn network(&self) -> &Recurrent<C> {
        &self.network
    }

    /// One time step, `[batch, d_input]` to `[batch, d_output]`.
    ///
    /// # Panics
    ///
    /// Where the shape does not fit, or the input is not of the parameters' type; the message shows both.
    pub fn step(&mut self, x_t: Tensor<2>) -> Tensor<2> {
        let dims = x_t.dims();
        let (batch, d_input) = (self.batch, self.network.d_input());
        assert!(
            dims == [batch, d_input],
            "Stream: the step's input has shape {dims:?}, expected [batch = {batch}, d_input = {d_input}]"
        );
        check_type(|| "Stream", "the step's input", x_t.dtype(), self.dtype);
        match &mut self.engine {
            Engine::Fused(layers) => {
                let x_t = x_t.into_data();
                let x_t = x_t.as_slice().expect("fused networks are of f32");
                let output = run(layers, x_t).to_vec();
                let shape = [batch, output.len() / batch];
                let options = (&self.device, self.dtype);
                Tensor::from_data(TensorData::new(output, shape), options)
            }
            Engine::Tensors(state, _) => {
                let (output, next) = self.network.stack.step(x_t, Some(state.clone()));
                *state = next.detach();
                output.detach()
            }
        }
    }

    /// [`step`](Stream::step) on plain floats, row by row: `batch · d_input` to `batch · d_output`. A network of another float type
    /// computes in that type.
    ///
    /// # Panics
    ///
    /// Where there are more or fewer floats; the message shows both numbers.
    pub fn step_floats(&mut self, x_t: &[f32]) -> &[f32] {
        let (batch, d_input) = (self.batch, self.network.d_input());
        assert!(
            x_t.len() == batch * d_input,
            "Stream: the step's input has {} floats, expected batch · d_input = {batch} · {d_input}",
            x_t.len()
        );
        if let Engine::Tensors(..) = self.engine {
            let x_t = TensorData::new(x_t.to_vec(), [batch, d_input]);
            let output = self.step(Tensor::from_data(x_t, (&self.device, self.dtype)));
            let floats = output.into_data().iter().collect();
            if let Engine::Tensors(_, output) = &mut self.engine {
                *output = floats;
            }
        }
        match &mut self.engine {
            Engine::Fused(layers) => run(layers, x_t),
            Engine::Tensors(_, output) => output,
        }
    }

    /// The state after the last step, for [`Recurrent::step`] and [`Recurrent::forward`] or to keep.
    pub fn state(&self) -> RecurrentState<C::State> {
        let layers = match &self.engine {
            Engine::Tensors(state, _) => return state.clone(),
            Engine::Fused(layers) => layers,
        };
        let mut floats = layers.iter().flat_map(|layer| layer.steps.states());
        self.network.zero_state(self.batch).map(&mut |zeros| {
            let floats = floats.next().expect("a state for each of the cell's");
            let floats = TensorData::new(floats.to_vec(), zeros.dims());
            Tensor::from_data(floats, (&self.device, self.dtype))
        })
    }

    /// Goes on from a state, for instance one of [`Recurrent::forward`] over what came before.
    ///
    /// # Panics
    ///
    /// Where it does not fit the network and the batch, has another direction, or is not of the parameters' type; the message shows both.
    pub fn set_state(&mut self, state: RecurrentState<C::State>) {
        let (given, expected) = (state.layers.len(), self.network.stack.layers.len());
        assert!(
            given == expected,
            "Stream: the state has {given} layers, expected {expected}"
        );
        for (layer, state) in self.network.stack.layers.iter().zip(&state.layers) {
            layer.check_directions(state);
            check_cell_state(&layer.forward, &state.forward, self.batch);
        }
        let state = state.map(&mut |tensor| {
            check_type(|| "Stream", "the state", tensor.dtype(), self.dtype);
            tensor
        });
        match &mut self.engine {
            Engine::Fused(layers) => {
                for (layer, state) in layers.iter_mut().zip(state.layers) {
                    // Gates that are not given are zeros.
                    layer.steps.reset();
                    let mut places = layer.steps.states_mut();
                    state.forward.map(&mut |tensor| {
                        if let Some(place) = places.next() {
                            let floats: Vec<f32> = tensor.clone().into_data().iter().collect();
                            place.copy_from_slice(&floats);
                        }
                        tensor
                    });
                }
            }
            Engine::Tensors(current, _) => *current = state.detach(),
        }
    }

    /// Starts again from zeros, as for a new sequence.
    pub fn reset(&mut self) {
        match &mut self.engine {
            Engine::Fused(layers) => {
                for FusedLayer { steps, .. } in layers {
                    steps.reset();
                }
            }
            Engine::Tensors(state, _) => *state = self.network.zero_state(self.batch),
        }
    }
}

impl<C: Cell> Engine<C> {
    fn new(network: &Recurrent<C>, state: RecurrentState<C::State>) -> Self {
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
            Some(layers) => Self::Fused(layers),
            None => Self::Tensors(state, Vec::new()),
        }
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

/// One step through all layers.
fn run<'a>(layers: &'a mut [FusedLayer], x_t: &[f32]) -> &'a [f32] {
    let (first, others) = layers.split_first_mut().expect("a network has a layer");
    others
        .iter_mut()
        .fold(first.step(x_t), |x_t, layer| layer.step(x_t))
}
