//! The equations of the LSTM and of every part of it that can be switched on or off.

use super::pre_activation::{Activate, Chosen, clip};
use crate::definition::{Declaration, Definition, Function, Product, Stage, Sum, Value, Width};

/// Sums.
const INPUT: usize = 0;
const FORGET: usize = 1;
const CANDIDATE: usize = 2;
const OUTPUT: usize = 3;
const PROJECTION: usize = 4;
/// States; those of the sigmoid gates follow.
const HIDDEN: usize = 0;
const CELL: usize = 1;
const GATES: usize = 2;
/// Rows of the diagonal peepholes.
const INPUT_PEEPHOLE: usize = 0;
const FORGET_PEEPHOLE: usize = 1;
const OUTPUT_PEEPHOLE: usize = 2;

/// Where the value of an input or forget gate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// From parameters of its own.
    Own,
    /// One minus the other gate.
    Complement,
    /// There is no gate: it is one.
    Open,
}

/// The parts of an LSTM that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) input: Gate,
    pub(super) forget: Gate,
    pub(super) output: bool,
    pub(super) input_activation: bool,
    pub(super) output_activation: bool,
    pub(super) diagonal_peepholes: bool,
    pub(super) full_peepholes: bool,
    pub(super) gate_recurrence: bool,
    pub(super) projection: bool,
}

impl Parts {
    pub(super) const PLAIN: Self = Self {
        input: Gate::Own,
        forget: Gate::Own,
        output: true,
        input_activation: true,
        output_activation: true,
        diagonal_peepholes: false,
        full_peepholes: false,
        gate_recurrence: false,
        projection: false,
    };

    fn has(&self, sum: usize) -> bool {
        match sum {
            INPUT => self.input == Gate::Own,
            FORGET => self.forget == Gate::Own,
            OUTPUT => self.output,
            _ => true,
        }
    }

    fn sigmoid_gates(&self) -> [bool; 3] {
        [self.has(INPUT), self.has(FORGET), self.has(OUTPUT)]
    }
}

/// How the parts of an LSTM are known.
pub(super) trait Form: Copy + core::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Whether the compiler knows them: then it leaves out what is not there.
    const KNOWN: bool;

    fn parts(&self) -> Parts;

    /// Other functions than the usual ones.
    #[inline(always)]
    fn functions(&self) -> Option<Functions> {
        None
    }
}

/// The functions of an LSTM, and its clips.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Functions {
    pub(super) gate: Chosen,
    pub(super) candidate: Chosen,
    /// Of the cell state, in the output.
    pub(super) shown: Function,
    pub(super) cell_clip: Option<f32>,
}

macro_rules! known {
    ($($name:ident: $parts:expr;)*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub(super) struct $name;

        impl Form for $name {
            const KNOWN: bool = true;

            #[inline(always)]
            fn parts(&self) -> Parts {
                $parts
            }
        }
    )*};
}

// The common forms; others choose among values.
known! {
    Plain: Parts::PLAIN;
    DiagonalPeepholes: Parts { diagonal_peepholes: true, ..Parts::PLAIN };
    FullPeepholes: Parts { full_peepholes: true, ..Parts::PLAIN };
    Coupled: Parts { input: Gate::Complement, ..Parts::PLAIN };
    Projected: Parts { projection: true, ..Parts::PLAIN };
}

impl Form for Parts {
    const KNOWN: bool = false;

    #[inline(always)]
    fn parts(&self) -> Parts {
        *self
    }
}

/// Parts with functions of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WithFunctions(pub(super) Parts, pub(super) Functions);

impl Form for WithFunctions {
    const KNOWN: bool = false;

    #[inline(always)]
    fn parts(&self) -> Parts {
        self.0
    }

    #[inline(always)]
    fn functions(&self) -> Option<Functions> {
        Some(self.1)
    }
}

