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
use crate::tile::Tile;
use crate::vector::{load, load_first, sigmoid, store, store_first, tanh};
use crate::weights::{Layout, Weights};

/// Keeps `r`, `z`, `n` and `r ⊙ h_{t-1}`.
#[derive(Clone, Copy)]
pub(crate) struct GruResetBefore;

impl Cell for GruResetBefore {
    const HAS_CELL: bool = false;
    // They would have to meet between the two products too.
    const BY_UNITS: bool = false;
    const WIDE: bool = false;

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
        // Three gates: panels of one vector.
        let lanes = step.layout.lanes;
        let width = 3 * lanes;
        let reset_hidden = step.scratch;
        let second = weights.second.as_ref().expect("there are two products");
        // SAFETY: `scratch` has two rows of `padded` floats a sequence, the second for z; the caller promises the rest.
        unsafe {
            let updates = step.scratch.add(step.rows * step.padded);
            let whole = whole(simd, step, &weights.first, RESET, step.hidden);
            for panel in step.panels.0..step.panels.1 {
                let unit = panel * lanes;
                let products = first_of(step, panel, RESET);
                if !whole {
                    product(simd, step, &weights.first, panel, RESET..NEW, step.hidden);
                }
                for row in 0..step.rows {
                    let state = row * step.padded + unit;
                    let reset = sigmoid(simd, load(simd, products.add(row * width)));
                    let update = sigmoid(simd, load(simd, products.add(row * width + lanes)));
                    let hidden = simd.mul_f32s(reset, load(simd, step.hidden.add(state)));
                    store(simd, reset_hidden.add(state), hidden);
                    store(simd, updates.add(state), update);
                    keep(simd, step, RESET, row, unit, reset);
                    keep(simd, step, UPDATE, row, unit, update);
                    keep(simd, step, PRODUCT, row, unit, hidden);
                }
            }
            let whole = self::whole(simd, step, second, NEW, reset_hidden);
            for panel in step.panels.0..step.panels.1 {
                let unit = panel * lanes;
                let products = first_of(step, panel, NEW);
                if !whole {
                    product(simd, step, second, panel, NEW..NEW + 1, reset_hidden);
                }
                for row in 0..step.rows {
                    let state = row * step.padded + unit;
                    let new = tanh(simd, load(simd, products.add(row * width)));
                    let update = load(simd, updates.add(state));
                    let hidden = load(simd, step.hidden.add(state));
                    store(simd, step.next.add(state), mix(simd, update, hidden, new));
                    keep(simd, step, NEW, row, unit, new);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn backward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &BackwardStep<'_>) {
        let d_hidden = step.d_hidden;
        let second = weights.second.as_ref().expect("there are two products");
        // SAFETY: as the caller promises; unit by unit the pointers move inside the same rows.
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
                    store(
                        simd,
                        at.carry,
                        simd.mul_add_e_f32s(d, reset, load(simd, at.carry)),
                    );
                }
            }
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

/// Adds the recurrent side of some gates to the pre-activations of a panel.
///
/// # Safety
///
/// The pointers of `step` must be valid, and `a` like its `hidden`.
#[inline(always)]
unsafe fn product<S: Simd>(
    simd: S,
    step: &ForwardStep<'_>,
    weights: &Weights<'_>,
    panel: usize,
    gates: Range<usize>,
    a: *const f32,
) {
    let lanes = step.layout.lanes;
    let width = 3 * lanes;
    // SAFETY: there are `panels · rows` rows of products; the caller promises the rest.
    unsafe {
        let products = first_of(step, panel, gates.start);
        let tile = Tile {
            depth: step.d_hidden,
            a,
            a_stride: step.padded,
            panel: weights.panel(panel, lanes),
            init: products,
            init_stride: width,
            out: products,
            out_stride: width,
        };
        tile.multiply(simd, step.rows, gates.len());
    }
}

/// Where the pre-activations of a gate begin in a panel.
#[inline(always)]
fn first_of(step: &ForwardStep<'_>, panel: usize, gate: usize) -> *mut f32 {
    let lanes = step.layout.lanes;
    let at = panel * step.rows * 3 * lanes + gate * lanes;
    step.products.wrapping_add(at)
}

/// Adds the product with `a` to the pre-activations of the gates from `gate` on in all panels, where there is a single row;
/// whether there is.
///
/// # Safety
///
/// As for [`product`].
#[inline(always)]
unsafe fn whole<S: Simd>(
    simd: S,
    step: &ForwardStep<'_>,
    weights: &Weights<'_>,
    gate: usize,
    a: *const f32,
) -> bool {
    let out = (first_of(step, 0, gate), 3 * step.layout.lanes);
    // SAFETY: as promised by the caller.
    unsafe { weights.add_row(simd, step.layout, step.panels, (a, step.d_hidden), out) }
}

/// Keeps a value for the backward pass, where it will come.
///
/// # Safety
///
/// The pointers of `step` must be valid.
#[inline(always)]
unsafe fn keep<S: Simd>(
    simd: S,
    step: &ForwardStep<'_>,
    slot: usize,
    row: usize,
    unit: usize,
    value: S::f32s,
) {
    if !step.saved.is_null() {
        // SAFETY: as promised by the caller.
        unsafe {
            let to = step
                .saved
                .add(row * step.saved_stride + slot * step.d_hidden + unit);
            store_first(simd, to, step.d_hidden - unit, value);
        }
    }
}
