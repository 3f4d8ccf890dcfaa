//! What a cell does at one time step for the sequences of one thread.

use core::ops::Range;

use pulp::Simd;

use crate::point_wise::ForwardAt;
use crate::spec::Operands;
use crate::threads::Meeting;
use crate::tile::Tile;
use crate::weights::{Layout, Weights};

/// The scratch memory and results of one forward step. Scratch rows are `padded` floats apart.
#[derive(Clone, Copy)]
pub(crate) struct ForwardStep<'a> {
    /// Where the threads meet that share the units, for a product in the middle of a step.
    pub(crate) meeting: Meeting<'a>,
    pub(crate) layout: Layout,
    pub(crate) d_hidden: usize,
    /// [`Layout::padded`] of `d_hidden`.
    pub(crate) padded: usize,
    /// The number of sequences.
    pub(crate) rows: usize,
    /// The first and the end of the panels that this thread computes.
    pub(crate) panels: (usize, usize),
    /// Whether it starts with the last of them.
    pub(crate) from_end: bool,
    /// The input sides `[panel][row][width]` of all panels, to become the pre-activations.
    pub(crate) products: *mut f32,
    /// `h_{t-1}`, `[rows, padded]`.
    pub(crate) hidden: *const f32,
    /// `h_t`, `[rows, padded]`.
    pub(crate) next: *mut f32,
    /// `C_{t-1}`, `[rows, padded]`: the same memory as `cell` where no product [sees](Cell::SEES_CELLS) it.
    pub(crate) cell_before: *const f32,
    /// `C_t`, `[rows, padded]`.
    pub(crate) cell: *mut f32,
    /// The gates of the step before and those of this one, of a cell that carries some: `[rows, K · d_hidden]`, rows
    /// `gates_row` apart.
    pub(crate) gates: *const f32,
    pub(crate) next_gates: *mut f32,
    pub(crate) gates_row: usize,
    /// The extra parameters, `[.., padded]`.
    pub(crate) extra: *const f32,
    /// Free for the cell's use: [`Cell::scratch`] rows of `padded` floats for each sequence.
    pub(crate) scratch: *mut f32,
    /// Saved slots of the first sequence at this step, or null.
    pub(crate) saved: *mut f32,
    /// From one sequence to the next in `saved`.
    pub(crate) saved_stride: usize,
}

impl ForwardStep<'_> {
    /// The panels of this thread in the order of this step: every other one goes back over the weights from where the
    /// one before ended, so that those that the core's own cache still holds come first. Without, weights that do not
    /// fit would be gone whenever they are needed again.
    #[inline(always)]
    pub(crate) fn in_turn(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, end) = self.panels;
        let from_end = self.from_end;
        (first..end).map(move |panel| {
            if from_end {
                first + end - 1 - panel
            } else {
                panel
            }
        })
    }

    /// The place of the units from `unit` on, in the panel `panel`, of the sequence `row`. `products` are the panel's
    /// pre-activations.
    ///
    /// # Safety
    ///
    /// The pointers must be valid as their fields say.
    #[inline(always)]
    pub(crate) unsafe fn at(
        &self,
        gates: usize,
        products: *const f32,
        panel: usize,
        row: usize,
        unit: usize,
    ) -> ForwardAt {
        let units = self.layout.units();
        let width = gates * units;
        let product = row * width + unit - panel * units;
        let state = row * self.padded + unit;
        // SAFETY: as promised by the caller; a cell without a cell state, carried gates or extra parameters has null
        // pointers, which stay unused.
        unsafe {
            ForwardAt {
                products: products.add(product),
                from_input: self.products.add(panel * self.rows * width + product),
                gate_stride: units,
                hidden: self.hidden.add(state),
                next: self.next.add(state),
                cell_before: self.cell_before.wrapping_add(state),
                cell: self.cell.wrapping_add(state),
                gates: self.next_gates.wrapping_add(row * self.gates_row + unit),
                extra: self.extra.wrapping_add(unit),
                extra_stride: self.padded,
                saved: if self.saved.is_null() {
                    self.saved
                } else {
                    self.saved.add(row * self.saved_stride + unit)
                },
                slot_stride: self.d_hidden,
                n: self.d_hidden - unit,
            }
        }
    }

    /// Adds a product to the pre-activations of the gates `blocks`, of `gates`, all rows and the panels of this thread: of
    /// `a`, rows of `depth` floats `a_stride` apart.
    ///
    /// # Safety
    ///
    /// The pointers must be valid as their fields say, `a` for the step's rows, and the weights those of these blocks
    /// with `depth` rows.
    #[inline(always)]
    pub(crate) unsafe fn add_product<S: Simd>(
        &self,
        simd: S,
        gates: usize,
        weights: &Weights<'_>,
        blocks: Range<usize>,
        (a, a_stride, depth): (*const f32, usize, usize),
    ) {
        let Layout { lanes, vectors, .. } = self.layout;
        let units = self.layout.units();
        let width = gates * units;
        // SAFETY: as promised by the caller.
        unsafe {
            let out = self.products.add(blocks.start * units);
            if weights.add_row(simd, self.layout, self.panels, (a, depth), (out, width)) {
                return;
            }
            for panel in self.panels.0..self.panels.1 {
                let products = out.add(panel * self.rows * width);
                let tile = Tile {
                    depth,
                    a,
                    a_stride,
                    panel: weights.panel(panel, lanes),
                    init: products,
                    init_stride: width,
                    out: products,
                    out_stride: width,
                };
                tile.multiply(simd, self.rows, blocks.len() * vectors);
            }
        }
    }

    /// Calls `run` for every vector of units of every sequence, with the pre-activations of all `gates`.
    ///
    /// # Safety
    ///
    /// The pointers must be valid as their fields say.
    #[inline(always)]
    pub(crate) unsafe fn for_all(&self, gates: usize, mut run: impl FnMut(ForwardAt)) {
        let units = self.layout.units();
        for panel in self.panels.0..self.panels.1 {
            for row in 0..self.rows {
                let end = self.d_hidden.min((panel + 1) * units);
                for unit in (panel * units..end).step_by(self.layout.lanes) {
                    // SAFETY: as promised by the caller.
                    run(unsafe {
                        let products = self.products.add(panel * self.rows * gates * units);
                        self.at(gates, products, panel, row, unit)
                    });
                }
            }
        }
    }
}

