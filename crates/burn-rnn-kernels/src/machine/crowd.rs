//! Whether other programs take the cores: threads that wait for each other at every step then lose a time slice at each.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::tuning::RUNS_WITHOUT_BARRIERS;

/// For how many runs to do without barriers.
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// Whether this run should do without.
pub(super) fn is_here() -> bool {
    let less = |runs: usize| runs.checked_sub(1);
    RUNS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

/// Takes note of how often threads gave up waiting and yielded their core in so many rounds.
pub(super) fn learn(yields: usize, rounds: usize) {
    if yields > 4 + rounds / 8 {
        RUNS.store(RUNS_WITHOUT_BARRIERS, Ordering::Relaxed);
    }
}
