//! What the point-wise passes read and write, in either direction: pointers, made once a run.

use pulp::Simd;

use crate::definition::{
    MOST_MASKS, MOST_REDUCTIONS, MOST_STATES, MOST_SUMS, MOST_TEMPS, MOST_VECTORS, Plan, Width,
};
use crate::machine::vector::load_first;

use super::worker::{RowSteps, Worker};

/// The rows and units of a pass.
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

impl Span {
    /// All rows and the thread's units of a width.
    pub(crate) fn new(worker: &Worker<'_>, steps: &RowSteps, width: Width) -> Self {
        let panels = worker.panels(width);
        Self {
            rows: worker.part.rows,
            panels: (panels.start, panels.end),
            units: worker.layouts[width as usize].units(),
            width: worker.sizes.width(width),
            inner: steps.kept.as_ptr(),
            outer: steps.callers.as_ptr(),
            sequences: worker.sequences().as_ptr(),
        }
    }

    /// The first of the rows, at other steps.
    pub(crate) fn at(&mut self, rows: usize, steps: &RowSteps) {
        self.rows = rows;
        self.inner = steps.kept.as_ptr();
        self.outer = steps.callers.as_ptr();
    }
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

    /// The mask of the candidate among all.
    pub(crate) fn of_candidate(plan: &Plan, masks: &[Self; MOST_MASKS]) -> Self {
        plan.rules
            .candidate
            .map_or(Self::ABSENT, |mask| masks[mask])
    }

    /// All masks.
    pub(crate) fn all(plan: &Plan, given: &[&[f32]; MOST_MASKS]) -> [Self; MOST_MASKS] {
        let mut masks = [Self::ABSENT; MOST_MASKS];
        for ((mask, declared), given) in masks.iter_mut().zip(&plan.declaration.masks).zip(given) {
            if !given.is_empty() {
                mask.start = given.as_ptr();
                mask.by_step = declared.by_step;
            }
        }
        masks
    }

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

/// What the forward passes of all stages read and write. Scratch memory has whole vectors, what is kept has the units alone.
pub(crate) struct ForwardMemory {
    pub(crate) before: [RowsAt; MOST_STATES],
    pub(crate) after: [RowsAt; MOST_STATES],
    pub(crate) temps: [RowsAt; MOST_TEMPS],
    /// Where temps are kept, by step; null where they are not, or elsewhere.
    pub(crate) saved_temps: [*mut f32; MOST_TEMPS],
    pub(crate) vectors: [*const f32; MOST_VECTORS],
    pub(crate) masks: [MaskAt; MOST_MASKS],
    pub(crate) candidate: MaskAt,
    /// The sums over the units, by row.
    pub(crate) reduced: [*const f32; MOST_REDUCTIONS],
    /// The place of each sum in a row.
    pub(crate) positions: [usize; MOST_SUMS],
}

/// What is of one stage alone.
pub(crate) struct ForwardStage {
    pub(crate) span: Span,
    /// The pre-activations of the first panel and row.
    pub(crate) sums: *mut f32,
    pub(crate) sums_panel: usize,
    pub(crate) sums_row: usize,
    /// The first slot of the stage, by step.
    pub(crate) slots: *mut f32,
    /// From one step to the next in the slots.
    pub(crate) slots_step: usize,
}

/// What the forward point-wise pass of one stage reads and writes.
#[derive(Clone, Copy)]
pub(crate) struct ForwardFrame<'a> {
    pub(crate) memory: &'a ForwardMemory,
    pub(crate) stage: &'a ForwardStage,
}

/// What the backward passes of all stages read and write.
pub(crate) struct BackwardMemory {
    /// The states before the step, by step.
    pub(crate) states: [*const f32; MOST_STATES],
    /// The gradients of the states after the step.
    pub(crate) after: [RowsAt; MOST_STATES],
    /// The gradients of the states before the step.
    pub(crate) before: [RowsAt; MOST_STATES],
    /// The gradient of the output, by step of the caller's, and from one to the next; zeros where it is in those of the states.
    pub(crate) d_output: *const f32,
    pub(crate) d_output_row: usize,
    /// Temps and where they stand by step: from the start, a step further.
    pub(crate) temps: [*const f32; MOST_TEMPS],
    pub(crate) temp_steps: [usize; MOST_TEMPS],
    pub(crate) d_temps: [RowsAt; MOST_TEMPS],
    pub(crate) vectors: [*const f32; MOST_VECTORS],
    pub(crate) d_vectors: [*mut f32; MOST_VECTORS],
    pub(crate) masks: [MaskAt; MOST_MASKS],
    pub(crate) candidate: MaskAt,
    /// The sums over the units, by step, and from one step to the next.
    pub(crate) reduced: *const f32,
    pub(crate) reductions: usize,
    /// The gradients of reductions, a vector a row.
    pub(crate) d_reduced: [RowsAt; MOST_REDUCTIONS],
    /// The same summed over the units, one a row, by the temp that is reduced.
    pub(crate) d_reductions: [*const f32; MOST_TEMPS],
    /// The place of each sum's gradient among the slots of its stage, and among the factors of the transposed products.
    pub(crate) sum_slots: [usize; MOST_SUMS],
    pub(crate) positions: [usize; MOST_SUMS],
    /// Sums of the gradients over rows and steps: the biases'. Null where there is none.
    pub(crate) biases: [*mut f32; MOST_SUMS],
    /// From one group's sums to the next's, and how many groups the rows are in.
    pub(crate) group: usize,
    pub(crate) groups: usize,
    /// All rows, for the groups.
    pub(crate) all_rows: usize,
}

/// What is of one stage alone.
pub(crate) struct BackwardStage {
    pub(crate) span: Span,
    /// Whether it is the first that comes to the gradient of a state: it writes what others add to.
    pub(crate) stores: [bool; MOST_STATES],
    /// The first slot of the stage, by step: what was kept, to become the gradients of the sums.
    pub(crate) slots: *mut f32,
    pub(crate) slots_step: usize,
    /// The factors of the transposed products.
    pub(crate) factors: RowsAt,
}

/// What the backward point-wise pass of one stage reads and writes.
#[derive(Clone, Copy)]
pub(crate) struct BackwardFrame<'a> {
    pub(crate) memory: &'a BackwardMemory,
    pub(crate) stage: &'a BackwardStage,
}
