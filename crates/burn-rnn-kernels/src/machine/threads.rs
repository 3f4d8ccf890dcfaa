//! How a run is shared among threads: by sequences, or by hidden units.

use core::ops::Range;

use super::barrier::{Barrier, Member};
use super::{crowd, team};
use crate::tuning::{FEW_SEQUENCES, OWN_CACHE, WORTH_A_BARRIER, WORTH_A_THREAD};

/// What one thread does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The first sequence.
    pub(crate) first: usize,
    /// The number of sequences.
    pub(crate) rows: usize,
    /// Which part of the units, of how many.
    pub(crate) share: usize,
    pub(crate) shares: usize,
    /// In how many parts these sequences would be shared, were they shared by sequences: sums over sequences are made
    /// part by part, so that they are the same either way.
    pub(crate) groups: usize,
}

impl Part {
    /// The panels of this part.
    pub(crate) fn panels(&self, panels: usize) -> Range<usize> {
        panels * self.share / self.shares..panels * (self.share + 1) / self.shares
    }
}

/// What decides how a run is shared.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) batch: usize,
    /// The fewest panels of units of a stage.
    pub(crate) panels: usize,
    /// The multiplications of all steps.
    pub(crate) work: usize,
    /// The multiplications of one step.
    pub(crate) step: usize,
    /// The number of steps.
    pub(crate) time: usize,
    /// The most threads: scratch memory has room for so many.
    pub(crate) threads: usize,
    /// The floats of the weights of the products that wait for nothing within a step: those of others have threads that share units
    /// wait once more a step, which takes what it gives.
    pub(crate) weights: usize,
}

/// Among how many threads, and what each has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Some of the sequences, through the whole of time without waiting for another thread.
    Rows(usize),
    /// Some of the units of all sequences, and so of the weights; the threads wait for each other at every step. It is
    /// what counts where the sequences are too few to share or the weights too many for a core's cache.
    Units(usize),
}

impl Load {
    /// The load of so many steps where this is that of one.
    pub(crate) fn through(self, time: usize) -> Self {
        Self {
            work: time * self.work,
            time,
            ..self
        }
    }

    /// The way to share a run.
    pub(crate) fn sharing(&self) -> Sharing {
        let most = self.most();
        let members = most.min(self.panels);
        let few = self.batch < most;
        let heavy = self.weights > OWN_CACHE && self.batch < FEW_SEQUENCES * most;
        let worth = self.step >= WORTH_A_BARRIER && (few || heavy);
        if members > 1 && worth && !crowd::is_here() {
            Sharing::Units(members)
        } else {
            Sharing::Rows(self.by_rows())
        }
    }

    fn most(&self) -> usize {
        let most = self.threads.min(1 + self.work / WORTH_A_THREAD);
        if self.batch * self.time == 1 {
            // Every weight is read once: what counts is whether they all fit into the cores' own caches, with room for what
            // else is there.
            let by_cache = self.work.div_ceil(OWN_CACHE / 2);
            return most.max(self.threads.min(by_cache));
        }
        most
    }

    /// The number of threads by sequences.
    pub(crate) fn by_rows(&self) -> usize {
        self.most().min(self.batch).max(1)
    }

    /// Calls `run` for every part of a run, each on a thread of its own.
    ///
    /// # Panics
    ///
    /// Where `run` does, on whichever thread.
    pub(crate) fn share(&self, sharing: Sharing, run: &(dyn Fn(Part, Member<'_>) + Sync)) {
        let groups = self.by_rows();
        if let Sharing::Units(shares) = sharing {
            let barrier = Barrier::new(shares);
            let part = |share: usize| Part {
                first: 0,
                rows: self.batch,
                share,
                shares,
                groups,
            };
            let work = |index: usize| {
                let guard = BreakOnPanic(&barrier);
                run(part(index), barrier.member(index));
                core::mem::forget(guard);
            };
            if team::run(shares, &work) {
                crowd::learn(barrier.yields(), barrier.rounds());
                return;
            }
            // The team is busy with another run: this one does without waiting.
        }
        let parts = groups;
        let part = |index: usize| {
            let first = self.batch * index / parts;
            Part {
                first,
                rows: self.batch * (index + 1) / parts - first,
                share: 0,
                shares: 1,
                groups: 1,
            }
        };
        spread(parts, &|index| run(part(index), Member::ALONE));
    }
}

struct BreakOnPanic<'a>(&'a Barrier);

impl Drop for BreakOnPanic<'_> {
    fn drop(&mut self) {
        self.0.break_it();
    }
}

/// Calls `work(0)`, … `work(members - 1)`, which do not wait for each other, on a thread each.
///
/// # Panics
///
/// Where `work` does, on whichever thread.
pub(crate) fn spread(members: usize, work: &(dyn Fn(usize) + Sync)) {
    if members <= 1 {
        work(0);
    } else if !team::run(members, work) {
        rayon::scope(|scope| {
            for index in 1..members {
                scope.spawn(move |_| work(index));
            }
            work(0);
        });
    }
}

/// The number of threads for so many multiplications that can be cut into `parts`.
pub(crate) fn members(work: usize, parts: usize) -> usize {
    let most = rayon::current_num_threads().min(1 + work / WORTH_A_THREAD);
    most.min(parts).max(1)
}

/// Memory that threads write to in places that are not the same.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: whoever takes the pointer out writes to the places of one part only; that is part of the kernels' contract.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) const NOTHING: Self = Self(core::ptr::null_mut());

    pub(crate) fn new(memory: &mut [f32]) -> Self {
        Self(if memory.is_empty() {
            core::ptr::null_mut()
        } else {
            memory.as_mut_ptr()
        })
    }

    /// The place `offset` floats from the start; null where there is no memory.
    #[inline(always)]
    pub(crate) fn at(self, offset: usize) -> *mut f32 {
        if self.0.is_null() {
            self.0
        } else {
            self.0.wrapping_add(offset)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// Threads that wait for one that has panicked do not wait for ever, and the caller sees the panic.
    #[test]
    fn a_panic_between_two_barriers_reaches_the_caller() {
        for who in 0..2 {
            let ran = catch_unwind(AssertUnwindSafe(|| {
                loop {
                    let barrier = Barrier::new(2);
                    let work = |index: usize| {
                        let guard = BreakOnPanic(&barrier);
                        let member = barrier.member(index);
                        member.wait();
                        assert!(index != who, "on purpose");
                        member.wait();
                        core::mem::forget(guard);
                    };
                    if team::run(2, &work) {
                        break;
                    }
                    std::thread::yield_now();
                }
            }));
            let panic = ran.expect_err("the panic was lost");
            assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
        }
    }
}
