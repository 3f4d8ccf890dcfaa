//! What is computed: the cell, the sizes, the operands and the results, as plain slices of `f32`.

use crate::kept::{self, Owner};
use crate::pool::Pooled;

/// Which cell is run over the sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellSpec {
    /// `h_t = f(W x_t + U h_{t-1} + b)`.
    Simple(Activation),
    /// The LSTM and its ablations.
    Lstm(LstmSpec),
    /// The gated recurrent unit.
    Gru(GruSpec),
}

/// The function of the simple cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `tanh(a)`.
    Tanh,
    /// `max(a, 0)`.
    Relu,
    /// `1 / (1 + e^−a)`.
    Sigmoid,
    /// `a` itself.
    Identity,
}

/// The parts of an LSTM that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmSpec {
    /// Where `i_t` comes from.
    pub input: GateSource,
    /// Where `f_t` comes from; at most one of the input and the forget gate is a complement.
    pub forget: GateSource,
    /// Whether `o_t` has parameters; without, `o_t = 1`.
    pub output: bool,
    /// Whether the candidate goes through tanh.
    pub input_activation: bool,
    /// Whether the cell state goes through tanh on its way out.
    pub output_activation: bool,
    /// How the gates that have parameters see the cell state.
    pub peephole: Peephole,
    /// Full gate recurrence: whether the gates that have parameters see those of the step before; there must be one.
    pub gate_recurrence: bool,
}

/// How an LSTM's gates see the cell state: the input and forget gate `C_{t-1}`, the output gate `C_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peephole {
    /// Not at all.
    None,
    /// Each unit's gates that unit's.
    Diagonal,
    /// Every gate all of it; there must be a gate.
    Full,
}

/// Where the value of an LSTM's input or forget gate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateSource {
    /// From parameters of its own.
    Own,
    /// One minus the other gate.
    Complement,
    /// There is no gate: it is one.
    Open,
}

/// The form of the gated recurrent unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GruSpec {
    /// Whether the reset gate stands after the recurrent product, `r ⊙ (U h + b)`, or before it,
    /// `U (r ⊙ h)`.
    pub reset_after: bool,
}

impl LstmSpec {
    /// The number of gates with a sigmoid that have parameters.
    pub fn sigmoid_gates(&self) -> usize {
        usize::from(self.input == GateSource::Own)
            + usize::from(self.forget == GateSource::Own)
            + usize::from(self.output)
    }

    /// The number of gates whose values are carried from step to step.
    pub fn carried_gates(&self) -> usize {
        if self.gate_recurrence {
            self.sigmoid_gates()
        } else {
            0
        }
    }
}

impl CellSpec {
    /// The number of blocks of `d_hidden` columns in the fused parameters.
    pub fn gates(&self) -> usize {
        match self {
            Self::Simple(_) => 1,
            Self::Lstm(lstm) => lstm.sigmoid_gates() + 1,
            Self::Gru(_) => 3,
        }
    }

    /// The number of values a unit that the forward pass saves beside the states.
    pub(crate) fn slots(&self) -> usize {
        match self {
            Self::Gru(_) => 4,
            Self::Lstm(lstm) => {
                let cell = usize::from(lstm.peephole == Peephole::Full);
                self.gates() + cell + lstm.carried_gates()
            }
            Self::Simple(_) => self.gates(),
        }
    }

    /// The shape of the extra parameters; `[0, …]` where there are none.
    pub(crate) fn extra_shape(&self, d_hidden: usize) -> [usize; 2] {
        match self {
            Self::Lstm(lstm) => match lstm.peephole {
                Peephole::None => [0, d_hidden],
                Peephole::Diagonal => [lstm.sigmoid_gates(), d_hidden],
                Peephole::Full => [d_hidden, lstm.sigmoid_gates() * d_hidden],
            },
            Self::Gru(gru) if gru.reset_after => [1, d_hidden],
            _ => [0, d_hidden],
        }
    }

    /// The number of gates whose values are carried from step to step: those with a sigmoid of an LSTM with full gate
    /// recurrence.
    pub fn carried_gates(&self) -> usize {
        match self {
            Self::Lstm(lstm) => lstm.carried_gates(),
            _ => 0,
        }
    }

    /// Whether a cell state is carried beside the hidden state.
    pub fn has_cell_state(&self) -> bool {
        matches!(self, Self::Lstm(_))
    }
}

/// The sizes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The number of sequences.
    pub batch: usize,
    /// The number of time steps.
    pub time: usize,
    /// The number of features of a step's input.
    pub d_input: usize,
    /// The number of hidden units.
    pub d_hidden: usize,
}

