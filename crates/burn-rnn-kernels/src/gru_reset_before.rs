//! The gated recurrent unit with the reset gate before the recurrent product, which makes it two
//! products a step.

use core::ops::Range;
use std::sync::Arc;

use pulp::Simd;

use crate::gru::{NEW, PRODUCT, RESET, UPDATE, backward_of_mix, mix};
use crate::panels::Panels;
use crate::point_wise::sigmoid_slope;
use crate::spec::Operands;
use crate::step::{BackwardStep, Cell, Factor, ForwardStep, Recurrent, RecurrentSide};
use crate::vector::{fma, load, load_first, sigmoid, store, tanh};
use crate::weights::{Layout, Weights};

/// Keeps `r`, `z`, `n` and `r ⊙ h_{t-1}`.
#[derive(Clone, Copy)]
pub(crate) struct GruResetBefore;

impl Cell for GruResetBefore {
    const HAS_CELL: bool = false;
    const SHARES_SCRATCH: bool = true;

    fn gates(&self) -> usize {
        3
    }

    fn slots(&self) -> usize {
        4
    }

    fn recurrent_sides(&self) -> Vec<RecurrentSide> {
        vec![
            RecurrentSide {
                gates: RESET..NEW,
                slot: RESET,
                factor: Factor::Hidden,
            },
            RecurrentSide {
                gates: NEW..NEW + 1,
                slot: NEW,
                factor: Factor::Slots(PRODUCT..PRODUCT + 1),
            },
        ]
    }

    fn scratch(&self) -> usize {
        2
    }

    fn weights<'a>(
        &self,
        operands: &Operands<'a>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'a> {
        let w_hidden = operands.w_hidden();
        let blocks =
            |gates| Weights::new(w_hidden, d_hidden, 3 * d_hidden, d_hidden, gates, layout);
        Recurrent::two(blocks(RESET..NEW), blocks(NEW..NEW + 1))
    }

    fn transposed(
        &self,
        operands: &Operands<'_>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'static> {
        let w_hidden = operands.w_hidden;
        let columns = |gates: Range<usize>| {
            let columns = gates.start * d_hidden..gates.end * d_hidden;
            let panels =
                Panels::of_transpose(w_hidden, d_hidden, 3 * d_hidden, columns, layout.units());
            Weights::Packed(Arc::new(panels))
        };
        Recurrent::two(columns(RESET..NEW), columns(NEW..NEW + 1))
    }

    #[inline(always)]
    unsafe fn forward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &ForwardStep<'_>) {
        let reset_hidden = step.scratch;
        let second = weights.second.as_ref().expect("there are two products");
        let gates = self.gates();
        let factors = |factors: *const f32| (factors, step.padded, step.d_hidden);
        // SAFETY: `scratch` has two rows of `padded` floats a sequence, the second for z; the caller promises the rest. Threads
        // that share the units meet before the product with r ⊙ h_{t-1}, and the driver has them meet before it changes.
        unsafe {
            let updates = step.scratch.add(step.rows * step.padded);
            let hidden = factors(step.hidden);
            step.add_product(simd, gates, &weights.first, RESET..NEW, hidden);
            step.for_all(
                gates,
                #[inline(always)]
                |at| {
                    let state = at.hidden.offset_from_unsigned(step.hidden);
                    let reset = sigmoid(simd, at.product(simd, RESET));
                    let update = sigmoid(simd, at.product(simd, UPDATE));
                    let hidden = simd.mul_f32s(reset, load(simd, at.hidden));
                    store(simd, reset_hidden.add(state), hidden);
                    store(simd, updates.add(state), update);
                    at.keep(simd, RESET, reset);
                    at.keep(simd, UPDATE, update);
                    at.keep(simd, PRODUCT, hidden);
                },
            );
            step.meeting.wait();
            step.add_product(simd, gates, second, NEW..NEW + 1, factors(reset_hidden));
            step.for_all(
                gates,
                #[inline(always)]
                |at| {
                    let state = at.hidden.offset_from_unsigned(step.hidden);
                    let new = tanh(simd, at.product(simd, NEW));
                    let update = load(simd, updates.add(state));
                    let hidden = load(simd, at.hidden);
                    store(simd, at.next, mix(simd, update, hidden, new));
                    at.keep(simd, NEW, new);
                },
            );
        }
    }

    #[inline(always)]
    unsafe fn backward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &BackwardStep<'_>) {
        let d_hidden = step.d_hidden;
        let second = weights.second.as_ref().expect("there are two products");
        // SAFETY: as the caller promises; unit by unit the pointers move inside the same rows. The factors of a product are
        // complete before it is made: threads that share the units meet.
        unsafe {
            for row in 0..step.rows {
                for unit in step.units() {
                    let at = step.at(row, unit);
                    let (d_update, d_new) = backward_of_mix(simd, &at);
                    at.put(simd, UPDATE, d_update);
                    at.put(simd, NEW, d_new);
                    at.put_recurrent(simd, UPDATE, d_update);
                    at.put_recurrent(simd, NEW, d_new);
                }
            }
            // The gradient of r ⊙ h_{t-1}, from zeros: a cell without a cell state has them in `d_cell`.
            let d_product = step.d_hidden_state;
            let d_new = step.recurrent.add(NEW * d_hidden);
            step.meeting.wait();
            step.recur(simd, second, d_hidden, d_new, step.d_cell, d_product);
            for row in 0..step.rows {
                for unit in step.units() {
                    let at = step.at(row, unit);
                    let reset = at.kept(simd, RESET);
                    let hidden = load_first(simd, at.hidden, at.n);
                    let d = load(simd, d_product.add(row * step.padded + unit));
                    let d_reset =
                        simd.mul_f32s(simd.mul_f32s(d, hidden), sigmoid_slope(simd, reset));
                    at.put(simd, RESET, d_reset);
                    at.put_recurrent(simd, RESET, d_reset);
                    store(simd, at.carry, fma(simd, d, reset, load(simd, at.carry)));
                }
            }
            step.meeting.wait();
            step.recur(
                simd,
                &weights.first,
                2 * d_hidden,
                step.recurrent,
                step.carry,
                step.d_hidden_state,
            );
        }
    }
}
