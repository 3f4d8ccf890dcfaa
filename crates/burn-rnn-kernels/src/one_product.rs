//! Cells whose step is one recurrent product and one point-wise pass: all but the GRU that resets
//! before the product.

use std::sync::Arc;

use pulp::Simd;

use crate::panels::Panels;
use crate::point_wise::{BackwardAt, PointWise};
use crate::spec::Operands;
use crate::step::{BackwardStep, Cell, Factor, ForwardStep, Recurrent, RecurrentSide};
use crate::tile::Tile;
use crate::vector::{load, store};
use crate::weights::{Layout, Weights};

/// A cell by its point-wise part.
#[derive(Clone, Copy)]
pub(crate) struct OneProduct<P>(pub(crate) P);

impl<P: PointWise> Cell for OneProduct<P> {
    const HAS_CELL: bool = P::HAS_CELL;

    fn gates(&self) -> usize {
        self.0.gates()
    }

    fn slots(&self) -> usize {
        self.0.slots()
    }

    fn recurrent_sides(&self) -> Vec<RecurrentSide> {
        let side = |gates, slot| RecurrentSide {
            gates,
            slot,
            factor: Factor::Hidden,
        };
        let gates = self.gates();
        if P::SPLIT_LAST {
            // The recurrent side of the last gate has a slot of its own, after those of the gates.
            vec![side(0..gates - 1, 0), side(gates - 1..gates, gates)]
        } else {
            vec![side(0..gates, 0)]
        }
    }

    fn scratch(&self) -> usize {
        if P::SPLIT_LAST { self.gates() } else { 0 }
    }

    fn weights<'a>(
        &self,
        operands: &Operands<'a>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'a> {
        let gates = self.gates();
        Recurrent::one(Weights::new(
            operands.w_hidden(),
            d_hidden,
            gates * d_hidden,
            d_hidden,
            0..gates,
            layout,
        ))
    }

