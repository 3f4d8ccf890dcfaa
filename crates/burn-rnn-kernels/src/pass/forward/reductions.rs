//! Sums over all units of a step, which threads that share units make together.

use crate::machine::buffer::LINE;
use crate::machine::threads::Shared;
use crate::pass::frame::Span;

use super::frames::Frames;
use super::through_time::Job;

impl Job<'_> {
    /// The place of a thread's sum over its units.
    fn partial(&self, share: usize, reduction: usize, row: usize) -> *mut f32 {
        let worker = &self.worker;
        let reductions = worker.plan.declaration.reductions.len();
        let row = worker.part.first + row;
        let place = (share * reductions + reduction) * worker.sizes.batch + row;
        worker.scratch.at(self.memory.at.partial + place)
    }

    /// The sums of a temp over this thread's units.
    pub(super) fn reduce(&self, reduction: usize, frames: &Frames) {
        let plan = self.worker.plan;
        let temp = plan.declaration.reductions[reduction];
        let units = self.worker.units(plan.temps[temp].width);
        for row in 0..frames.stages[0].span.rows {
            // SAFETY: scratch memory has these rows and units.
            unsafe {
                let from = frames.memory.temps[temp].at(row, units.start);
                let units = core::slice::from_raw_parts(from, units.len());
                *self.partial(self.worker.part.share, reduction, row) = sum(units);
            }
        }
    }

    /// The sums over all units, kept where a backward pass will come.
    pub(super) fn total(&self, reductions: &[usize], span: &Span, totals: Shared) {
        let worker = &self.worker;
        let all = worker.plan.declaration.reductions.len();
        for &reduction in reductions {
            for row in 0..span.rows {
                // SAFETY: the threads have waited for each other since these were written.
                let parts = (0..worker.part.shares)
                    .map(|share| unsafe { *self.partial(share, reduction, row) });
                let total: f32 = parts.sum();
                // SAFETY: there is a total for each reduction and row, of this thread alone.
                unsafe { *totals.at(reduction * worker.part.rows + row) = total };
                if let Some(saved) = &self.memory.saved
                    && worker.part.share == 0
                {
                    // SAFETY: there are as many kept steps as are kept.
                    unsafe {
                        let step = *span.inner.add(row);
                        *saved.reduced.at(step * all + reduction) = total;
                    }
                }
            }
        }
    }
}

/// The sum in lanes of their own: one after another each addition would wait for the one before.
fn sum(units: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LINE];
    let (lines, rest) = units.as_chunks::<LINE>();
    for line in lines.iter().map(|line| &line[..]).chain([rest]) {
        for (lane, unit) in lanes.iter_mut().zip(line) {
            *lane += unit;
        }
    }
    lanes.iter().sum()
}
