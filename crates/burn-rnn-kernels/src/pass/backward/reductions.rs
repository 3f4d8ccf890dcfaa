//! The gradients of sums over all units, which threads that share units make together.

use crate::machine::buffer::LINE;
use crate::machine::threads::Shared;

use super::through_time::Job;

impl Job<'_> {
    /// A thread's gradients of a reduction, a vector a row.
    pub(super) fn d_reduced(&self, share: usize, reduction: usize) -> *mut f32 {
        let worker = &self.worker;
        let reductions = worker.plan.declaration.reductions.len();
        let row = (share * reductions + reduction) * worker.sizes.batch + worker.part.first;
        worker.scratch.at(self.memory.d_reduced + row * LINE)
    }

    /// Sums them over all units, and starts from zero again.
    pub(super) fn total(&self, reductions: &[usize], rows: usize, totals: Shared) {
        let worker = &self.worker;
        worker.member.wait();
        for &reduction in reductions {
            for row in 0..rows {
                let vectors = (0..worker.part.shares).map(|share| {
                    let at = self.d_reduced(share, reduction).wrapping_add(row * LINE);
                    // SAFETY: the threads have waited for each other since these were written.
                    unsafe { core::slice::from_raw_parts(at, LINE) }
                });
                // Several stages may read it.
                let total = totals.at(reduction * worker.part.rows + row);
                // SAFETY: there is a total for each reduction and row, of this thread alone.
                unsafe { *total += vectors.flatten().sum::<f32>() };
            }
        }
        worker.member.wait();
        for &reduction in reductions {
            let at = self.d_reduced(worker.part.share, reduction);
            // SAFETY: these are this thread's, and nobody reads them any more.
            unsafe { core::slice::from_raw_parts_mut(at, rows * LINE).fill(0.0) }
        }
    }
}