/// An LSTM of some form; `SPLIT` into two stages where the output gate sees the cell states of all units, with a stage more
/// for a projection where it may `PROJECT` its output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LstmEquations<F, const SPLIT: bool, const PROJECT: bool>(pub(super) F);

impl<F: Form, const SPLIT: bool, const PROJECT: bool> Definition
    for LstmEquations<F, SPLIT, PROJECT>
{
    const STAGES: usize = 1 + SPLIT as usize + PROJECT as usize;

    fn declare(&self) -> Declaration {
        let parts = self.0.parts();
        let last = usize::from(SPLIT);
        let gates = parts.sigmoid_gates();
        let mut cell = Declaration::stages(1 + last);
        cell = if parts.projection {
            cell.output_stage().state_of(Width::Output, 0.0)
        } else {
            cell.state()
        };
        cell = cell.state();
        if parts.gate_recurrence {
            cell = cell.states_side_by_side(gates);
        }
        for (sum, stage) in [(INPUT, 0), (FORGET, 0), (CANDIDATE, 0), (OUTPUT, last)] {
            cell = cell.input_if(parts.has(sum), stage);
        }
        // What goes into sums of two stages are two products of the same matrix.
        let into = |product: fn() -> Product, sums: &[usize]| {
            let product = move |sums: &[usize]| product().into_sums(sums);
            if SPLIT {
                let (first, last): (Vec<usize>, Vec<usize>) =
                    sums.iter().partition(|&&sum| sum != OUTPUT);
                vec![product(&first), product(&last)]
            } else {
                vec![product(sums)]
            }
        };
        cell = cell.matrix(
            "w_hidden",
            into(
                || Product::of_state(HIDDEN),
                &[INPUT, FORGET, CANDIDATE, OUTPUT],
            ),
        );
        if SPLIT {
            cell = cell.temp(0);
        }
        if PROJECT {
            cell = cell.temp(last);
        }
        if parts.projection {
            let product = Product::of_temp(Self::SHOWN).into_sums([PROJECTION]);
            cell = cell.sum(1 + last);
            cell = cell.matrix("w_project", [product]);
        }
        if SPLIT {
            let products = [
                Product::of_state(CELL).into_sums([INPUT, FORGET]),
                Product::of_temp(0).into_sums([OUTPUT]).masked_like(CELL),
            ];
            cell = cell.matrix("peephole.full", products);
        }
        if parts.diagonal_peepholes {
            cell = cell.vectors("peephole.diagonal", gates);
        }
        if parts.gate_recurrence {
            let mut products = Vec::new();
            let there = (0..gates.len()).filter(|&gate| gates[gate]);
            for (row, gate) in there.enumerate() {
                let product = |sums: &[usize], block| {
                    Product::of_state(GATES + gate)
                        .into_sums(sums)
                        .at(row, block)
                };
                if SPLIT {
                    let before = usize::from(gates[0]) + usize::from(gates[1]);
                    products.push(product(&[INPUT, FORGET], 0));
                    products.push(product(&[OUTPUT], before));
                } else {
                    products.push(product(&[INPUT, FORGET, OUTPUT], 0));
                }
            }
            cell = cell.matrix("w_gates", products);
        }
        cell
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            let cell = self.update(at);
            at.set_state(CELL, cell);
            if SPLIT {
                at.set_temp(0, cell);
            } else {
                self.show(at, cell);
            }
        } else if SPLIT && index == 1 {
            self.show(at, at.temp(0));
        } else {
            at.set_state(HIDDEN, at.sum(PROJECTION).value());
        }
    }
}

impl<F: Form, const SPLIT: bool, const PROJECT: bool> LstmEquations<F, SPLIT, PROJECT> {
    /// The temp that is projected, after the cell state where that is one.
    const SHOWN: usize = SPLIT as usize;

