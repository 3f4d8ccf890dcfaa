//! One training at a time in a test program.

use std::sync::{Mutex, MutexGuard};

/// What a test holds that trains and counts on the numbers: a device draws its random numbers for all threads from one
/// source.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    // A test that failed with it has nothing to leave behind.
    ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
