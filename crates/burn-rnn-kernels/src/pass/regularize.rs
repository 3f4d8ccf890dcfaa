//! What regularizers do to states and temps after the equations, and to their gradients before those of the equations. It is the same for
//! every definition, so that none is compiled a second time for it.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use crate::definition::{Kept, MOST_MASKS, Width};

use super::frame::RowsAt;
use super::worker::{RowSteps, Worker};

/// One thread's part of it, for rows that are at these steps.
pub(crate) struct Regularize<'a> {
    pub(crate) worker: &'a Worker<'a>,
    pub(crate) masks: &'a [&'a [f32]; MOST_MASKS],
    pub(crate) steps: &'a RowSteps,
    pub(crate) rows: usize,
}

/// The share of each unit that stays.
enum Shares<'a> {
    Masked(&'a [f32]),
    Same(f32),
}

impl Shares<'_> {
    /// Calls `f` with each value, what stands beside it, and its share.
    #[inline(always)]
    fn each<T>(
        self,
        values: &mut [f32],
        beside: impl IntoIterator<Item = T>,
        f: impl Fn(&mut f32, T, f32),
    ) {
        let pairs = values.iter_mut().zip(beside);
        match self {
            Self::Masked(mask) => pairs
                .zip(mask)
                .for_each(|((value, beside), &share)| f(value, beside, share)),
            Self::Same(share) => pairs.for_each(|(value, beside)| f(value, beside, share)),
        }
    }
}

