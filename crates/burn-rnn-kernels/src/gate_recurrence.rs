//! Full gate recurrence (Greff et al. 2015, "LSTM: A search space odyssey"): the sigmoid gates see those of the
//! step before,
//!
//! ```text
//! a_t = W x_t + U h_{t-1} + b + R [i, f, o]_{t-1}
//! ```
//!
//! for any LSTM: a product more in a forward step, before those of the LSTM, and in a backward step after them. The candidate
//! has no part in it and stands between the forget and the output gate, so that both products come in two.

use core::ops::Range;
use std::sync::Arc;

use pulp::Simd;

use crate::panels::Panels;
use crate::spec::{LstmSpec, Operands};
use crate::step::{BackwardStep, Cell, Factor, ForwardStep, Recurrent, RecurrentSide};
use crate::weights::{Layout, Weights};

/// Keeps what the `cell` keeps, an LSTM that carries its gates, and the gates of the step before: the backward pass leaves
/// gradients where those of each step were kept.
#[derive(Clone, Copy)]
pub(crate) struct GateRecurrence<C> {
    pub(crate) cell: C,
    pub(crate) lstm: LstmSpec,
}

/// Sigmoid gates whose blocks in the fused parameters are side by side.
struct Run {
    /// Their places among the sigmoid gates, and so their blocks in the weights of the carried gates.
    places: Range<usize>,
    /// The first one's block in the fused parameters.
    block: usize,
}

impl<C: Cell> GateRecurrence<C> {
    /// The gates before the candidate and the one after it, as far as they are there.
    #[inline(always)]
    fn runs(&self) -> impl Iterator<Item = Run> {
        let sigmoid_gates = self.lstm.sigmoid_gates();
        let before = sigmoid_gates - usize::from(self.lstm.output);
        let runs = [
            Run {
                places: 0..before,
                block: 0,
            },
            Run {
                places: before..sigmoid_gates,
                block: before + 1,
            },
        ];
        runs.into_iter().filter(|run| !run.places.is_empty())
    }
}

impl<C: Cell> Cell for GateRecurrence<C> {
    const HAS_CELL: bool = C::HAS_CELL;
    const SEES_CELLS: bool = C::SEES_CELLS;
    const SHARES_SCRATCH: bool = C::SHARES_SCRATCH;
    const EXTRA_IS_MATRIX: bool = C::EXTRA_IS_MATRIX;

    fn gates(&self) -> usize {
        self.cell.gates()
    }

    fn slots(&self) -> usize {
        self.cell.slots() + self.carried_gates()
    }

    fn carried_gates(&self) -> usize {
        self.lstm.sigmoid_gates()
    }

    fn step_weights(&self, d_hidden: usize) -> usize {
        self.cell.step_weights(d_hidden) + (self.carried_gates() * d_hidden).pow(2)
    }

    fn recurrent_sides(&self) -> Vec<RecurrentSide> {
        self.cell.recurrent_sides()
    }

    fn extra_sides(&self) -> Vec<RecurrentSide> {
        self.cell.extra_sides()
    }

    fn gate_sides(&self) -> Vec<RecurrentSide> {
        let side = |Run { places, block }| RecurrentSide {
            gates: places,
            slot: block,
            factor: Factor::Slots(self.cell.slots()..self.slots()),
        };
        self.runs().map(side).collect()
    }

    fn scratch(&self) -> usize {
        self.cell.scratch()
    }

    fn weights<'a>(
        &self,
        operands: &Operands<'a>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'a> {
        let w_gates = operands.w_gates().expect("carried gates have weights");
        let width = self.carried_gates() * d_hidden;
        let run = |run: Run| Weights::new(w_gates, width, width, d_hidden, run.places, layout);
        Recurrent {
            gates: self.runs().map(run).collect(),
            ..self.cell.weights(operands, d_hidden, layout)
        }
    }

    fn transposed(
        &self,
        operands: &Operands<'_>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'static> {
        let w_gates = operands.w_gates.expect("carried gates have weights");
        let width = self.carried_gates() * d_hidden;
        let mut gates = Vec::new();
        for from in w_gates.chunks_exact(d_hidden * width) {
            for Run { places, .. } in self.runs() {
                let to = places.start * d_hidden..places.end * d_hidden;
                let panels = Panels::of_transpose(from, d_hidden, width, to, layout.units());
                gates.push(Weights::Packed(Arc::new(panels)));
            }
        }
        Recurrent {
            gates,
            ..self.cell.transposed(operands, d_hidden, layout)
        }
    }

    #[inline(always)]
    unsafe fn forward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &ForwardStep<'_>) {
        let width = self.carried_gates() * step.d_hidden;
        // SAFETY: the weights are those of `weights`, in the order of the runs, and the gates of the step before, of all units,
        // are not written to in this one; the caller promises the rest.
        unsafe {
            self.keep_gates(step);
            for (run, weights) in self.runs().zip(&weights.gates) {
                let blocks = run.block..run.block + run.places.len();
                let gates = (step.gates, step.gates_row, width);
                step.add_product(simd, self.gates(), weights, blocks, gates);
            }
            self.cell.forward(simd, weights, step);
        }
    }

    #[inline(always)]
    unsafe fn backward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &BackwardStep<'_>) {
        // SAFETY: the weights are those of `transposed`, in the order of the gates and runs. The factors of all units are
        // complete, since the threads have met before the last product of the cell. The caller promises the rest.
        unsafe {
            self.cell.backward(simd, weights, step);
            let mut weights = weights.gates.iter();
            for gate in 0..self.carried_gates() {
                let out = step.d_gates.add(gate * step.padded);
                // An LSTM carries nothing to h_{t-1} past the product: these are zeros.
                let mut init = (step.carry.cast_const(), step.padded);
                for (run, weights) in self.runs().zip(&mut weights) {
                    let depth = run.places.len() * step.d_hidden;
                    let factors = step.recurrent.add(run.block * step.d_hidden);
                    let out = (out, step.d_gates_row);
                    step.recur_to(simd, weights, depth, factors, init, out);
                    init = (out.0.cast_const(), out.1);
                }
            }
        }
    }
}

impl<C: Cell> GateRecurrence<C> {
    /// Keeps the gates of the step before for the backward pass, where it will come: those of the units of this thread.
    ///
    /// # Safety
    ///
    /// The step's pointers must be valid as their fields say.
    #[inline(always)]
    unsafe fn keep_gates(&self, step: &ForwardStep<'_>) {
        if step.saved.is_null() {
            return;
        }
        let units = step.layout.units();
        let first = step.panels.0 * units;
        let n = step.d_hidden.min(step.panels.1 * units) - first;
        for row in 0..step.rows {
            for gate in 0..self.carried_gates() {
                let slot = self.cell.slots() + gate;
                // SAFETY: both have these gates of these units, as the caller promises.
                unsafe {
                    let from = row * step.gates_row + gate * step.d_hidden + first;
                    let to = row * step.saved_stride + slot * step.d_hidden + first;
                    let from = step.gates.add(from);
                    step.saved.add(to).copy_from_nonoverlapping(from, n);
                }
            }
        }
    }
}
