//! Cells on the fused operators of `burn-rnn-kernels`, where those cover them.

// An attempt that fails gives back what it was given, whole; a box would cost every step an allocation.
#![allow(clippy::result_large_err)]

use burn::tensor::Tensor;
use burn_rnn_kernels::{CellSpec, ScanResults, ScanTensors, Steps};

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
    pub(crate) w_gates: Option<Tensor<2>>,
}

/// A scan's result, or what it was given where the operators do not cover it: another backend, another float type.
pub(crate) type Attempt<const D: usize, S> = Result<(Tensor<D>, S), (Tensor<D>, S)>;

/// The state of a cell as the operators take and give it.
pub(crate) trait FusedState: Sized {
    /// The tensors of the state.
    fn into_parts(self) -> Parts;

    /// The reverse of [`into_parts`](FusedState::into_parts).
    fn from_parts(parts: Parts) -> Self;
}

/// What is carried from step to step, as far as a cell has it.
pub(crate) struct Parts {
    hidden: Tensor<2>,
    cell: Option<Tensor<2>>,
    gates: Option<Tensor<2>>,
}

impl FusedState for HiddenState {
    fn into_parts(self) -> Parts {
        Parts {
            hidden: self.hidden,
            cell: None,
            gates: None,
        }
    }

    fn from_parts(parts: Parts) -> Self {
        Self::new(parts.hidden)
    }
}

impl FusedState for LstmState {
    fn into_parts(self) -> Parts {
        Parts {
            hidden: self.hidden,
            cell: Some(self.cell),
            gates: self.gates,
        }
    }

    fn from_parts(parts: Parts) -> Self {
        Self {
            hidden: parts.hidden,
            cell: parts.cell.expect("an LSTM has a cell state"),
            gates: parts.gates,
        }
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
        let ScanResults {
            output,
            cell,
            gates,
        } = self.run(input, state, time == Time::Backward)?;
        let last = match time {
            Time::Forward => output.dims()[1] - 1,
            Time::Backward => 0,
        };
        let hidden = output.clone().narrow(1, last, 1).squeeze_dim(1);
        let parts = Parts {
            hidden,
            cell,
            gates,
        };
        Ok((output, S::from_parts(parts)))
    }

    /// The state after one step; no output beside, because it is the state's hidden part.
    pub(crate) fn step<S: FusedState>(self, x_t: Tensor<2>, state: S) -> Result<S, (Tensor<2>, S)> {
        let ScanResults {
            output,
            cell,
            gates,
        } = self.run(x_t, state, false)?;
        Ok(S::from_parts(Parts {
            hidden: output,
            cell,
            gates,
        }))
    }

    /// The steps from a state on, one after another.
    pub(crate) fn steps<S: FusedState>(self, state: S) -> Option<Steps> {
        let state = state.into_parts();
        let [batch, _] = state.hidden.dims();
        let [d_input, _] = self.w_input.dims();
        let options = (&state.hidden.device(), state.hidden.dtype());
        let x = Tensor::zeros([batch, d_input], options);
        burn_rnn_kernels::steps(self.spec, self.tensors(x, state))
    }

    fn run<const D: usize, S: FusedState>(
        self,
        x: Tensor<D>,
        state: S,
        reverse: bool,
    ) -> Result<ScanResults<D>, (Tensor<D>, S)> {
        let spec = self.spec;
        burn_rnn_kernels::scan(spec, self.tensors(x, state.into_parts()), reverse).map_err(
            |tensors| {
                let parts = Parts {
                    hidden: tensors.hidden,
                    cell: tensors.cell,
                    gates: tensors.gates,
                };
                (tensors.x, S::from_parts(parts))
            },
        )
    }

    fn tensors<const D: usize>(self, x: Tensor<D>, state: Parts) -> ScanTensors<D> {
        let Parts {
            hidden,
            cell,
            gates,
        } = state;
        ScanTensors {
            x,
            hidden,
            cell,
            // A cell without full gate recurrence does not look at those of a state.
            gates: gates.filter(|_| self.w_gates.is_some()),
            w_input: self.w_input,
            w_hidden: self.w_hidden,
            bias: self.bias,
            bias_hidden: self.bias_hidden,
            peephole: self.peephole,
            w_gates: self.w_gates,
        }
    }
}
