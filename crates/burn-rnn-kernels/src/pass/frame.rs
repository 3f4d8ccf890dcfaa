//! What the point-wise pass of a stage reads and writes, in either direction: pointers, made once a stage and step.

use pulp::Simd;

use crate::definition::{
    MOST_MASKS, MOST_REDUCTIONS, MOST_STATES, MOST_SUMS, MOST_TEMPS, MOST_VECTORS,
};
use crate::machine::vector::load_first;

/// The rows and units of a point-wise pass, in either direction.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// The sequences that are running.
    pub(crate) rows: usize,
    /// The first and the end of the panels.
    pub(crate) panels: (usize, usize),
    /// The units of a panel.
    pub(crate) units: usize,
    /// All units.
    pub(crate) width: usize,
    /// The step of each row in what is kept.
    pub(crate) inner: *const usize,
    /// The step of each row in the caller's tensors.
    pub(crate) outer: *const usize,
    /// Each row's sequence in the caller's tensors.
    pub(crate) sequences: *const usize,
}

/// A mask and how it is found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaskAt {
    /// Null where it is not given.
    pub(crate) start: *const f32,
    pub(crate) by_step: bool,
}

impl MaskAt {
    pub(crate) const ABSENT: Self = Self {
        start: core::ptr::null(),
        by_step: false,
    };

    /// The mask at some units of a row; ones where it is not given.
    ///
    /// # Safety
    ///
    /// The mask must be readable for the row's sequence or step, `n` floats or a vector's from `unit` on.
    #[inline(always)]
    pub(crate) unsafe fn at<S: Simd>(
        &self,
        simd: S,
        span: &Span,
        row: usize,
        unit: usize,
        n: usize,
    ) -> S::f32s {
        if self.start.is_null() {
            return simd.splat_f32s(1.0);
        }
        // SAFETY: as promised by the caller.
        unsafe {
            let index = if self.by_step {
                *span.outer.add(row)
            } else {
                *span.sequences.add(row)
            };
            load_first(simd, self.start.add(index * span.width + unit), n)
        }
    }
}

/// Memory of one vector of each row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowsAt {
    pub(crate) start: *mut f32,
    /// From one row to the next.
    pub(crate) stride: usize,
}

impl RowsAt {
    pub(crate) const ABSENT: Self = Self {
        start: core::ptr::null_mut(),
        stride: 0,
    };

    #[inline(always)]
    pub(crate) fn at(&self, row: usize, unit: usize) -> *mut f32 {
        self.start.wrapping_add(row * self.stride + unit)
    }
}

/// What the point-wise pass of one stage reads and writes. Scratch memory has whole vectors, what is kept has the units alone.
pub(crate) struct ForwardFrame {
    pub(crate) span: Span,
    /// The pre-activations of the first panel and row.
    pub(crate) sums: *const f32,
    pub(crate) sums_panel: usize,
    pub(crate) sums_row: usize,
    /// The place of each sum in a row.
    pub(crate) positions: [usize; MOST_SUMS],
    pub(crate) before: [RowsAt; MOST_STATES],
    pub(crate) after: [RowsAt; MOST_STATES],
    pub(crate) temps: [RowsAt; MOST_TEMPS],
    /// Where temps are kept, by step; null where they are not, or elsewhere.
    pub(crate) saved_temps: [*mut f32; MOST_TEMPS],
    pub(crate) vectors: [*const f32; MOST_VECTORS],
    pub(crate) masks: [MaskAt; MOST_MASKS],
    /// The sums over the units, by row.
    pub(crate) reduced: [*const f32; MOST_REDUCTIONS],
    /// The first slot of the stage, by step.
    pub(crate) slots: *mut f32,
    /// From one step to the next in the slots.
    pub(crate) slots_step: usize,
}

/// What the backward point-wise pass of one stage reads and writes.
pub(crate) struct BackwardFrame {
    pub(crate) span: Span,
    /// Whether it is the first stage that comes to the gradient of a state: it writes what others add to.
    pub(crate) stores: [bool; MOST_STATES],
    /// The first slot of the stage, by step: what was kept, to become the gradients of the sums.
    pub(crate) slots: *mut f32,
    pub(crate) slots_step: usize,
    /// The place of each sum's gradient among the slots.
    pub(crate) sum_slots: [usize; MOST_SUMS],
    /// The factors of the transposed products, and the place of each sum there.
    pub(crate) factors: RowsAt,
    pub(crate) positions: [usize; MOST_SUMS],
    /// Sums of the gradients over rows and steps: the biases'. Null where there is none.
    pub(crate) biases: [*mut f32; MOST_SUMS],
    /// The states before the step, by step.
    pub(crate) states: [*const f32; MOST_STATES],
    /// The gradients of the states after the step.
    pub(crate) after: [RowsAt; MOST_STATES],
    /// The gradients of the states before the step; absent where the equations do not read them.
    pub(crate) before: [RowsAt; MOST_STATES],
    /// The gradient of the output, by step of the caller's.
    pub(crate) d_output: *const f32,
    /// Temps and where they stand by step: from the start, a step further.
    pub(crate) temps: [*const f32; MOST_TEMPS],
    pub(crate) temp_steps: [usize; MOST_TEMPS],
    pub(crate) d_temps: [RowsAt; MOST_TEMPS],
    pub(crate) vectors: [*const f32; MOST_VECTORS],
    pub(crate) d_vectors: [*mut f32; MOST_VECTORS],
    pub(crate) masks: [MaskAt; MOST_MASKS],
    /// The sums over the units, by step, and from one step to the next.
    pub(crate) reduced: *const f32,
    pub(crate) reductions: usize,
    /// The gradients of reductions that this stage reads, a vector a row.
    pub(crate) d_reduced: [RowsAt; MOST_REDUCTIONS],
    /// The gradients, one a row, of reductions of temps that this stage has set.
    pub(crate) d_reductions: [*const f32; MOST_TEMPS],
    /// From one group's sums to the next's, and how many groups the rows are in.
    pub(crate) group: usize,
    pub(crate) groups: usize,
    /// All rows, for the groups.
    pub(crate) all_rows: usize,
}
