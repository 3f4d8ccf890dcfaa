//! Where the threads of a run wait for each other.

use std::cell::RefCell;
use std::mem::take;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::tuning::PATIENT_TURNS;

/// The places of all threads of a run.
pub(crate) struct Barrier {
    places: Vec<Place>,
    /// Whether a thread has left with a panic.
    broken: AtomicBool,
}

/// What one thread writes and the others look at, on cache lines of its own (of which processors fetch two at once).
#[derive(Default)]
#[repr(align(128))]
struct Place {
    /// How often the thread has come to the barrier.
    round: AtomicUsize,
    /// How often it waited so long that it yielded.
    yields: AtomicUsize,
}

thread_local! {
    /// The places of this thread's last run: a stream asks for the same ones at every step.
    static LAST: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Barrier {
    fn drop(&mut self) {
        // A thread that ends keeps none any more.
        let _ = LAST.try_with(|last| last.replace(take(&mut self.places)));
    }
}

impl Barrier {
    pub(crate) fn new(members: usize) -> Self {
        let mut places = LAST.try_with(RefCell::take).unwrap_or_default();
        places.clear();
        places.resize_with(members, Place::default);
        Self {
            places,
            broken: AtomicBool::new(false),
        }
    }

    /// The barrier as the thread `index` comes to it.
    pub(crate) fn member(&self, index: usize) -> Member<'_> {
        Member {
            barrier: Some(self),
            index,
        }
    }

    pub(crate) fn rounds(&self) -> usize {
        self.places[0].round.load(Ordering::Relaxed)
    }

    pub(crate) fn yields(&self) -> usize {
        let yields = self
            .places
            .iter()
            .map(|place| place.yields.load(Ordering::Relaxed));
        yields.sum()
    }

    /// A thread has panicked: nobody waits for it.
    pub(crate) fn break_it(&self) {
        self.broken.store(true, Ordering::Release);
    }
}

/// One thread's way to wait for the others.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    barrier: Option<&'a Barrier>,
    index: usize,
}

impl Member<'_> {
    /// Of a thread that nobody waits for.
    pub(crate) const ALONE: Self = Self {
        barrier: None,
        index: 0,
    };

    /// Returns when all have called it; what they wrote before can then be read.
    ///
    /// # Panics
    ///
    /// Where another thread has panicked and will not come.
    #[inline]
    pub(crate) fn wait(self) {
        let Some(barrier) = self.barrier else { return };
        if barrier.places.len() <= 1 {
            return;
        }
        let own = &barrier.places[self.index];
        let round = own.round.load(Ordering::Relaxed) + 1;
        own.round.store(round, Ordering::Release);
        for other in &barrier.places {
            let mut turns = 0;
            // A thread may be one round ahead, when it has seen this one here.
            while other.round.load(Ordering::Acquire) < round {
                turns += 1;
                if turns < PATIENT_TURNS {
                    core::hint::spin_loop();
                } else {
                    if barrier.broken.load(Ordering::Acquire) {
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

/// Why a thread stopped waiting: the panic that counts is the other one's.
pub(crate) struct OtherThreadPanicked;
