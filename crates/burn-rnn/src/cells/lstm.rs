//! The LSTM and every published part that can be switched on or off.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::lstm_equations::{
    Coupled, DiagonalPeepholes, Form, FullPeepholes, Gate, LstmEquations, Parts, Plain,
};
use crate::definition::Engine;
use crate::gates::GateParameters;
use crate::{
    CellOptions, CellShape, ConfigError, Coupling, DefinedCell, GateRole, LstmState, Parameters,
    Peephole, PeepholeKind, Recurrent, RecurrentConfig,
};

/// The LSTM cell of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000):
///
/// ```text
/// i_t = σ(W_i [h_{t-1}, x_t] + b_i)
/// f_t = σ(W_f [h_{t-1}, x_t] + b_f)
/// C~  = tanh(W_C [h_{t-1}, x_t] + b_C)
/// C_t = f_t C_{t-1} + i_t C~
/// o_t = σ(W_o [h_{t-1}, x_t] + b_o)
/// h_t = o_t tanh(C_t)
/// ```
///
/// Its parameters are fused, one block of `d_hidden` columns a gate in the order input, forget,
/// candidate, output (PyTorch's `i, f, g, o`); [`gate`](LstmCell::gate) cuts one out by name. A
/// gate that [`LstmOptions`] switches off or couples has no block.
#[derive(Module, Debug)]
pub struct LstmCell {
    /// From the input, `[d_input, gates · d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// From the hidden state, `[d_hidden, gates · d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// The biases, `[gates · d_hidden]`; PyTorch's `bias_ih + bias_hh`.
    pub bias: Option<Param<Tensor<1>>>,
    /// The peepholes, where the gates see the cell state.
    pub peephole: Option<Peephole>,
    /// Full gate recurrence: from the sigmoid gates of the step before to those of this step, in the
    /// order input, forget, output: `[gates · d_hidden, gates · d_hidden]`.
    pub w_gates: Option<Param<Tensor<2>>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: LstmOptions,
}

/// An LSTM of any number of layers and directions.
pub type Lstm = Recurrent<LstmCell>;

/// The configuration of [`Lstm`].
pub type LstmConfig = RecurrentConfig<LstmOptions>;

/// A block of an LSTM's fused parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LstmGate {
    /// `i`: how much of the candidate is written.
    Input,
    /// `f`: how much of the cell state is kept.
    Forget,
    /// `g` or `C~`: what is written.
    Candidate,
    /// `o`: how much of the cell state is shown.
    Output,
}

/// What is particular to the LSTM: the eight ablations of Greff et al. (2015), "LSTM: A search
/// space odyssey", and every combination of them. The default is the plain LSTM.
///
/// | Greff et al. | here |
/// |---|---|
/// | vanilla, NP (no peepholes) | `peephole: Diagonal`, `peephole: None` (default) |
/// | NIG, NFG, NOG (no input, forget, output gate) | `input_gate`, `forget_gate`, `output_gate`: `false` |
/// | NIAF, NOAF (no input, output activation) | `input_activation`, `output_activation`: `false` |
/// | CIFG (coupled) | `coupling: ForgetFromInput` |
/// | FGR (full gate recurrence) | `full_gate_recurrence: true` |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LstmOptions {
    /// Off: `i_t = 1`.
    pub input_gate: bool,
    /// Off: `f_t = 1`.
    pub forget_gate: bool,
    /// Off: `o_t = 1`.
    pub output_gate: bool,
    /// Off: the candidate is not squashed, `C~ = W_C [h_{t-1}, x_t] + b_C`.
    pub input_activation: bool,
    /// Off: the cell state is not squashed, `h_t = o_t C_t`.
    pub output_activation: bool,
    /// Whether one of the input and forget gate follows from the other.
    pub coupling: Coupling,
    /// Whether and how the gates see the cell state.
    pub peephole: PeepholeKind,
    /// On: the sigmoid gates also see all sigmoid gates of the step before. Before the first step
    /// those are zero.
    pub full_gate_recurrence: bool,
}

impl Default for LstmOptions {
    fn default() -> Self {
        Self {
            input_gate: true,
            forget_gate: true,
            output_gate: true,
            input_activation: true,
            output_activation: true,
            coupling: Coupling::None,
            peephole: PeepholeKind::None,
            full_gate_recurrence: false,
        }
    }
}

impl RecurrentConfig<LstmOptions> {
    /// Switches the input gate; on by default, off is Greff's NIG.
    #[must_use]
    pub fn with_input_gate(mut self, on: bool) -> Self {
        self.cell.input_gate = on;
        self
    }

    /// Switches the forget gate; on by default, off is Greff's NFG and the LSTM of 1997.
    #[must_use]
    pub fn with_forget_gate(mut self, on: bool) -> Self {
        self.cell.forget_gate = on;
        self
    }

    /// Switches the output gate; on by default, off is Greff's NOG.
    #[must_use]
    pub fn with_output_gate(mut self, on: bool) -> Self {
        self.cell.output_gate = on;
        self
    }

    /// Switches the candidate's tanh; on by default, off is Greff's NIAF.
    #[must_use]
    pub fn with_input_activation(mut self, on: bool) -> Self {
        self.cell.input_activation = on;
        self
    }

    /// Switches the output's tanh; on by default, off is Greff's NOAF.
    #[must_use]
    pub fn with_output_activation(mut self, on: bool) -> Self {
        self.cell.output_activation = on;
        self
    }

    /// Couples the input and forget gate; not coupled by default.
    #[must_use]
    pub fn with_coupling(mut self, coupling: Coupling) -> Self {
        self.cell.coupling = coupling;
        self
    }