/// The scratch memory and operands of one backward step.
#[derive(Clone, Copy)]
pub(crate) struct BackwardStep<'a> {
    /// Where the threads meet that share the units, between the point-wise pass and the product.
    pub(crate) meeting: Meeting<'a>,
    /// The layout of the transposed recurrent product.
    pub(crate) layout: Layout,
    pub(crate) d_hidden: usize,
    /// [`Layout::padded`] of `d_hidden`.
    pub(crate) padded: usize,
    /// The number of sequences.
    pub(crate) rows: usize,
    /// The first and the end of the panels that this thread computes.
    pub(crate) panels: (usize, usize),
    /// Saved slots of the first sequence at this step.
    pub(crate) slots: *mut f32,
    pub(crate) slots_row: usize,
    /// `h_{t-1}`, `C_t`, and `C_{t-1}` of the first sequence, with their distances to the next.
    pub(crate) hidden: *const f32,
    pub(crate) hidden_row: usize,
    pub(crate) cell: *const f32,
    pub(crate) cell_row: usize,
    pub(crate) cell_before: *const f32,
    pub(crate) cell_before_row: usize,
    /// The gradient of the output at this step, `hidden_row` apart.
    pub(crate) d_output: *const f32,
    /// What the later steps give to the gradient of `h_t`, to become what this one gives to that of `h_{t-1}`:
    /// `[rows, padded]`, as are the next two.
    pub(crate) d_hidden_state: *mut f32,
    pub(crate) d_cell: *mut f32,
    pub(crate) carry: *mut f32,
    /// What the later steps give to the gradients of the carried gates of this one, to become what this one gives to
    /// those of the step before: `[rows, K, padded]`, rows `d_gates_row` apart.
    pub(crate) d_gates: *mut f32,
    pub(crate) d_gates_row: usize,
    /// The factors of the recurrent product, `[rows, gates · d_hidden]`.
    pub(crate) recurrent: *mut f32,
    pub(crate) recurrent_row: usize,
    pub(crate) extra: *const f32,
    /// Sums, each group of consecutive sequences with its own, `d_extra_group` and `sums_group` apart.
    pub(crate) d_extra: *mut f32,
    pub(crate) d_extra_group: usize,
    pub(crate) sums: *mut f32,
    pub(crate) sums_group: usize,
    pub(crate) groups: usize,
}