/// What a run reads. All slices are dense and row-major; `G` is [`CellSpec::gates`].
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// The sequence, `[batch, time, d_input]`.
    pub x: &'a [f32],
    /// The hidden state before the first step, `[batch, d_hidden]`.
    pub hidden: &'a [f32],
    /// The cell state before the first step, `[batch, d_hidden]`, for a cell that has one.
    pub cell: Option<&'a [f32]>,
    /// The gates before the first step in the order input, forget, output, `[batch, K · d_hidden]` with `K` the
    /// [carried ones](CellSpec::carried_gates); none are zeros.
    pub gates: Option<&'a [f32]>,
    /// `[d_input, G · d_hidden]`.
    pub w_input: &'a [f32],
    /// `[d_hidden, G · d_hidden]`.
    pub w_hidden: &'a [f32],
    /// `[G · d_hidden]`.
    pub bias: Option<&'a [f32]>,
    /// A GRU's bias inside the reset product, `[d_hidden]`, or an LSTM's peepholes, of each gate that has parameters in
    /// the order input, forget, output: diagonal, `[sigmoid gates, d_hidden]`, or full,
    /// `[d_hidden, sigmoid gates · d_hidden]`.
    pub extra: Option<&'a [f32]>,
    /// From the carried gates of one step to those of the next, `[K · d_hidden, K · d_hidden]`, of a cell that carries some.
    pub w_gates: Option<&'a [f32]>,
    /// Who has the weights, where that is known.
    pub owners: Owners<'a>,
}

/// Who has the weights of a run: what is packed of them is kept for the next run that keeps nothing for a backward pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owners<'a> {
    /// Of `w_input`.
    pub w_input: Option<&'a Owner>,
    /// Of `w_hidden`.
    pub w_hidden: Option<&'a Owner>,
    /// Of `extra`.
    pub extra: Option<&'a Owner>,
    /// Of `w_gates`.
    pub w_gates: Option<&'a Owner>,
}

/// A matrix of weights and who has it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) matrix: &'a [f32],
    pub(crate) owner: Option<&'a Owner>,
}

impl<'a> Operands<'a> {
    /// Whether another run had these very weights.
    pub(crate) fn are_known(&self) -> bool {
        let Owners {
            w_input,
            w_hidden,
            extra,
            w_gates,
        } = self.owners;
        let weights = [
            Some(self.w_input).zip(w_input),
            Some(self.w_hidden).zip(w_hidden),
            self.extra.zip(extra),
            self.w_gates.zip(w_gates),
        ];
        w_hidden.is_some() && kept::are_known(weights.into_iter().flatten())
    }

    pub(crate) fn w_input(&self) -> Source<'a> {
        Source {
            matrix: self.w_input,
            owner: self.owners.w_input,
        }
    }

    pub(crate) fn w_hidden(&self) -> Source<'a> {
        Source {
            matrix: self.w_hidden,
            owner: self.owners.w_hidden,
        }
    }

    /// The extra parameters of a cell that has a matrix of them.
    pub(crate) fn w_extra(&self) -> Option<Source<'a>> {
        self.extra.map(|matrix| Source {
            matrix,
            owner: self.owners.extra,
        })
    }

    pub(crate) fn w_gates(&self) -> Option<Source<'a>> {
        self.w_gates.map(|matrix| Source {
            matrix,
            owner: self.owners.w_gates,
        })
    }
}

/// Panics where a slice is not as long as it should be; the kernels rely on it.
fn check(name: &str, slice: &[f32], shape: &[usize]) {
    let expected: usize = shape.iter().product();
    assert!(
        slice.len() == expected,
        "{name} has {} floats, expected {shape:?} = {expected}",
        slice.len()
    );
}

impl Operands<'_> {
    pub(crate) fn check(&self, spec: &CellSpec, sizes: &Sizes) {
        let Sizes {
            batch,
            time,
            d_input,
            d_hidden,
        } = *sizes;
        assert!(
            batch > 0 && time > 0 && d_hidden > 0,
            "a run needs at least one sequence, step and hidden unit, not {sizes:?}"
        );
        let columns = spec.gates() * d_hidden;
        check("the sequence", self.x, &[batch, time, d_input]);
        check("the hidden state", self.hidden, &[batch, d_hidden]);
        assert!(
            self.cell.is_some() == spec.has_cell_state(),
            "a cell state belongs to an LSTM and to no other cell"
        );
        if let Some(cell) = self.cell {
            check("the cell state", cell, &[batch, d_hidden]);
        }
        let carried = spec.carried_gates() * d_hidden;
        if let Some(gates) = self.gates {
            check("the gates", gates, &[batch, carried]);
        }
        assert!(
            self.w_gates.is_some() == (carried > 0),
            "the weights of the gates before belong to an LSTM with full gate recurrence and to no other cell"
        );
        if let Some(w_gates) = self.w_gates {
            check("w_gates", w_gates, &[carried, carried]);
        }
        check("w_input", self.w_input, &[d_input, columns]);
        check("w_hidden", self.w_hidden, &[d_hidden, columns]);
        if let Some(bias) = self.bias {
            check("the bias", bias, &[columns]);
        }
        let shape = spec.extra_shape(d_hidden);
        if let CellSpec::Lstm(lstm) = spec {
            assert!(
                lstm.peephole != Peephole::Full || lstm.sigmoid_gates() > 0,
                "full peepholes without any gate"
            );
            assert!(
                !lstm.gate_recurrence || lstm.sigmoid_gates() > 0,
                "full gate recurrence without any gate"
            );
        }
        if let Some(extra) = self.extra {
            check("the extra parameters", extra, &shape);
        } else {
            assert!(
                shape[0] == 0 || !spec.has_cell_state(),
                "an LSTM with peepholes needs their weights"
            );
        }
    }
}

