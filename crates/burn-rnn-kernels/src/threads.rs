//! How a run is shared among threads: by sequences, or by hidden units.

use core::ops::Range;
use std::cell::RefCell;
use std::mem::take;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::team;

/// What one thread does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The first sequence.
    pub(crate) first: usize,
    /// The number of sequences.
    pub(crate) rows: usize,
    /// The panels of hidden units.
    pub(crate) panels: Range<usize>,
    /// In how many parts these sequences would be shared, were they shared by sequences: sums over sequences are made
    /// part by part, so that they are the same either way.
    pub(crate) groups: usize,
}

/// What decides how a run is shared.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) batch: usize,
    pub(crate) panels: usize,
    /// The multiplications of all steps.
    pub(crate) work: usize,
    /// The multiplications of one step.
    pub(crate) step: usize,
    /// The number of steps.
    pub(crate) time: usize,
    /// The floats of the weights of `h_{t-1}`: those of other recurrent products have threads that share units meet once more
    /// a step, which takes what it gives.
    pub(crate) weights: usize,
}

/// The multiplications from which on a second thread pays for its waking.
const WORTH_A_THREAD: usize = 1 << 19;

/// The multiplications of a step from which on meeting after it pays.
const WORTH_MEETING: usize = 1 << 15;

/// The floats that a core's own cache holds.
pub(crate) const OWN_CACHE: usize = 1 << 18;

/// Calls `run` for every part of a run, each on a thread of its own.
///
/// By sequences the threads need nothing of each other from the first step to the last. By hidden
/// units each reads its share of the weights only, which is what counts where the sequences are too
/// few to share or the weights too many for a core's cache; the threads meet after every step.
pub(crate) fn share(load: Load, run: &(dyn Fn(Part, Meeting<'_>) + Sync)) {
    let mut most = members(load.work, usize::MAX);
    if load.batch * load.time == 1 {
        // Every weight is read once: what counts is whether they all fit into the cores' own caches, with room for what else
        // is there.
        most = most.max(rayon::current_num_threads().min(load.work.div_ceil(OWN_CACHE / 2)));
    }
    let threads = most.min(load.batch);
    let members = most.min(load.panels);
    let few = load.batch < most;
    let heavy = load.weights > OWN_CACHE && load.batch < FEW_SEQUENCES * most;
    let worth = load.step >= WORTH_MEETING && (few || heavy);
    if members > 1 && worth && !crowd::is_here() {
        let seats = Seats::of(members);
        let part = |index: usize| Part {
            first: 0,
            rows: load.batch,
            panels: load.panels * index / members..load.panels * (index + 1) / members,
            groups: threads,
        };
        let work = |index: usize| {
            let guard = LeaveOnPanic(&seats);
            run(part(index), seats.meeting(index));
            core::mem::forget(guard);
        };
        if team::run(members, &work) {
            crowd::learn(seats.yields(), seats.meetings());
            return;
        }
    }
    let part = |index: usize| {
        let first = load.batch * index / threads;
        let end = load.batch * (index + 1) / threads;
        Part {
            first,
            rows: end - first,
            panels: 0..load.panels,
            groups: 1,
        }
    };
    spread(threads, &|index| run(part(index), Meeting::ALONE));
}

/// Calls `work(0)`, … `work(members - 1)`, which do not wait for each other, on a thread each.
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

/// Whether other programs take the cores: threads that meet after every step then lose a time slice
/// at each.
mod crowd {
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// For how many runs to do without meetings.
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    const RUNS_WITHOUT: usize = 64;

    /// Whether this run should do without.
    pub(super) fn is_here() -> bool {
        let less = |runs: usize| runs.checked_sub(1);
        RUNS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// Takes note of how often threads gave up waiting and yielded their core in so many meetings.
    pub(super) fn learn(yields: usize, meetings: usize) {
        if yields > 4 + meetings / 8 {
            RUNS.store(RUNS_WITHOUT, Ordering::Relaxed);
        }
    }
}

/// The sequences a thread below which heavy weights are shared by units.
const FEW_SEQUENCES: usize = 24;

/// Where the threads of a run wait for each other after a step: each has a place where it says how far it is.
struct Seats {
    seats: Vec<Seat>,
    /// Whether a thread has left with a panic: nobody waits for it.
    left: AtomicBool,
}

struct LeaveOnPanic<'a>(&'a Seats);

impl Drop for LeaveOnPanic<'_> {
    fn drop(&mut self) {
        self.0.left.store(true, Ordering::Release);
    }
}

/// Why a thread stopped waiting: the panic that counts is the other one's.
pub(crate) struct OtherThreadPanicked;

/// What one thread writes and the others look at, on cache lines of its own (of which processors fetch two at once).
#[derive(Default)]
#[repr(align(128))]
struct Seat {
    /// The meetings that the thread has come to.
    round: AtomicUsize,
    /// How often it waited so long that it yielded.
    yields: AtomicUsize,
}

thread_local! {
    /// The seats of this thread's last run: a stream asks for the same ones at every step.
    static LEFT: RefCell<Vec<Seat>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Seats {
    fn drop(&mut self) {
        // A thread that ends keeps none any more.
        let _ = LEFT.try_with(|left| left.replace(take(&mut self.seats)));
    }
}

impl Seats {
    fn of(members: usize) -> Self {
        let mut seats = LEFT.try_with(RefCell::take).unwrap_or_default();
        seats.clear();
        seats.resize_with(members, Seat::default);
        Self {
            seats,
            left: AtomicBool::new(false),
        }
    }

    /// The meetings as the thread `index` goes to them.
    fn meeting(&self, index: usize) -> Meeting<'_> {
        Meeting {
            seats: Some(self),
            index,
        }
    }

    fn meetings(&self) -> usize {
        self.seats[0].round.load(Ordering::Relaxed)
    }

    fn yields(&self) -> usize {
        let yields = self
            .seats
            .iter()
            .map(|seat| seat.yields.load(Ordering::Relaxed));
        yields.sum()
    }
}

/// One thread's way to wait for the others.
#[derive(Clone, Copy)]
pub(crate) struct Meeting<'a> {
    seats: Option<&'a Seats>,
    index: usize,
}