/// The weights of a cell's products within a step, of which there are up to three, and those with the carried gates.
pub(crate) struct Recurrent<'a> {
    pub(crate) first: Weights<'a>,
    pub(crate) second: Option<Weights<'a>>,
    pub(crate) third: Option<Weights<'a>>,
    pub(crate) gates: Vec<Weights<'a>>,
}

impl<'a> Recurrent<'a> {
    pub(crate) fn one(first: Weights<'a>) -> Self {
        Self {
            first,
            second: None,
            third: None,
            gates: Vec::new(),
        }
    }

    /// Packed weights by themselves.
    pub(crate) fn into_owned(self) -> Recurrent<'static> {
        Recurrent {
            first: self.first.into_owned(),
            second: self.second.map(Weights::into_owned),
            third: self.third.map(Weights::into_owned),
            gates: self.gates.into_iter().map(Weights::into_owned).collect(),
        }
    }

    pub(crate) fn two(first: Weights<'a>, second: Weights<'a>) -> Self {
        Self {
            first,
            second: Some(second),
            third: None,
            gates: Vec::new(),
        }
    }
}

/// Consecutive blocks of a matrix of recurrent weights whose gradient is one product over all steps: of what they are multiplied
/// with, transposed, and of the gradients in their slots.
pub(crate) struct RecurrentSide {
    /// The blocks.
    pub(crate) gates: Range<usize>,
    /// The slot of the first block; those of the others follow.
    pub(crate) slot: usize,
    /// What they are multiplied with.
    pub(crate) factor: Factor,
}

/// What recurrent weights are multiplied with.
pub(crate) enum Factor {
    /// `h_{t-1}`.
    Hidden,
    /// What is kept in consecutive slots.
    Slots(Range<usize>),
    /// `C_t`.
    Cell,
}

/// A cell as the drivers of the forward and backward pass know it.
///
/// Threads may share the units of the same sequences. The drivers have them meet after a forward step; a cell has them meet
/// before each product that reads what a step has computed of other units.
pub(crate) trait Cell: Copy + Send + Sync {
    /// Whether a cell state is carried.
    const HAS_CELL: bool;

    /// Whether products of a forward step read cell states, of all units.
    const SEES_CELLS: bool = false;

    /// Whether the threads that share the units read each other's scratch memory.
    const SHARES_SCRATCH: bool = false;

    /// Whether the extra parameters are a matrix `[d_hidden, blocks · d_hidden]`, which [`weights`](Cell::weights) takes in,
    /// and not rows of a value a unit.
    const EXTRA_IS_MATRIX: bool = false;

    /// The number of blocks in the fused parameters.
    fn gates(&self) -> usize;

    /// The number of values a unit that are saved beside the states; the first are the gates.
    fn slots(&self) -> usize;

    /// The number of gates whose values are carried from step to step.
    fn carried_gates(&self) -> usize {
        0
    }

    /// The floats of the matrices that a step multiplies with.
    fn step_weights(&self, d_hidden: usize) -> usize {
        self.gates() * d_hidden * d_hidden
    }

    /// What the gradient of `w_hidden` is made of.
    fn recurrent_sides(&self) -> Vec<RecurrentSide>;

    /// What the gradient of extra parameters that are a matrix is made of.
    fn extra_sides(&self) -> Vec<RecurrentSide> {
        Vec::new()
    }

    /// What the gradient of the weights of the carried gates is made of.
    fn gate_sides(&self) -> Vec<RecurrentSide> {
        Vec::new()
    }

    /// The rows of scratch that a forward step needs for each sequence.
    fn scratch(&self) -> usize;

    /// The recurrent weights, of [`Operands::w_hidden`] and what else a step multiplies with, as the forward step reads them.
    fn weights<'a>(
        &self,
        operands: &Operands<'a>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'a>;

    /// The transposed recurrent weights as the backward step reads them.
    fn transposed(
        &self,
        operands: &Operands<'_>,
        d_hidden: usize,
        layout: Layout,
    ) -> Recurrent<'static>;

    /// One step of the forward pass.
    ///
    /// # Safety
    ///
    /// The pointers must be valid as their fields say, the weights from [`weights`](Cell::weights) with the same layout.
    unsafe fn forward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &ForwardStep<'_>);

    /// One step of the backward pass.
    ///
    /// # Safety
    ///
    /// The pointers must be valid as their fields say, the weights from [`transposed`](Cell::transposed) with the same
    /// layout.
    unsafe fn backward<S: Simd>(&self, simd: S, weights: &Recurrent<'_>, step: &BackwardStep<'_>);
}
