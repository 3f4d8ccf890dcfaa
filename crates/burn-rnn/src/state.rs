//! What a recurrent network carries from one time step to the next.

use core::fmt::Debug;
use core::ops::Range;

use burn::tensor::{Device, Tensor, TensorCreationOptions};

use crate::DefinedState;

/// The state of a cell, a layer or a whole network: a bundle of tensors `[batch, features]`.
///
/// Implement [`map`](State::map); everything else follows from it.
pub trait State: Clone + Debug + Send {
    /// Applies `f` to every tensor of the state, always in the same order.
    fn map(self, f: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self;

    /// Cuts the state off from the graph that computed it: no gradient flows through it.
    ///
    /// Truncated back-propagation through time carries `state.detach()` from window to window.
    #[must_use]
    fn detach(self) -> Self {
        self.map(&mut |tensor| tensor.detach())
    }

    /// The state of the sequences `range` of the batch.
    ///
    /// # Panics
    ///
    /// Where `range` reaches beyond the batch, or ends before it starts; the message shows both.
    #[must_use]
    fn slice_batch(self, range: Range<usize>) -> Self {
        self.map(&mut |tensor| {
            let dims = tensor.dims();
            assert!(
                range.start <= range.end && range.end <= dims[0],
                "slice_batch: the sequences {range:?} of a state of shape {dims:?} = [batch, features], expected a range within 0..{}",
                dims[0]
            );
            tensor.slice_dim(0, range.clone())
        })
    }

    /// The state on another device.
    #[must_use]
    fn to_device(self, device: &Device) -> Self {
        self.map(&mut |tensor| tensor.to_device(device))
    }

    /// The shapes `[batch, features]` of all tensors, in the order of [`map`](State::map).
    fn shapes(&self) -> Vec<[usize; 2]> {
        let mut shapes = Vec::new();
        self.clone().map(&mut |tensor| {
            shapes.push(tensor.dims());
            tensor
        });
        shapes
    }
}

/// The state of one cell: a [`State`] that holds the cell's output `h_t`.
pub trait CellState: State {
    /// The hidden state `h_t`, shape `[batch, d_hidden]`: what the cell shows to the outside.
    fn hidden(&self) -> Tensor<2>;
}

/// The state of a cell that carries its output alone: the simple cell and the GRU.
#[derive(Clone, Debug)]
pub struct HiddenState {
    /// The hidden state `h_t`, shape `[batch, d_hidden]`.
    pub hidden: Tensor<2>,
}

impl HiddenState {
    /// A state from its tensor `[batch, d_hidden]`.
    pub fn new(hidden: Tensor<2>) -> Self {
        Self { hidden }
    }

    /// The state before the first step: zeros `[batch, d_hidden]`.
    pub fn zeros(batch: usize, d_hidden: usize, options: impl Into<TensorCreationOptions>) -> Self {
        Self::new(Tensor::zeros([batch, d_hidden], options))
    }
}

impl State for HiddenState {
    fn map(self, f: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self {
        Self::new(f(self.hidden))
    }

    fn shapes(&self) -> Vec<[usize; 2]> {
        vec![self.hidden.dims()]
    }
}

impl CellState for HiddenState {
    fn hidden(&self) -> Tensor<2> {
        self.hidden.clone()
    }
}

impl DefinedState for HiddenState {
    fn into_tensors(self) -> Vec<Option<Tensor<2>>> {
        vec![Some(self.hidden)]
    }

    fn from_tensors(tensors: Vec<Tensor<2>>) -> Self {
        let [hidden] = tensors
            .try_into()
            .expect("the cell carries its output alone");
        Self::new(hidden)
    }
}

/// The state of an LSTM: the hidden state, the cell state and, with full gate recurrence, the gates.
#[derive(Clone, Debug)]
pub struct LstmState {
    /// The hidden state `h_t`, shape `[batch, d_hidden]`, or `[batch, d_output]` of an LSTM that projects.
    pub hidden: Tensor<2>,
    /// The cell state `C_t`, shape `[batch, d_hidden]`.
    pub cell: Tensor<2>,
    /// The values of the sigmoid gates at the last step, shape `[batch, gates · d_hidden]`, in the
    /// order input, forget, output. Only full gate recurrence carries them; where they are absent
    /// it starts from zeros.
    pub gates: Option<Tensor<2>>,
}

impl LstmState {
    /// A state from its two tensors `[batch, d_hidden]`.
    pub fn new(hidden: Tensor<2>, cell: Tensor<2>) -> Self {
        Self {
            hidden,
            cell,
            gates: None,
        }
    }

    /// The state before the first step: zeros `[batch, d_hidden]`.
    pub fn zeros(batch: usize, d_hidden: usize, options: impl Into<TensorCreationOptions>) -> Self {
        let zeros = Tensor::zeros([batch, d_hidden], options);
        Self::new(zeros.clone(), zeros)
    }
}

impl State for LstmState {
    fn map(self, f: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self {
        Self {
            hidden: f(self.hidden),
            cell: f(self.cell),
            gates: self.gates.map(f),
        }
    }

    fn shapes(&self) -> Vec<[usize; 2]> {
        let mut shapes = vec![self.hidden.dims(), self.cell.dims()];
        shapes.extend(self.gates.as_ref().map(Tensor::dims));
        shapes
    }
}

impl CellState for LstmState {
    fn hidden(&self) -> Tensor<2> {
        self.hidden.clone()
    }
}

impl DefinedState for LstmState {
    fn into_tensors(self) -> Vec<Option<Tensor<2>>> {
        vec![Some(self.hidden), Some(self.cell), self.gates]
    }

    fn from_tensors(tensors: Vec<Tensor<2>>) -> Self {
        let mut tensors = tensors.into_iter();
        let mut next = || tensors.next();
        Self {
            hidden: next().expect("an LSTM has a hidden state"),
            cell: next().expect("an LSTM has a cell state"),
            gates: next(),
        }
    }
}
