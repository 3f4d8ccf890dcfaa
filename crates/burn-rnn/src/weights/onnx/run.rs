//! A node on its own, run as ONNX says.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::weights::network::AnyNetwork;
use crate::{
    Cell, DefinedCell, DefinedState, Direction, DirectionalState, Layer, Lengths, Recurrent,
    RecurrentState, Sequences,
};

/// In which direction a node reads its sequences: its attribute `direction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnnxDirection {
    /// From the first step to the last.
    #[default]
    Forward,
    /// From the last step to the first.
    Reverse,
    /// Both.
    Bidirectional,
}

impl OnnxDirection {
    /// The number of directions.
    pub fn count(self) -> usize {
        match self {
            Self::Forward | Self::Reverse => 1,
            Self::Bidirectional => 2,
        }
    }
}

/// An `RNN`, `LSTM` or `GRU` node of ONNX, which gives what the operator's specification says: each direction apart, with the axes of its
/// `layout`, from the initial states that the file or the caller has.
///
/// For a network that runs as the others of this library do, take [`OnnxFile::lstm`](super::OnnxFile::lstm) and its like.
///
/// ```no_run
/// use burn::tensor::{Device, Tensor};
/// use burn_rnn::Lengths;
/// use burn_rnn::weights::{OnnxFile, OnnxInputs};
///
/// # fn main() -> Result<(), burn_rnn::weights::WeightsError> {
/// let device = Device::default();
/// let node = OnnxFile::open("model.onnx")?.node("encoder", &device)?;
/// let x = Tensor::zeros([20, 2, 8], &device); // [time, batch, features]
/// let lengths = OnnxInputs::default().with_sequence_lens(Lengths::new([20, 7]));
/// let outputs = node.forward(x, lengths);
/// let [_time, _directions, _batch, _hidden] = outputs.y.dims();
/// # Ok(())
/// # }
/// ```
#[derive(Module, Debug)]
pub struct OnnxNode {
    /// The network, of one layer. Where the node is a [reverse](OnnxDirection::Reverse) one, its forward cell is the one that runs against
    /// time.
    pub network: AnyNetwork,
    /// The attribute `direction`.
    #[module(skip)]
    pub direction: OnnxDirection,
    /// The attribute `layout`: sequences and states have the batch first where it is 1.
    #[module(skip)]
    pub batch_first: bool,
    /// The input `initial_h` where it is a constant of the file, with the axes of the node's layout.
    pub initial_h: Option<Tensor<3>>,
    /// The input `initial_c` where it is a constant of the file.
    pub initial_c: Option<Tensor<3>>,
    /// The input `sequence_lens` where it is a constant of the file.
    #[module(skip)]
    pub sequence_lens: Option<Lengths>,
}

/// The inputs of a node beside its sequences and parameters. Those that are none are the constants of the file, or zeros and whole
/// sequences where it has none.
#[derive(Clone, Debug, Default)]
pub struct OnnxInputs {
    /// `sequence_lens`.
    pub sequence_lens: Option<Lengths>,
    /// `initial_h`, `[directions, batch, hidden]`, or `[batch, directions, hidden]` with `layout` 1.
    pub initial_h: Option<Tensor<3>>,
    /// `initial_c`, of the same shape, for an LSTM.
    pub initial_c: Option<Tensor<3>>,
}

impl OnnxInputs {
    /// Sets the number of steps of each sequence.
    #[must_use]
    pub fn with_sequence_lens(mut self, lengths: Lengths) -> Self {
        self.sequence_lens = Some(lengths);
        self
    }

    /// Sets the initial hidden state.
    #[must_use]
    pub fn with_initial_h(mut self, state: Tensor<3>) -> Self {
        self.initial_h = Some(state);
        self
    }

    /// Sets the initial cell state of an LSTM.
    #[must_use]
    pub fn with_initial_c(mut self, state: Tensor<3>) -> Self {
        self.initial_c = Some(state);
        self
    }
}

/// The outputs of a node.
#[derive(Clone, Debug)]
pub struct OnnxOutputs {
    /// `Y`, `[time, directions, batch, hidden]`, or `[batch, time, directions, hidden]` with `layout` 1. Zeros after the end of a sequence.
    pub y: Tensor<4>,
    /// `Y_h`, the hidden state after the last step that each direction reads, with the axes of [`OnnxInputs::initial_h`].
    pub y_h: Tensor<3>,
    /// `Y_c`, an LSTM's cell state after it.
    pub y_c: Option<Tensor<3>>,
}