    fn transposed(
        &self,
        operands: &Operands<'_>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'static> {
        let columns = self.gates() * d_hidden;
        let w_hidden = operands.w_hidden;
        let panels = Panels::of_transpose(w_hidden, d_hidden, columns, 0..columns, layout.units());
        Recurrent::one(Weights::Packed(Arc::new(panels)))
    }

    #[inline(always)]
    unsafe fn forward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &ForwardStep<'_>) {
        let Layout { lanes, vectors, .. } = step.layout;
        let gates = self.gates();
        let units = step.layout.units();
        let width = gates * units;
        // SAFETY: there are `panels · rows` rows of products, and the weights have these panels; the caller promises the
        // rest.
        let (all, whole) = unsafe {
            let all = if P::SPLIT_LAST {
                step.scratch
            } else {
                step.products
            };
            if step.layout.one_row && P::SPLIT_LAST {
                for panel in step.panels.0..step.panels.1 {
                    self.split_last(simd, step, panel, all.add(panel * width));
                }
            }
            let hidden = (step.hidden, step.d_hidden);
            let out = (all, width);
            let whole = weights
                .first
                .add_row(simd, step.layout, step.panels, hidden, out);
            (all, whole)
        };
        for panel in step.in_turn() {
            // SAFETY: as above.
            unsafe {
                let products = if P::SPLIT_LAST && !whole {
                    // One panel after the other in the same place.
                    self.split_last(simd, step, panel, all);
                    all
                } else {
                    all.add(panel * step.rows * width)
                };
                if !whole {
                    let tile = Tile {
                        depth: step.d_hidden,
                        a: step.hidden,
                        a_stride: step.padded,
                        panel: weights.first.panel(panel, lanes),
                        init: products,
                        init_stride: width,
                        out: products,
                        out_stride: width,
                    };
                    tile.multiply(simd, step.rows, gates * vectors);
                }
                for row in 0..step.rows {
                    for unit in
                        (panel * units..step.d_hidden.min((panel + 1) * units)).step_by(lanes)
                    {
                        let at = step.at(gates, products, panel, row, unit);
                        self.0.forward(simd, at);
                    }
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn backward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &BackwardStep<'_>) {
        // SAFETY: as the caller promises; unit by unit the pointers move inside the same rows.
        unsafe {
            for row in 0..step.rows {
                for unit in step.units() {
                    self.0.backward(simd, step.at(row, unit));
                }
            }
            step.meeting.wait();
            let depth = self.gates() * step.d_hidden;
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

impl<P: PointWise> OneProduct<P> {
    /// What the recurrent products of a panel start from where the last gate's is a sum of its own: the input side
    /// of the other gates, and its bias.
    ///
    /// # Safety
    ///
    /// `to` must be writable for the panel's rows; the rest as in [`forward`](Cell::forward).
    #[inline(always)]
    unsafe fn split_last<S: Simd>(
        &self,
        simd: S,
        step: &ForwardStep<'_>,
        panel: usize,
        to: *mut f32,
    ) {
        let Layout { lanes, vectors, .. } = step.layout;
        let others = (self.gates() - 1) * vectors;
        let width = self.gates() * step.layout.units();
        // SAFETY: as promised by the caller.
        unsafe {
            let from_input = step.products.add(panel * step.rows * width);
            let last = step.extra.add(panel * step.layout.units());
            for row in 0..step.rows {
                for vector in 0..others + vectors {
                    let at = row * width + vector * lanes;
                    let from = if vector < others {
                        from_input.add(at)
                    } else {
                        last.add((vector - others) * lanes)
                    };
                    store(simd, to.add(at), load(simd, from));
                }
            }
        }
    }
}

impl BackwardStep<'_> {
    /// The first units of all vectors that this thread computes.
    #[inline(always)]
    pub(crate) fn units(&self) -> impl Iterator<Item = usize> {
        let units = self.layout.units();
        let end = self.d_hidden.min(self.panels.1 * units);
        (self.panels.0 * units..end).step_by(self.layout.lanes)
    }

    /// The place of the units from `unit` on of the sequence `row`.
    ///
    /// # Safety
    ///
    /// The pointers must be valid as their fields say.
    #[inline(always)]
    pub(crate) unsafe fn at(&self, row: usize, unit: usize) -> BackwardAt {
        let state = row * self.padded + unit;
        // The groups are the parts that the sequences are shared in where each thread has its own.
        let group = ((row + 1) * self.groups - 1) / self.rows;
        // The pointers of a cell without a cell state, carried gates or extra parameters are null and stay unused.
        BackwardAt {
            slots: self.slots.wrapping_add(row * self.slots_row + unit),
            slot_stride: self.d_hidden,
            hidden: self.hidden.wrapping_add(row * self.hidden_row + unit),
            cell: self.cell.wrapping_add(row * self.cell_row + unit),
            cell_before: self
                .cell_before
                .wrapping_add(row * self.cell_before_row + unit),
            d_output: self.d_output.wrapping_add(row * self.hidden_row + unit),
            d_hidden: self.d_hidden_state.wrapping_add(state),
            d_cell: self.d_cell.wrapping_add(state),
            d_gates: self.d_gates.wrapping_add(row * self.d_gates_row + unit),
            carry: self.carry.wrapping_add(state),
            recurrent: self.recurrent.wrapping_add(row * self.recurrent_row + unit),
            block_stride: self.d_hidden,
            extra: self.extra.wrapping_add(unit),
            d_extra: self.d_extra.wrapping_add(group * self.d_extra_group + unit),
            extra_stride: self.padded,
            sums: self.sums.wrapping_add(group * self.sums_group + unit),
            n: self.d_hidden - unit,
        }
    }

    /// `out = init + factors · weights`, all rows and panels.
    ///
    /// # Safety
    ///
    /// The pointers must be valid: `factors` for rows `recurrent_row` apart of `depth` floats, `init` and `out` for
    /// `[rows, padded]`.
    #[inline(always)]
    pub(crate) unsafe fn recur<S: Simd>(
        &self,
        simd: S,
        weights: &Weights<'_>,
        depth: usize,
        factors: *const f32,
        init: *const f32,
        out: *mut f32,
    ) {
        let padded = self.padded;
        // SAFETY: as promised by the caller.
        unsafe { self.recur_to(simd, weights, depth, factors, (init, padded), (out, padded)) }
    }

    /// As [`recur`](BackwardStep::recur) with rows of `init` and `out` as far apart as is said with them.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(always)]
    pub(crate) unsafe fn recur_to<S: Simd>(
        &self,
        simd: S,
        weights: &Weights<'_>,
        depth: usize,
        factors: *const f32,
        (init, init_stride): (*const f32, usize),
        (out, out_stride): (*mut f32, usize),
    ) {
        for panel in self.panels.0..self.panels.1 {
            let unit = panel * self.layout.units();
            // SAFETY: the panels cover `padded` units; the caller promises the rest.
            unsafe {
                let tile = Tile {
                    depth,
                    a: factors,
                    a_stride: self.recurrent_row,
                    panel: weights.panel(panel, self.layout.lanes),
                    init: init.add(unit),
                    init_stride,
                    out: out.add(unit),
                    out_stride,
                };
                tile.multiply(simd, self.rows, self.layout.vectors);
            }
        }
    }
}