    /// Lets the gates see the cell state; they do not by default.
    #[must_use]
    pub fn with_peephole(mut self, peephole: PeepholeKind) -> Self {
        self.cell.peephole = peephole;
        self
    }

    /// Lets the gates see the gates of the step before; off by default, on is Greff's FGR.
    #[must_use]
    pub fn with_full_gate_recurrence(mut self, on: bool) -> Self {
        self.cell.full_gate_recurrence = on;
        self
    }
}

impl LstmOptions {
    /// The blocks of the fused parameters, in their order.
    pub fn gates(&self) -> Vec<LstmGate> {
        use LstmGate::{Candidate, Forget, Input, Output};
        [Input, Forget, Candidate, Output]
            .into_iter()
            .filter(|gate| match gate {
                Input => self.input_gate && self.coupling != Coupling::InputFromForget,
                Forget => self.forget_gate && self.coupling != Coupling::ForgetFromInput,
                Candidate => true,
                Output => self.output_gate,
            })
            .collect()
    }

    /// The gates with a sigmoid that have parameters, in their order.
    pub fn sigmoid_gates(&self) -> Vec<LstmGate> {
        let mut gates = self.gates();
        gates.retain(|gate| *gate != LstmGate::Candidate);
        gates
    }

    fn roles(&self) -> Vec<GateRole> {
        let role = |gate| match gate {
            LstmGate::Input => GateRole::Write,
            LstmGate::Forget => GateRole::Keep,
            LstmGate::Candidate | LstmGate::Output => GateRole::Other,
        };
        self.gates().into_iter().map(role).collect()
    }
}

impl CellOptions for LstmOptions {
    type Cell = LstmCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        let refuse = |given, reason| Err(ConfigError::Cell { given, reason });
        if self.coupling != Coupling::None && !(self.input_gate && self.forget_gate) {
            return refuse(
                "coupled gates with the input or forget gate switched off",
                "coupling needs both; switch the gate on or the coupling off",
            );
        }
        if self.sigmoid_gates().is_empty() {
            if self.peephole != PeepholeKind::None {
                return refuse(
                    "peepholes without any gate",
                    "no gate is left to see the cell state; switch one on or the peepholes off",
                );
            }
            if self.full_gate_recurrence {
                return refuse(
                    "full gate recurrence without any gate",
                    "no gate is left; switch one on or the recurrence off",
                );
            }
        }
        shape.initialization.validate(&self.roles(), shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> LstmCell {
        let CellShape {
            d_input,
            d_hidden,
            bias,
            initialization,
        } = shape;
        let roles = self.roles();
        let sigmoid_gates = self.sigmoid_gates();
        LstmCell {
            w_input: initialization.input_weights(*d_input, *d_hidden, roles.len(), device),
            w_hidden: initialization.recurrent_weights(*d_hidden, roles.len(), device),
            bias: bias.then(|| initialization.bias(*d_hidden, &roles, device)),
            peephole: Peephole::init(
                self.peephole,
                &sigmoid_gates,
                *d_hidden,
                initialization,
                device,
            ),
            w_gates: self.full_gate_recurrence.then(|| {
                let width = sigmoid_gates.len() * d_hidden;
                initialization.input_weights(width, width, 1, device)
            }),
            options: self.clone(),
        }
    }
}

impl LstmCell {
    /// The parameters of one gate, or none where the gate has none of its own.
    pub fn gate(&self, gate: LstmGate) -> Option<GateParameters> {
        let index = position(&self.options.gates(), gate)?;
        Some(GateParameters::cut(
            index,
            self.w_input.val(),
            self.w_hidden.val(),
            self.bias.as_ref().map(Param::val),
        ))
    }

    /// The parts that are there.
    fn parts(&self) -> Parts {
        let gate = |on: bool, follows: Coupling| match (on, self.options.coupling == follows) {
            (false, _) => Gate::Open,
            (true, true) => Gate::Complement,
            (true, false) => Gate::Own,
        };
        let peephole = self.peephole.as_ref();
        Parts {
            input: gate(self.options.input_gate, Coupling::InputFromForget),
            forget: gate(self.options.forget_gate, Coupling::ForgetFromInput),
            output: self.options.output_gate,
            input_activation: self.options.input_activation,
            output_activation: self.options.output_activation,
            diagonal_peepholes: peephole.is_some_and(|peephole| peephole.diagonal.is_some()),
            full_peepholes: peephole.is_some_and(|peephole| peephole.full.is_some()),
            gate_recurrence: self.w_gates.is_some(),
        }
    }
}

fn position(gates: &[LstmGate], gate: LstmGate) -> Option<usize> {
    gates.iter().position(|other| *other == gate)
}

impl DefinedCell for LstmCell {
    type State = LstmState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        let parts = self.parts();
        if parts == Plain.parts() {
            Engine::of(LstmEquations::<_, false>(Plain))
        } else if parts == DiagonalPeepholes.parts() {
            Engine::of(LstmEquations::<_, false>(DiagonalPeepholes))
        } else if parts == Coupled.parts() {
            Engine::of(LstmEquations::<_, false>(Coupled))
        } else if parts == FullPeepholes.parts() {
            Engine::of(LstmEquations::<_, true>(FullPeepholes))
        } else if parts.full_peepholes {
            Engine::of(LstmEquations::<_, true>(parts))
        } else {
            Engine::of(LstmEquations::<_, false>(parts))
        }
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
        if let Some(Peephole { diagonal, full }) = &self.peephole {
            if let Some(full) = full {
                to.add(full);
            }
            if let Some(diagonal) = diagonal {
                to.add(diagonal);
            }
        }
        if let Some(w_gates) = &self.w_gates {
            to.add(w_gates);
        }
    }
}