impl OutputGradients<'_> {
    pub(crate) fn check(&self, spec: &CellSpec, sizes: &Sizes) {
        let Sizes {
            batch,
            time,
            d_hidden,
            ..
        } = *sizes;
        check(
            "the gradient of the output",
            self.output,
            &[batch, time, d_hidden],
        );
        if let Some(cell) = self.cell {
            check("the gradient of the cell state", cell, &[batch, d_hidden]);
        }
        if let Some(gates) = self.gates {
            let carried = spec.carried_gates() * d_hidden;
            check("the gradient of the gates", gates, &[batch, carried]);
        }
    }
}

impl Saved {
    pub(crate) fn check(&self, spec: &CellSpec, sizes: &Sizes) {
        let Sizes {
            batch,
            time,
            d_hidden,
            ..
        } = *sizes;
        check(
            "what is saved of the gates",
            &self.gates,
            &[batch, time, spec.slots(), d_hidden],
        );
        check(
            "what is saved of the hidden states",
            &self.hidden,
            &[batch, time, d_hidden],
        );
        let cells = usize::from(spec.has_cell_state());
        check(
            "what is saved of the cell states",
            &self.cells,
            &[batch, time, cells, d_hidden],
        );
    }
}

/// What a run gives.
#[derive(Debug)]
pub struct Outputs {
    /// All hidden states, `[batch, time, d_hidden]`.
    pub output: Vec<f32>,
    /// The last cell state, `[batch, d_hidden]`, for a cell that has one.
    pub cell: Option<Vec<f32>>,
    /// The gates after the last step, `[batch, K · d_hidden]`, for a cell that carries some.
    pub gates: Option<Vec<f32>>,
    /// What the backward pass needs, where it was asked for.
    pub saved: Option<Saved>,
}

/// What the forward pass keeps for the backward pass.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The gates after their activations, `[batch, time, S · d_hidden]` with `S` slots a cell.
    pub(crate) gates: Pooled,
    /// The cell states `C_t`, `[batch, time, d_hidden]`; empty for a cell without.
    pub(crate) cells: Pooled,
    /// The hidden states that the steps started from, `[batch, time, d_hidden]`.
    pub(crate) hidden: Pooled,
}

/// What came back from what a run gave.
#[derive(Clone, Copy, Debug)]
pub struct OutputGradients<'a> {
    /// Of all hidden states, `[batch, time, d_hidden]`.
    pub output: &'a [f32],
    /// Of the last cell state, `[batch, d_hidden]`; none is zero.
    pub cell: Option<&'a [f32]>,
    /// Of the gates after the last step, `[batch, K · d_hidden]`; none is zero.
    pub gates: Option<&'a [f32]>,
}

/// Which gradients are wanted; those of the states before the first step are always computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// That of the sequence.
    pub x: bool,
    /// Those of the weights, the bias and the extra parameters.
    pub parameters: bool,
}

/// The gradients of everything that a run reads, in the shapes of [`Operands`].
#[derive(Debug)]
pub struct Gradients {
    /// Of the sequence, where wanted.
    pub x: Option<Vec<f32>>,
    /// Of the first hidden state.
    pub hidden: Vec<f32>,
    /// Of the first cell state, for a cell that has one.
    pub cell: Option<Vec<f32>>,
    /// Of the gates before the first step, for a cell that carries some.
    pub gates: Option<Vec<f32>>,
    /// Of the parameters, where wanted.
    pub parameters: Option<ParameterGradients>,
}

/// The gradients of the parameters.
#[derive(Debug)]
pub struct ParameterGradients {
    /// Of `w_input`.
    pub w_input: Vec<f32>,
    /// Of `w_hidden`.
    pub w_hidden: Vec<f32>,
    /// Of `bias`, where there is one.
    pub bias: Option<Vec<f32>>,
    /// Of `extra`, where there is one.
    pub extra: Option<Vec<f32>>,
    /// Of `w_gates`, where there are some.
    pub w_gates: Option<Vec<f32>>,
}
