//! The LSTM.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::lstm_equations::{
    Coupled, DiagonalPeepholes, Form, FullPeepholes, Functions, Gate, LstmEquations, Parts, Plain,
    Projected, WithFunctions,
};
use super::lstm_norm::{LstmNorm, NormalizedLstm};
use super::lstm_options::LstmOptions;
use super::pre_activation::Chosen;
use crate::definition::Engine;
use crate::gates::{GateParameters, both_biases};
use crate::{
    Activation, Coupling, DefinedCell, LstmState, Parameters, Peephole, Recurrent, RecurrentConfig,
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
/// With a projection (Sak et al. 2014) `h_t = W_hr (o_t tanh(C_t))`, of `d_output` features; without, `d_output` is `d_hidden`. Layer
/// normalisation is written out at [`LstmNorm`].
///
/// Its parameters are fused, one block of `d_hidden` columns a gate in the order input, forget,
/// candidate, output (PyTorch's `i, f, g, o`); [`gate`](LstmCell::gate) cuts one out by name. A
/// gate that [`LstmOptions`] switches off or couples has no block.
#[derive(Module, Debug)]
pub struct LstmCell {
    /// From the input, `[d_input, gates · d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// From the hidden state, `[d_output, gates · d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// The biases, `[gates · d_hidden]`; PyTorch's `bias_ih + bias_hh`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Second biases, `[gates · d_hidden]`, which are added to the first: PyTorch's `bias_hh`. Only with
    /// [`LstmOptions::bias_hidden`].
    pub bias_hidden: Option<Param<Tensor<1>>>,
    /// The projection `W_hr`, `[d_hidden, d_output]`, where there is one; PyTorch's `weight_hr` transposed.
    pub w_project: Option<Param<Tensor<2>>>,
    /// The peepholes, where the gates see the cell state.
    pub peephole: Option<Peephole>,
    /// Full gate recurrence: from the sigmoid gates of the step before to those of this step, in the
    /// order input, forget, output: `[gates · d_hidden, gates · d_hidden]`.
    pub w_gates: Option<Param<Tensor<2>>>,
    /// The gains and biases of layer normalisation, where there is any.
    pub norm: Option<LstmNorm>,
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

impl LstmCell {
    /// The parameters of one gate, or none where the gate has none of its own.
    pub fn gate(&self, gate: LstmGate) -> Option<GateParameters> {
        let index = position(&self.options.gates(), gate)?;
        Some(GateParameters::cut(
            index,
            DefinedCell::d_hidden(self),
            self.w_input.val(),
            self.w_hidden.val(),
            both_biases(self.bias.as_ref(), self.bias_hidden.as_ref()),
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
            projection: self.w_project.is_some(),
        }
    }

    /// The functions, where they are not the usual ones.
    fn functions(&self) -> Option<Functions> {
        let options = &self.options;
        if !options.has_functions() {
            return None;
        }
        let if_on = |on, activation| if on { activation } else { Activation::Identity };
        let candidate = if_on(options.input_activation, options.candidate_activation);
        let shown = if_on(options.output_activation, options.cell_activation);
        Some(Functions {
            gate: Chosen::new(options.gate_activation, options.clip),
            candidate: Chosen::new(candidate, options.clip),
            shown: shown.function(),
            cell_clip: options.cell_clip,
        })
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
        match &self.w_project {
            Some(w_project) => w_project.lazy_shape()[0],
            None => self.w_hidden.lazy_shape()[0],
        }
    }

    fn d_output(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        if self.norm.is_some() {
            let projects = self.w_project.is_some();
            return Engine::of(NormalizedLstm { projects });
        }
        let parts = self.parts();
        if let Some(functions) = self.functions() {
            Engine::of(LstmEquations::<_, false, true>(WithFunctions(
                parts, functions,
            )))
        } else if parts == Plain.parts() {
            Engine::of(LstmEquations::<_, false, false>(Plain))
        } else if parts == DiagonalPeepholes.parts() {
            Engine::of(LstmEquations::<_, false, false>(DiagonalPeepholes))
        } else if parts == Coupled.parts() {
            Engine::of(LstmEquations::<_, false, false>(Coupled))
        } else if parts == FullPeepholes.parts() {
            Engine::of(LstmEquations::<_, true, false>(FullPeepholes))
        } else if parts == Projected.parts() {
            Engine::of(LstmEquations::<_, false, true>(Projected))
        } else if parts.full_peepholes {
            Engine::of(LstmEquations::<_, true, true>(parts))
        } else {
            Engine::of(LstmEquations::<_, false, true>(parts))
        }
    }

    fn parameters(&self, to: &mut Parameters) {
        let bias = both_biases(self.bias.as_ref(), self.bias_hidden.as_ref());
        to.add(&self.w_input);
        // With layer normalisation the bias comes after it.
        let (bias, after) = match self.norm {
            Some(_) => (None, bias),
            None => (bias, None),
        };
        to.add_tensor(bias);
        to.add(&self.w_hidden);
        if let Some(w_project) = &self.w_project {
            to.add(w_project);
        }
        if let Some(norm) = &self.norm {
            let d_hidden = DefinedCell::d_hidden(self);
            to.add(&norm.gain_input);
            to.add(&norm.gain_hidden);
            to.add_tensor(after.map(|bias| bias.reshape([4, d_hidden])));
            to.add(&norm.gain_cell);
            to.add_optional(norm.bias_cell.as_ref());
        }
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