// SAFETY of the slices below: scratch memory has these rows and this thread's units, and they are of two states or temps, or of a state before
// and after the step, which regularized states have apart.
impl Regularize<'_> {
    /// This thread's units of a mask of a row.
    #[inline(always)]
    fn mask(&self, mask: usize, row: usize) -> &[f32] {
        let declared = self.worker.plan.declaration.masks[mask];
        let index = if declared.by_step {
            self.steps.callers[row]
        } else {
            self.worker.sequences()[row]
        };
        let units = self.worker.units(declared.width);
        let first = index * self.worker.sizes.width(declared.width) + units.start;
        &self.masks[mask][first..][..units.len()]
    }

    #[inline(always)]
    fn shares(&self, kept: Kept, row: usize) -> Option<Shares<'_>> {
        match kept {
            Kept::Nothing => None,
            Kept::Masked(mask) => Some(Shares::Masked(self.mask(mask, row))),
            Kept::Share(share) => Some(Shares::Same(share)),
        }
    }

    #[inline(always)]
    unsafe fn row<'b>(&self, at: RowsAt, row: usize, width: Width) -> &'b [f32] {
        let units = self.worker.units(width);
        // SAFETY: see above.
        unsafe { from_raw_parts(at.at(row, units.start), units.len()) }
    }

    #[inline(always)]
    unsafe fn row_mut<'b>(&self, at: RowsAt, row: usize, width: Width) -> &'b mut [f32] {
        let units = self.worker.units(width);
        // SAFETY: see above.
        unsafe { from_raw_parts_mut(at.at(row, units.start), units.len()) }
    }

    /// Keeps shares of the states before the step, and makes the copies that products read.
    #[inline(always)]
    pub(crate) fn states(&self, before: &[RowsAt], after: &[RowsAt]) {
        let plan = self.worker.plan;
        for (state, rule) in plan.rules.states() {
            let width = plan.states[state].width;
            for row in 0..self.rows {
                // SAFETY: see above.
                let now = unsafe { self.row_mut(after[state], row, width) };
                if let Some(shares) = self.shares(rule.kept, row) {
                    // SAFETY: see above.
                    let was = unsafe { self.row(before[state], row, width) };
                    let mix = |now: &mut f32, was: &f32, share: f32| {
                        *now = (1.0 - share) * *now + share * was;
                    };
                    shares.each(now, was, mix);
                }
                if let Some(copied) = rule.copy {
                    // SAFETY: see above.
                    let copy = unsafe { self.row_mut(after[copied.to], row, width) };
                    multiply(copy, now, self.mask(copied.mask, row));
                }
            }
        }
    }

    /// Makes the copies of what a stage has left that products read; `keep` takes each with its step.
    #[inline(always)]
    pub(crate) fn temps(
        &self,
        stage: usize,
        temps: &[RowsAt],
        keep: impl Fn(usize, usize, &[f32]),
    ) {
        let plan = self.worker.plan;
        for (temp, copied) in plan.rules.temps() {
            if plan.declaration.temps[temp].stage != stage {
                continue;
            }
            let width = plan.temps[temp].width;
            for row in 0..self.rows {
                // SAFETY: see above.
                let (from, copy) = unsafe {
                    (
                        self.row(temps[temp], row, width),
                        self.row_mut(temps[copied.to], row, width),
                    )
                };
                multiply(copy, from, self.mask(copied.mask, row));
                keep(copied.to, self.steps.kept[row], copy);
            }
        }
    }

    /// Takes the gradients of copies to what they were made of, and splits those of kept states: what the equations get stays in
    /// `after`, what the states before the step get goes to `kept`. Where state 0 is kept, its own gradient of the output is in it.
    #[inline(always)]
    pub(crate) fn states_back(&self, after: &[RowsAt], d_output: &[f32], kept: &[RowsAt]) {
        let plan = self.worker.plan;
        for (state, rule) in plan.rules.states() {
            let width = plan.states[state].width;
            for row in 0..self.rows {
                // SAFETY: see above.
                let d = unsafe { self.row_mut(after[state], row, width) };
                if let Some(copied) = rule.copy {
                    // SAFETY: see above.
                    let of_copy = unsafe { self.row(after[copied.to], row, width) };
                    add_product(d, of_copy, self.mask(copied.mask, row));
                }
                let Some(shares) = self.shares(rule.kept, row) else {
                    continue;
                };
                if state == 0 {
                    let units = self.worker.units(width);
                    let first = self.steps.callers[row] * self.worker.sizes.width(width);
                    let d_output = &d_output[first + units.start..][..units.len()];
                    for (d, d_output) in d.iter_mut().zip(d_output) {
                        *d += d_output;
                    }
                }
                // SAFETY: see above.
                let kept = unsafe { self.row_mut(kept[state], row, width) };
                let split = |d: &mut f32, kept: &mut f32, share: f32| {
                    *kept = share * *d;
                    *d *= 1.0 - share;
                };
                shares.each(d, kept, split);
            }
        }
    }

    /// Adds to the gradients of the states before the step what was kept of them.
    #[inline(always)]
    pub(crate) fn kept_back(&self, before: &[RowsAt], kept: &[RowsAt]) {
        let plan = self.worker.plan;
        for (state, rule) in plan.rules.states() {
            if rule.kept == Kept::Nothing {
                continue;
            }
            let width = plan.states[state].width;
            for row in 0..self.rows {
                // SAFETY: see above.
                let (d, kept) = unsafe {
                    (
                        self.row_mut(before[state], row, width),
                        self.row(kept[state], row, width),
                    )
                };
                for (d, kept) in d.iter_mut().zip(kept) {
                    *d += kept;
                }
            }
        }
    }

    /// Takes the gradients of copies of what a stage has left to it.
    #[inline(always)]
    pub(crate) fn temps_back(&self, stage: usize, d_temps: &[RowsAt]) {
        let plan = self.worker.plan;
        for (temp, copied) in plan.rules.temps() {
            if plan.declaration.temps[temp].stage != stage {
                continue;
            }
            let width = plan.temps[temp].width;
            for row in 0..self.rows {
                // SAFETY: see above.
                let (d, of_copy) = unsafe {
                    (
                        self.row_mut(d_temps[temp], row, width),
                        self.row(d_temps[copied.to], row, width),
                    )
                };
                add_product(d, of_copy, self.mask(copied.mask, row));
            }
        }
    }
}

#[inline(always)]
fn multiply(to: &mut [f32], from: &[f32], mask: &[f32]) {
    for ((to, from), mask) in to.iter_mut().zip(from).zip(mask) {
        *to = from * mask;
    }
}

#[inline(always)]
fn add_product(to: &mut [f32], from: &[f32], mask: &[f32]) {
    for ((to, from), mask) in to.iter_mut().zip(from).zip(mask) {
        *to += from * mask;
    }
}
