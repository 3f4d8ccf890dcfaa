//! The LSTM whose gates see all cell states: a product with `C_{t-1}` before the point-wise pass and, for
//! the output gate, one with `C_t` in its middle.

use std::sync::Arc;

use pulp::Simd;

use crate::lstm::Lstm;
use crate::panels::Panels;
use crate::point_wise::PointWise;
use crate::spec::Operands;
use crate::step::{BackwardStep, Cell, Factor, ForwardStep, Recurrent, RecurrentSide};
use crate::vector::{load, store};
use crate::weights::{Layout, Weights};

/// Keeps what the [`Lstm`] keeps, and `C_{t-1}`: its place among the cell states of all sequences is no
/// matrix of even strides, which the gradient of the peepholes needs.
#[derive(Clone, Copy)]
pub(crate) struct LstmFullPeephole<const CARRIES_GATES: bool>(pub(crate) Lstm<CARRIES_GATES>);

impl<const CARRIES_GATES: bool> LstmFullPeephole<CARRIES_GATES> {
    /// The gates that see `C_{t-1}`: the first blocks of the fused parameters and of the peepholes.
    #[inline(always)]
    fn before(&self) -> usize {
        self.0.0.sigmoid_gates() - self.now()
    }

    /// The gates that see `C_t`, none or the output gate: the last block of both.
    #[inline(always)]
    fn now(&self) -> usize {
        usize::from(self.0.0.output)
    }

    /// The slot of `C_{t-1}`.
    #[inline(always)]
    fn cell_slot(&self) -> usize {
        self.0.gates()
    }
}

impl<const CARRIES_GATES: bool> Cell for LstmFullPeephole<CARRIES_GATES> {
    const HAS_CELL: bool = true;
    const SEES_CELLS: bool = true;
    const EXTRA_IS_MATRIX: bool = true;

    fn gates(&self) -> usize {
        self.0.gates()
    }

    fn slots(&self) -> usize {
        self.0.gates() + 1
    }

    fn step_weights(&self, d_hidden: usize) -> usize {
        (self.gates() + self.before() + self.now()) * d_hidden * d_hidden
    }

    fn recurrent_sides(&self) -> Vec<RecurrentSide> {
        vec![RecurrentSide {
            gates: 0..self.gates(),
            slot: 0,
            factor: Factor::Hidden,
        }]
    }

    fn extra_sides(&self) -> Vec<RecurrentSide> {
        let (before, now) = (self.before(), self.now());
        let side = |gates, slot, factor| RecurrentSide {
            gates,
            slot,
            factor,
        };
        let mut sides = Vec::new();
        if before > 0 {
            let cell = Factor::Slots(self.cell_slot()..self.cell_slot() + 1);
            sides.push(side(0..before, 0, cell));
        }
        if now > 0 {
            sides.push(side(before..before + 1, self.gates() - 1, Factor::Cell));
        }
        sides
    }

    fn scratch(&self) -> usize {
        0
    }

    fn weights<'a>(
        &self,
        operands: &Operands<'a>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'a> {
        let w_cell = operands.w_extra().expect("full peepholes have weights");
        let (gates, before, now) = (self.gates(), self.before(), self.now());
        let blocks = |matrix, of: usize, gates| {
            Weights::new(matrix, d_hidden, of * d_hidden, d_hidden, gates, layout)
        };
        let peepholes = before + now;
        Recurrent {
            first: blocks(operands.w_hidden(), gates, 0..gates),
            second: (before > 0).then(|| blocks(w_cell, peepholes, 0..before)),
            third: (now > 0).then(|| blocks(w_cell, peepholes, before..peepholes)),
            gates: Vec::new(),
        }
    }

    fn transposed(
        &self,
        operands: &Operands<'_>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'static> {
        let w_cell = operands.extra.expect("full peepholes have weights");
        let (gates, before, now) = (self.gates(), self.before(), self.now());
        let blocks = |matrix, of: usize, gates: core::ops::Range<usize>| {
            let columns = gates.start * d_hidden..gates.end * d_hidden;
            let stride = of * d_hidden;
            let panels = Panels::of_transpose(matrix, d_hidden, stride, columns, layout.units());
            Weights::Packed(Arc::new(panels))
        };
        let peepholes = before + now;
        Recurrent {
            first: blocks(operands.w_hidden, gates, 0..gates),
            second: (before > 0).then(|| blocks(w_cell, peepholes, 0..before)),
            third: (now > 0).then(|| blocks(w_cell, peepholes, before..peepholes)),
            gates: Vec::new(),
        }
    }

    #[inline(always)]
    unsafe fn forward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &ForwardStep<'_>) {
        let gates = self.gates();
        let states = |states: *const f32| (states, step.padded, step.d_hidden);
        // SAFETY: the weights are those of `weights`, with the blocks that are named here; the caller promises the rest.
        // Threads that share the units meet before the product with `C_t`, and the driver has them meet before those with
        // `C_{t-1}`, which no `C_t` takes the place of.
        unsafe {
            step.add_product(simd, gates, &weights.first, 0..gates, states(step.hidden));
            if let Some(before) = &weights.second {
                step.add_product(
                    simd,
                    gates,
                    before,
                    0..self.before(),
                    states(step.cell_before),
                );
            }
            step.for_all(
                gates,
                #[inline(always)]
                |at| {
                    let before = load(simd, at.cell_before);
                    at.keep(simd, self.cell_slot(), before);
                    store(simd, at.cell, before);
                    self.0.update(simd, &at);
                },
            );
            if let Some(now) = &weights.third {
                step.meeting.wait();
                step.add_product(simd, gates, now, gates - 1..gates, states(step.cell));
            }
            step.for_all(
                gates,
                #[inline(always)]
                |at| self.0.show(simd, &at),
            );
        }
    }

    #[inline(always)]
    unsafe fn backward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &BackwardStep<'_>) {
        let d_hidden = step.d_hidden;
        // SAFETY: as the caller promises; unit by unit the pointers move inside the same rows. The factors of a product
        // are complete before it is made: threads that share the units meet.
        unsafe {
            for row in 0..step.rows {
                for unit in step.units() {
                    self.0.show_backward(simd, &step.at(row, unit));
                }
            }
            let add = |weights: &Weights<'_>, block: usize, depth: usize| {
                let factors = step.recurrent.add(block * d_hidden);
                step.recur(simd, weights, depth, factors, step.d_cell, step.d_cell);
            };
            if let Some(now) = &weights.third {
                step.meeting.wait();
                add(now, self.gates() - 1, d_hidden);
            }
            for row in 0..step.rows {
                for unit in step.units() {
                    self.0.update_backward(simd, &step.at(row, unit));
                }
            }
            step.meeting.wait();
            if let Some(before) = &weights.second {
                add(before, 0, self.before() * d_hidden);
            }
            let depth = self.gates() * d_hidden;
            step.recur(
                simd,
                &weights.first,
                depth,
                step.recurrent,
                step.carry,
                step.d_hidden_state,
            );
        }
    }
}