    /// The pre-activation of a gate, which sees `cell`.
    #[inline(always)]
    fn see<S: Stage>(&self, at: &S, sum: usize, row: usize, cell: S::Value) -> Sum<S::Value> {
        let parts = self.0.parts();
        let on = parts.has(sum);
        let a = at.sum_if(on, sum);
        if F::KNOWN && !parts.diagonal_peepholes {
            return a;
        }
        let peephole = at.vector_if(on && parts.diagonal_peepholes, row);
        a + peephole * cell
    }

    /// `C_t`.
    #[inline(always)]
    fn update<S: Stage>(&self, at: &S) -> S::Value {
        let parts = self.0.parts();
        let before = at.state(CELL);
        let input = self.see(at, INPUT, INPUT_PEEPHOLE, before);
        if F::KNOWN && parts.input == Gate::Own {
            // With quotients alone, where nothing is kept.
            let forget = self.see(at, FORGET, FORGET_PEEPHOLE, before);
            let written = at.candidate(input.gate_tanh_of(at.sum(CANDIDATE)));
            return forget.gate(before) + written;
        }
        let forget = self.see(at, FORGET, FORGET_PEEPHOLE, before);
        if F::KNOWN {
            // The input gate is the complement.
            let (forget, candidate) = (forget.sigmoid(), at.candidate(at.sum(CANDIDATE).tanh()));
            return forget.mul_add(before, forget.one_minus() * candidate);
        }
        let candidate = at.sum(CANDIDATE);
        let own_input = self.gate(INPUT, input);
        let own_forget = self.gate(FORGET, forget);
        let candidate = match self.0.functions() {
            Some(functions) => functions.candidate.of(candidate),
            None => candidate.activate(tanh_if(parts.input_activation)),
        };
        let candidate = at.candidate(candidate);
        let is_own = parts.input != Gate::Complement;
        let input = own_input.choose(is_own, own_forget.one_minus());
        let is_own = parts.forget != Gate::Complement;
        let forget = own_forget.choose(is_own, own_input.one_minus());
        let carries = |sum: usize| parts.gate_recurrence && parts.has(sum);
        at.set_state_if(carries(INPUT), GATES, own_input);
        at.set_state_if(carries(FORGET), GATES + 1, own_forget);
        let cell = forget.mul_add(before, input * candidate);
        match self.0.functions() {
            Some(functions) => cell.apply(clip(functions.cell_clip)),
            None => cell,
        }
    }

    /// The value of a gate of a pre-activation; one where it is open.
    #[inline(always)]
    fn gate<V: Value>(&self, sum: usize, a: Sum<V>) -> V {
        let on = self.0.parts().has(sum);
        match self.0.functions() {
            Some(functions) => functions.gate.of_if(on, a),
            None => a.activate_if(on, Function::Sigmoid, 1.0),
        }
    }

    /// `h_t` from `C_t`.
    #[inline(always)]
    fn show<S: Stage>(&self, at: &S, cell: S::Value) {
        let parts = self.0.parts();
        let output = self.see(at, OUTPUT, OUTPUT_PEEPHOLE, cell);
        if F::KNOWN {
            return self.give(at, output.gate_tanh(cell));
        }
        let output = self.gate(OUTPUT, output);
        let shown = cell.apply(match self.0.functions() {
            Some(functions) => functions.shown,
            None => tanh_if(parts.output_activation),
        });
        self.give(at, output * shown);
        at.set_state_if(parts.gate_recurrence && parts.output, GATES + 2, output);
    }

    /// Leaves the output, or what is projected to it.
    #[inline(always)]
    fn give<S: Stage>(&self, at: &S, hidden: S::Value) {
        if PROJECT {
            at.set_temp(Self::SHOWN, hidden);
        }
        at.set_state_if(!self.0.parts().projection, HIDDEN, hidden);
    }
}

#[inline(always)]
fn tanh_if(on: bool) -> Function {
    if on {
        Function::Tanh
    } else {
        Function::Identity
    }
}
