//! A network that runs step by step for a long time.

use burn::module::Param;
use burn::nn::DropoutConfig;
use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::layer::check_type;
use crate::stream_engine::Engine;
use crate::{Cell, Recurrent, State, Streaming};

/// A [`Recurrent`] network that reads one step after another and carries its state.
///
/// It gives what [`Recurrent::step`] gives, sooner: on Flex and NdArray with `f32` it keeps the parameters packed and the
/// state as plain floats, and a step of [`step_floats`](Stream::step_floats) allocates nothing. Everywhere else it calls
/// [`Recurrent::step`]. The parameters are those that the network had when the stream was made, dropout is off and no gradient
/// flows. A clone goes on by itself from the same state and shares the packed parameters.
///
/// Its rows are sequences side by side: sessions of a server that come and go by [`take`](Stream::take), [`put`](Stream::put) and
/// [`reset_rows`](Stream::reset_rows), and outlive it by [`snapshot`](Stream::snapshot). See the [guide](crate::guides::streams).
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
    pub(crate) network: Recurrent<C>,
    pub(crate) batch: usize,
    pub(crate) device: Device,
    /// The type of the parameters, of the state and of every step; not always the device's default.
    pub(crate) dtype: DType,
    pub(crate) engine: Engine<C>,
}

impl<C: Cell> Stream<C> {
    pub(crate) fn new(mut network: Recurrent<C>, batch: usize) -> Self {
        assert!(
            !network.is_bidirectional(),
            "a bidirectional network cannot be run step by step: its backward direction begins at the end of the sequence, which a stream \
             has not reached; use forward, or make it with with_bidirectional(false)"
        );
        assert!(batch > 0, "a stream of no sequences; expected at least 1");
        network.stack.dropout = DropoutConfig::new(0.0).init();
        for layer in &mut network.stack.layers {
            layer.regularizer.training = Param::from_bool(false);
        }
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
                let output = layers.step(x_t).to_vec();
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
            Engine::Fused(layers) => layers.step(x_t),
            Engine::Tensors(_, output) => output,
        }
    }
}
