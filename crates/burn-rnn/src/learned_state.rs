//! A state before the first step that is learned.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::{Cell, State};

/// The state of a cell before the first step, trained like any other parameter. It starts from the cell's own initial state, zeros as a
/// rule. Made by [`with_learned_state`](crate::RecurrentConfig::with_learned_state).
#[derive(Module, Debug)]
pub struct LearnedState {
    /// Each tensor of the state for one sequence, `[1, features]`, in the order of [`State::map`].
    pub tensors: Vec<Param<Tensor<2>>>,
}

impl LearnedState {
    /// A state that starts from the cell's own.
    pub fn new(cell: &impl Cell, device: &Device) -> Self {
        let mut tensors = Vec::new();
        cell.zero_state(1).map(&mut |tensor| {
            tensors.push(Param::from_tensor(tensor.clone().to_device(device)));
            tensor
        });
        Self { tensors }
    }

    /// The state for so many sequences.
    pub fn state<C: Cell>(&self, cell: &C, batch: usize) -> C::State {
        let mut tensors = self.tensors.iter();
        cell.zero_state(1).map(&mut |_| {
            let tensor = tensors.next().expect("as many as the cell's state has");
            let tensor = tensor.val();
            let [_, features] = tensor.dims();
            tensor.expand([batch, features])
        })
    }
}
