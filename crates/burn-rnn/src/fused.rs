//! Cells on the fused operators of `burn-rnn-kernels`, where those cover them.

// An attempt that fails gives back what it was given, whole; a box would cost every step an allocation.
#![allow(clippy::result_large_err)]

use burn::tensor::Tensor;
use burn_rnn_kernels::{CellSpec, ScanTensors, Steps};

use crate::{HiddenState, LstmState};

/// Which way a scan runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// From the first step to the last.
    Forward,
    /// From the last step to the first.
    Backward,
}

/// The parameters of a cell as the operators read them, and the operator's name for the cell.
pub(crate) struct Fused {
    pub(crate) spec: CellSpec,
    pub(crate) w_input: Tensor<2>,
    pub(crate) w_hidden: Tensor<2>,
    pub(crate) bias: Option<Tensor<1>>,
    pub(crate) bias_hidden: Option<Tensor<1>>,
    pub(crate) peephole: Option<Tensor<2>>,
}

/// A scan's result, or what it was given where the operators do not cover it: another backend, another float type.
pub(crate) type Attempt<const D: usize, S> = Result<(Tensor<D>, S), (Tensor<D>, S)>;

/// The state of a cell as the operators take and give it.
pub(crate) trait FusedState: Sized {
    /// The hidden and, where there is one, the cell state.
    fn into_parts(self) -> (Tensor<2>, Option<Tensor<2>>);

    /// The reverse of [`into_parts`](FusedState::into_parts).
    fn from_parts(hidden: Tensor<2>, cell: Option<Tensor<2>>) -> Self;
}

impl FusedState for HiddenState {
    fn into_parts(self) -> (Tensor<2>, Option<Tensor<2>>) {
        (self.hidden, None)
    }

    fn from_parts(hidden: Tensor<2>, _: Option<Tensor<2>>) -> Self {
        Self::new(hidden)
    }
}

/// Without the gates that full gate recurrence carries, which the operators do not cover.
impl FusedState for LstmState {
    fn into_parts(self) -> (Tensor<2>, Option<Tensor<2>>) {
        (self.hidden, Some(self.cell))
    }

    fn from_parts(hidden: Tensor<2>, cell: Option<Tensor<2>>) -> Self {
        Self::new(hidden, cell.expect("an LSTM has a cell state"))
    }
}

impl Fused {
    /// All hidden states and the state after the last step that was run.
    pub(crate) fn scan<S: FusedState>(
        self,
        input: Tensor<3>,
        state: S,
        time: Time,
    ) -> Attempt<3, S> {
        let (output, cell) = self.run(input, state, time == Time::Backward)?;
        let last = match time {
            Time::Forward => output.dims()[1] - 1,
            Time::Backward => 0,
        };
        let hidden = output.clone().narrow(1, last, 1).squeeze_dim(1);
        Ok((output, S::from_parts(hidden, cell)))
    }

    /// The state after one step; no output beside, because it is the state's hidden part.
    pub(crate) fn step<S: FusedState>(self, x_t: Tensor<2>, state: S) -> Result<S, (Tensor<2>, S)> {
        let (hidden, cell) = self.run(x_t, state, false)?;
        Ok(S::from_parts(hidden, cell))
    }

    /// The steps from a state on, one after another.
    pub(crate) fn steps<S: FusedState>(self, state: S) -> Option<Steps> {
        let (hidden, cell) = state.into_parts();
        let [batch, _] = hidden.dims();
        let [d_input, _] = self.w_input.dims();
        let x = Tensor::zeros([batch, d_input], (&hidden.device(), hidden.dtype()));
        let spec = self.spec;
        burn_rnn_kernels::steps(spec, self.tensors(x, hidden, cell))
    }

    fn run<const D: usize, S: FusedState>(
        self,
        x: Tensor<D>,
        state: S,
        reverse: bool,
    ) -> Result<(Tensor<D>, Option<Tensor<2>>), (Tensor<D>, S)> {
        let (hidden, cell) = state.into_parts();
        let spec = self.spec;
        burn_rnn_kernels::scan(spec, self.tensors(x, hidden, cell), reverse)
            .map_err(|tensors| (tensors.x, S::from_parts(tensors.hidden, tensors.cell)))
    }

    fn tensors<const D: usize>(
        self,
        x: Tensor<D>,
        hidden: Tensor<2>,
        cell: Option<Tensor<2>>,
    ) -> ScanTensors<D> {
        ScanTensors {
            x,
            hidden,
            cell,
            w_input: self.w_input,
            w_hidden: self.w_hidden,
            bias: self.bias,
            bias_hidden: self.bias_hidden,
            peephole: self.peephole,
        }
    }
}
