//! The point-wise part of a cell: what happens between two recurrent products.

use pulp::Simd;

use crate::vector::{load, load_first, store, store_first};

/// Where one vector of hidden units of one sequence stands in the forward pass.
///
/// `products`, `from_input`, `hidden`, `next`, `cell_before` and `cell` are scratch memory with whole vectors; in `gates`,
/// `saved` and `output` only the first `n` lanes are there.
#[derive(Clone, Copy)]
pub(crate) struct ForwardAt {
    /// The pre-activations of the first gate, input and recurrent side together.
    pub(crate) products: *const f32,
    /// The input side alone, laid out like `products`.
    pub(crate) from_input: *const f32,
    /// From one gate to the next in `products` and `from_input`.
    pub(crate) gate_stride: usize,
    /// `h_{t-1}`.
    pub(crate) hidden: *const f32,
    /// `h_t`.
    pub(crate) next: *mut f32,
    /// `C_{t-1}`, where it does not stand in the place of `C_t`.
    pub(crate) cell_before: *const f32,
    /// `C_{t-1}`, to become `C_t`.
    pub(crate) cell: *mut f32,
    /// Where the first gate goes that is carried to the next step.
    pub(crate) gates: *mut f32,
    /// The extra parameters, rows of `extra_stride` with whole vectors.
    pub(crate) extra: *const f32,
    pub(crate) extra_stride: usize,
    /// The first saved slot, or null where nothing is kept.
    pub(crate) saved: *mut f32,
    /// From one slot to the next, and from one carried gate to the next.
    pub(crate) slot_stride: usize,
    /// How many lanes are units.
    pub(crate) n: usize,
}

impl ForwardAt {
    /// The pre-activation of a gate.
    #[inline(always)]
    pub(crate) unsafe fn product<S: Simd>(&self, simd: S, gate: usize) -> S::f32s {
        // SAFETY: `products` has a vector for every gate of the cell.
        unsafe { load(simd, self.products.add(gate * self.gate_stride)) }
    }

    /// The input side of a gate's pre-activation.
    #[inline(always)]
    pub(crate) unsafe fn input_side<S: Simd>(&self, simd: S, gate: usize) -> S::f32s {
        // SAFETY: `from_input` has a vector for every gate of the cell.
        unsafe { load(simd, self.from_input.add(gate * self.gate_stride)) }
    }

    /// A row of the extra parameters.
    #[inline(always)]
    pub(crate) unsafe fn extra<S: Simd>(&self, simd: S, row: usize) -> S::f32s {
        // SAFETY: `extra` has the rows that the cell's specification counts.
        unsafe { load(simd, self.extra.add(row * self.extra_stride)) }
    }

    /// Whether a backward pass will come.
    #[inline(always)]
    pub(crate) fn keeps(&self) -> bool {
        !self.saved.is_null()
    }

    /// Keeps a value for the backward pass, where it will come.
    #[inline(always)]
    pub(crate) unsafe fn keep<S: Simd>(&self, simd: S, slot: usize, value: S::f32s) {
        if self.keeps() {
            // SAFETY: not null, it has as many slots as the cell keeps.
            unsafe { store_first(simd, self.saved.add(slot * self.slot_stride), self.n, value) }
        }
    }

    /// Carries the value of a gate to the next step.
    #[inline(always)]
    pub(crate) unsafe fn carry<S: Simd>(&self, simd: S, gate: usize, value: S::f32s) {
        // SAFETY: `gates` has the gates that the cell carries.
        unsafe { store_first(simd, self.gates.add(gate * self.slot_stride), self.n, value) }
    }
}

/// Where one vector of hidden units of one sequence stands in the backward pass.
///
/// `d_hidden`, `d_cell`, `d_gates`, `carry`, `extra` and the sums are scratch memory with whole vectors; the others have the
/// first `n` lanes.
#[derive(Clone, Copy)]
pub(crate) struct BackwardAt {
    /// What the forward pass kept, to become the gradients of the pre-activations.
    pub(crate) slots: *mut f32,
    /// From one slot to the next.
    pub(crate) slot_stride: usize,
    /// `h_{t-1}`.
    pub(crate) hidden: *const f32,
    /// `C_t`, for a cell that has one.
    pub(crate) cell: *const f32,
    /// `C_{t-1}`.
    pub(crate) cell_before: *const f32,
    /// The gradient of the output at this step.
    pub(crate) d_output: *const f32,
    /// What the later steps give to the gradient of `h_t`.
    pub(crate) d_hidden: *const f32,
    /// The gradient of `C_t`, to become that of `C_{t-1}`.
    pub(crate) d_cell: *mut f32,
    /// What the later steps give to the gradients of the carried gates, from the first on.
    pub(crate) d_gates: *const f32,
    /// What goes to the gradient of `h_{t-1}` without the recurrent product.
    pub(crate) carry: *mut f32,
    /// The factors of the recurrent product, one block of units a gate.
    pub(crate) recurrent: *mut f32,
    /// From one block of `recurrent` to the next.
    pub(crate) block_stride: usize,
    /// The extra parameters and the sums of their gradients, rows of `extra_stride`, as those of `d_gates` are.
    pub(crate) extra: *const f32,
    pub(crate) d_extra: *mut f32,
    pub(crate) extra_stride: usize,
    /// The sums of the gradients of the slots, rows of `extra_stride`: the biases'.
    pub(crate) sums: *mut f32,
    /// How many lanes are units.
    pub(crate) n: usize,
}