impl Meeting<'_> {
    /// Of a thread that nobody waits for.
    const ALONE: Self = Self {
        seats: None,
        index: 0,
    };

    /// Returns when all have called it; what they wrote before can then be read.
    ///
    /// # Panics
    ///
    /// Where another thread has panicked and will not come.
    #[inline]
    pub(crate) fn wait(self) {
        let Some(Seats { seats, left }) = self.seats else {
            return;
        };
        let own = &seats[self.index];
        let round = own.round.load(Ordering::Relaxed) + 1;
        own.round.store(round, Ordering::Release);
        for other in seats {
            let mut turns = 0;
            // A thread may be one meeting ahead, when it has seen this one here.
            while other.round.load(Ordering::Acquire) < round {
                turns += 1;
                if turns < PATIENT_TURNS {
                    core::hint::spin_loop();
                } else {
                    if left.load(Ordering::Acquire) {
                        std::panic::resume_unwind(Box::new(OtherThreadPanicked));
                    }
                    // The other one may be waiting for this core.
                    if turns == PATIENT_TURNS {
                        own.yields.fetch_add(1, Ordering::Relaxed);
                    }
                    std::thread::yield_now();
                }
            }
        }
    }
}

/// A step takes less than this many turns of waiting.
const PATIENT_TURNS: usize = 1 << 12;

/// Memory that threads write to in places that are not the same.
#[derive(Clone, Copy)]
pub(crate) struct Apart(*mut f32);

// SAFETY: whoever takes the pointer out writes to the places of one part only; that is part of the kernels' contract.
unsafe impl Send for Apart {}
// SAFETY: as above.
unsafe impl Sync for Apart {}

impl Apart {
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
    fn a_panic_between_two_meetings_reaches_the_caller() {
        for who in 0..2 {
            let ran = catch_unwind(AssertUnwindSafe(|| {
                loop {
                    let seats = Seats::of(2);
                    let work = |index: usize| {
                        let guard = LeaveOnPanic(&seats);
                        let meeting = seats.meeting(index);
                        meeting.wait();
                        assert!(index != who, "on purpose");
                        meeting.wait();
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
