//! The equations of the LSTM and of every part of it that can be switched on or off.

use crate::definition::{Declaration, Definition, Function, Product, Stage, Sum, Value};

/// Sums.
const INPUT: usize = 0;
const FORGET: usize = 1;
const CANDIDATE: usize = 2;
const OUTPUT: usize = 3;
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
}

impl Form for Parts {
    const KNOWN: bool = false;

    #[inline(always)]
    fn parts(&self) -> Parts {
        *self
    }
}

/// An LSTM of some form; `SPLIT` into two stages where the output gate sees the cell states of all units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LstmEquations<F, const SPLIT: bool>(pub(super) F);

impl<F: Form, const SPLIT: bool> Definition for LstmEquations<F, SPLIT> {
    const STAGES: usize = 1 + SPLIT as usize;

    fn declare(&self) -> Declaration {
        let parts = self.0.parts();
        let last = usize::from(SPLIT);
        let gates = parts.sigmoid_gates();
        let mut cell = Declaration::stages(Self::STAGES).state().state();
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
            cell = cell.temp(0).matrix(
                "peephole.full",
                [
                    Product::of_state(CELL).into_sums([INPUT, FORGET]),
                    Product::of_temp(0).into_sums([OUTPUT]).masked_like(CELL),
                ],
            );
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
        } else {
            self.show(at, at.temp(0));
        }
    }
}

impl<F: Form, const SPLIT: bool> LstmEquations<F, SPLIT> {
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
        let own_input = input.activate_if(parts.has(INPUT), Function::Sigmoid, 1.0);
        let own_forget = self.see(at, FORGET, FORGET_PEEPHOLE, before).activate_if(
            parts.has(FORGET),
            Function::Sigmoid,
            1.0,
        );
        let candidate = at
            .sum(CANDIDATE)
            .activate(activation(parts.input_activation));
        let candidate = at.candidate(candidate);
        if F::KNOWN {
            // The input gate is the complement.
            return own_forget.mul_add(before, own_forget.one_minus() * candidate);
        }
        let is_own = parts.input != Gate::Complement;
        let input = own_input.choose(is_own, own_forget.one_minus());
        let is_own = parts.forget != Gate::Complement;
        let forget = own_forget.choose(is_own, own_input.one_minus());
        let carries = |sum: usize| parts.gate_recurrence && parts.has(sum);
        at.set_state_if(carries(INPUT), GATES, own_input);
        at.set_state_if(carries(FORGET), GATES + 1, own_forget);
        forget.mul_add(before, input * candidate)
    }

    /// `h_t` from `C_t`.
    #[inline(always)]
    fn show<S: Stage>(&self, at: &S, cell: S::Value) {
        let parts = self.0.parts();
        let output = self.see(at, OUTPUT, OUTPUT_PEEPHOLE, cell);
        if F::KNOWN {
            return at.set_state(HIDDEN, output.gate_tanh(cell));
        }
        let output = output.activate_if(parts.output, Function::Sigmoid, 1.0);
        let shown = cell.apply(activation(parts.output_activation));
        at.set_state(HIDDEN, output * shown);
        at.set_state_if(parts.gate_recurrence && parts.output, GATES + 2, output);
    }
}

#[inline(always)]
fn activation(on: bool) -> Function {
    if on {
        Function::Tanh
    } else {
        Function::Identity
    }
}