impl BackwardAt {
    /// What was kept in a slot.
    #[inline(always)]
    pub(crate) unsafe fn kept<S: Simd>(&self, simd: S, slot: usize) -> S::f32s {
        // SAFETY: the cell kept this slot in the forward pass.
        unsafe { load_first(simd, self.slots.add(slot * self.slot_stride), self.n) }
    }

    /// The whole gradient of `h_t`.
    #[inline(always)]
    pub(crate) unsafe fn d_hidden<S: Simd>(&self, simd: S) -> S::f32s {
        // SAFETY: both are there for these units.
        unsafe {
            simd.add_f32s(
                load_first(simd, self.d_output, self.n),
                load(simd, self.d_hidden),
            )
        }
    }

    /// What the next step gives to the gradient of a carried gate.
    #[inline(always)]
    pub(crate) unsafe fn d_gate<S: Simd>(&self, simd: S, gate: usize) -> S::f32s {
        // SAFETY: `d_gates` has the gates that the cell carries.
        unsafe { load(simd, self.d_gates.add(gate * self.extra_stride)) }
    }

    /// Writes the gradient of a slot in its place and adds it to its sum.
    #[inline(always)]
    pub(crate) unsafe fn put<S: Simd>(&self, simd: S, slot: usize, d: S::f32s) {
        // SAFETY: the slot is there, and the sums have a row for each.
        unsafe {
            store_first(simd, self.slots.add(slot * self.slot_stride), self.n, d);
            add_to(simd, self.sums.add(slot * self.extra_stride), d);
        }
    }

    /// Writes a factor of the recurrent product.
    #[inline(always)]
    pub(crate) unsafe fn put_recurrent<S: Simd>(&self, simd: S, block: usize, d: S::f32s) {
        // SAFETY: the rows of `recurrent` have a block for each gate.
        unsafe {
            store_first(
                simd,
                self.recurrent.add(block * self.block_stride),
                self.n,
                d,
            )
        }
    }

    /// A row of the extra parameters.
    #[inline(always)]
    pub(crate) unsafe fn extra<S: Simd>(&self, simd: S, row: usize) -> S::f32s {
        // SAFETY: `extra` has the rows that the cell's specification counts.
        unsafe { load(simd, self.extra.add(row * self.extra_stride)) }
    }

    /// Adds to the gradient of a row of the extra parameters.
    #[inline(always)]
    pub(crate) unsafe fn add_extra<S: Simd>(&self, simd: S, row: usize, d: S::f32s) {
        // SAFETY: `d_extra` has the rows of `extra`.
        unsafe { add_to(simd, self.d_extra.add(row * self.extra_stride), d) }
    }
}

#[inline(always)]
unsafe fn add_to<S: Simd>(simd: S, sum: *mut f32, value: S::f32s) {
    // SAFETY: the caller passes a row of sums, which has whole vectors.
    unsafe { store(simd, sum, simd.add_f32s(load(simd, sum), value)) }
}

/// `s (1 − s)`, the derivative of the sigmoid where it is `s`.
#[inline(always)]
pub(crate) fn sigmoid_slope<S: Simd>(simd: S, s: S::f32s) -> S::f32s {
    simd.mul_f32s(s, simd.sub_f32s(simd.splat_f32s(1.0), s))
}

/// `1 − t²`, the derivative of tanh where it is `t`.
#[inline(always)]
pub(crate) fn tanh_slope<S: Simd>(simd: S, t: S::f32s) -> S::f32s {
    simd.sub_f32s(simd.splat_f32s(1.0), simd.mul_f32s(t, t))
}

/// A cell whose step is one recurrent product and one point-wise pass.
pub(crate) trait PointWise: Copy + Send + Sync {
    /// The number of blocks in the fused parameters.
    fn gates(&self) -> usize;

    /// The number of values a unit that the forward pass keeps beside the states: the gates first.
    fn slots(&self) -> usize;

    /// Whether a cell state is carried.
    const HAS_CELL: bool;

    /// Whether the point-wise pass reads the input side of the last gate apart from the recurrent side.
    const SPLIT_LAST: bool;

    /// `h_t` (and `C_t`) from the pre-activations.
    ///
    /// # Safety
    ///
    /// The pointers must be valid as their fields say.
    unsafe fn forward<S: Simd>(&self, simd: S, at: ForwardAt);

    /// The gradients of the pre-activations and of what went into the step, from those of `h_t` (and `C_t`).
    ///
    /// # Safety
    ///
    /// The pointers must be valid as their fields say.
    unsafe fn backward<S: Simd>(&self, simd: S, at: BackwardAt);
}
