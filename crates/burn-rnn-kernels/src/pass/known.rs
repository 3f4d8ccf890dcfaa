//! Cells that have run before, with their parameters as they were prepared then: a step of a small cell takes less than to look at each
//! parameter anew.
//!
//! Whether a parameter is still what it was is known from its [`Owner`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrayvec::ArrayVec;

use crate::machine::pool;
use crate::product::cache::{self, Owner};
use crate::tuning::{MOST_CACHED, MOST_KNOWN};

use super::kernel::Engine;
use super::prepared::Prepared;
use super::sizes::Sizes;

/// A parameter as it was.
pub(crate) struct Seen {
    pub(crate) address: *const f32,
    pub(crate) shape: ArrayVec<usize, 3>,
    pub(crate) owner: Owner,
}

// SAFETY: the address is compared, never read.
unsafe impl Send for Seen {}

/// The parameters of a cell, `w_input` first.
pub(crate) type AllSeen = Vec<Option<Seen>>;

struct Known {
    prepared: Arc<Prepared>,
    sizes: Sizes,
    threads: usize,
    parameters: AllSeen,
    /// When it was last used.
    used: u64,
}

struct AllKnown {
    known: Vec<Known>,
    clock: u64,
}

fn lock() -> MutexGuard<'static, AllKnown> {
    static KNOWN: Mutex<AllKnown> = Mutex::new(AllKnown {
        known: Vec::new(),
        clock: 0,
    });
    // What a panic leaves is whole.
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The cell with the parameters that `is_there` knows again by their place, and its sizes; of these, the time means nothing.
pub(crate) fn find(
    engine: &Engine,
    batch: usize,
    is_there: impl Fn(usize, Option<&Seen>) -> bool,
) -> Option<(Arc<Prepared>, Sizes)> {
    let threads = rayon::current_num_threads();
    let mut all = lock();
    let AllKnown { known, clock } = &mut *all;
    let found = known.iter_mut().find(|known| {
        let prepared = &known.prepared;
        core::ptr::addr_eq(Arc::as_ptr(&prepared.kernel), Arc::as_ptr(&engine.0))
            && known.sizes.batch == batch
            && known.threads == threads
            && known.parameters.iter().enumerate().all(|(index, seen)| {
                let alive = |seen: &Seen| seen.owner.strong_count() > 0;
                is_there(index, seen.as_ref()) && seen.as_ref().is_none_or(alive)
            })
    })?;
    *clock += 1;
    found.used = *clock;
    Some((found.prepared.clone(), found.sizes))
}

/// Remembers a cell, and forgets those whose parameters are gone or, the longest unused first, too many.
pub(crate) fn keep(prepared: Arc<Prepared>, sizes: Sizes, parameters: AllSeen) {
    let threads = rayon::current_num_threads();
    let mut all = lock();
    let AllKnown { known, clock } = &mut *all;
    *clock += 1;
    let used = *clock;
    known.push(Known {
        prepared,
        sizes,
        threads,
        parameters,
        used,
    });
    known.sort_by_key(|known| core::cmp::Reverse(known.used));
    let mut floats = 0;
    known.retain(|known| {
        floats += known.prepared.floats();
        let mut owners = known.parameters.iter().flatten();
        floats <= MOST_CACHED && owners.all(|seen| seen.owner.strong_count() > 0)
    });
    known.truncate(MOST_KNOWN);
}

/// Frees the buffers that are kept for the next training step, and the packed weights that are kept for inference. There
/// is no need to call it: buffers that are not used for a while are freed anyhow, with the next steps, and the packed
/// weights of a model that is gone, with the next model.
///
/// They go back to the allocator, which may keep their pages for later: glibc's gives them to the system where
/// `MALLOC_TRIM_THRESHOLD_` and `MALLOC_MMAP_THRESHOLD_` are set, to 131072 for instance.
pub fn release_memory() {
    lock().known.clear();
    cache::release();
    pool::release();
}