impl OnnxNode {
    /// Runs the node: `x` is `[time, batch, features]`, or `[batch, time, features]` with `layout` 1.
    ///
    /// # Panics
    ///
    /// Where the shapes of the inputs do not fit, or a simple network or GRU is given a cell state; the message shows both.
    pub fn forward(&self, x: Tensor<3>, inputs: OnnxInputs) -> OnnxOutputs {
        match &self.network {
            AnyNetwork::SimpleRnn(network) => self.run(network, x, inputs),
            AnyNetwork::Lstm(network) => self.run(network, x, inputs),
            AnyNetwork::Gru(network) => self.run(network, x, inputs),
        }
    }

    fn run<C: Cell + DefinedCell<State = <C as Cell>::State>>(
        &self,
        network: &Recurrent<C>,
        x: Tensor<3>,
        inputs: OnnxInputs,
    ) -> OnnxOutputs {
        let x = if self.batch_first {
            x
        } else {
            x.swap_dims(0, 1)
        };
        let [batch, time, _] = x.dims();
        let lengths = inputs.sequence_lens.or_else(|| self.sequence_lens.clone());
        let sequences: Sequences = lengths.into();
        let hidden = inputs.initial_h.or_else(|| self.initial_h.clone());
        let cell = inputs.initial_c.or_else(|| self.initial_c.clone());
        let state = self.state(network, [hidden, cell], batch, &x.device());
        let direction = match self.direction {
            OnnxDirection::Reverse => Direction::Backward,
            OnnxDirection::Forward | OnnxDirection::Bidirectional => Direction::Forward,
        };
        let (output, state) = network.stack.run(x, state, &sequences, direction);
        let directions = self.direction.count();
        let width = output.dims()[2] / directions;
        let y = output.reshape([batch, time, directions, width]);
        let y = if self.batch_first {
            y
        } else {
            y.permute([1, 2, 0, 3])
        };
        let layers = state.layers.into_iter();
        let cells = layers.flat_map(|layer| core::iter::once(layer.forward).chain(layer.backward));
        let states: Vec<_> = cells.map(DefinedState::into_tensors).collect();
        let axis = usize::from(self.batch_first);
        let part = |part: usize| {
            let tensors = states
                .iter()
                .map(|state| state.get(part).cloned().flatten());
            let tensors = tensors.collect::<Option<Vec<Tensor<2>>>>()?;
            Some(Tensor::stack(tensors, axis))
        };
        OnnxOutputs {
            y,
            y_h: part(0).expect("every cell has a hidden state"),
            y_c: part(1),
        }
    }

    /// The initial state of each direction, none where nothing is given.
    fn state<C: Cell + DefinedCell<State = <C as Cell>::State>>(
        &self,
        network: &Recurrent<C>,
        given: [Option<Tensor<3>>; 2],
        batch: usize,
        device: &Device,
    ) -> Option<RecurrentState<<C as Cell>::State>> {
        if given.iter().all(Option::is_none) {
            return None;
        }
        let axis = usize::from(self.batch_first);
        let directions = self.direction.count();
        let parts = self.zeros(network, batch, device);
        assert!(
            parts.len() == given.len() || given[1].is_none(),
            "{} has no cell state, but initial_c is given: leave it out",
            self.network.kind()
        );
        for (zeros, given) in parts.iter().zip(&given) {
            let expected = zeros.dims();
            let given = given.as_ref().map_or(expected, Tensor::dims);
            assert!(
                given == expected,
                "the initial state has shape {given:?}, expected {expected:?}, of {batch} sequences and {directions} directions"
            );
        }
        let parts: Vec<Tensor<3>> = parts
            .into_iter()
            .zip(given)
            .map(|(zeros, given)| given.unwrap_or(zeros))
            .collect();
        let cell = |index: usize| {
            let part = |part: &Tensor<3>| part.clone().narrow(axis, index, 1).squeeze_dim(axis);
            DefinedState::from_tensors(parts.iter().map(part).collect())
        };
        let layer = DirectionalState {
            forward: cell(0),
            backward: (directions == 2).then(|| cell(1)),
        };
        Some(RecurrentState {
            layers: vec![layer],
        })
    }

    /// Zeros in the shape of each part of the state.
    fn zeros<C: Cell + DefinedCell<State = <C as Cell>::State>>(
        &self,
        network: &Recurrent<C>,
        batch: usize,
        device: &Device,
    ) -> Vec<Tensor<3>> {
        let shapes = network.stack.layers[0].zero_state(batch).forward;
        let shapes = crate::State::shapes(&shapes);
        let directions = self.direction.count();
        let zeros = |[batch, width]: [usize; 2]| match self.batch_first {
            true => Tensor::zeros([batch, directions, width], device),
            false => Tensor::zeros([directions, batch, width], device),
        };
        shapes.into_iter().map(zeros).collect()
    }
}
