//! Packed weights that are kept from run to run.
//!
//! Packing reads and writes every weight once, which is as much as several steps of one sequence cost. Inference
//! runs the same weights again and again; theirs are packed once, and once more when they have changed.
//!
//! Whether they have is known from who has them: backends share the memory of a tensor and give it to nobody to
//! write to while it is shared, and a [`Weak`] reference counts there. So as long as the owner is alive the floats are what they
//! were.

use core::any::Any;
use core::ops::Range;
use std::sync::{Arc, Mutex, Weak};

use crate::panels::Panels;

/// Who has the memory of some weights, and gives it to nobody to write to while this is there.
pub type Owner = Weak<dyn Any + Send + Sync>;

/// Which part of which matrix is packed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    address: usize,
    rows: usize,
    row_stride: usize,
    d_hidden: usize,
    gates: Range<usize>,
    units: usize,
}

impl Key {
    pub(crate) fn new(
        matrix: &[f32],
        rows: usize,
        row_stride: usize,
        d_hidden: usize,
        gates: Range<usize>,
        units: usize,
    ) -> Self {
        Self {
            address: matrix.as_ptr().addr(),
            rows,
            row_stride,
            d_hidden,
            gates,
            units,
        }
    }
}

/// The panels of `key`, made by `pack` where they are not kept.
pub(crate) fn panels(owner: &Owner, key: Key, pack: impl FnOnce() -> Panels) -> Arc<Panels> {
    if let Some(panels) = lock().find(&key) {
        return panels;
    }
    // Without the lock: other threads may run other models meanwhile.
    let panels = Arc::new(pack());
    lock().keep(owner.clone(), key, panels.clone());
    panels
}

/// Whether all these weights were asked for before and have not changed since: then they are worth packing for a short run
/// too. Takes note of them.
pub(crate) fn are_known<'a>(weights: impl Iterator<Item = (&'a [f32], &'a Owner)>) -> bool {
    let mut kept = lock();
    let mut all = true;
    for (matrix, owner) in weights {
        all &= kept.knows(matrix.as_ptr().addr(), owner);
    }
    all
}

/// Forgets everything.
pub(crate) fn release() {
    let mut kept = lock();
    kept.packed.clear();
    kept.known.clear();
}

fn lock() -> std::sync::MutexGuard<'static, Kept> {
    static KEPT: Mutex<Kept> = Mutex::new(Kept {
        packed: Vec::new(),
        known: Vec::new(),
        clock: 0,
    });
    // What a panic leaves is whole.
    KEPT.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

struct Kept {
    packed: Vec<Packed>,
    known: Vec<(usize, Owner)>,
    clock: u64,
}

struct Packed {
    key: Key,
    owner: Owner,
    panels: Arc<Panels>,
    /// When it was last used.
    used: u64,
}

/// The floats that are kept at most, 256 MiB: a model twice as large packs its weights every time.
const MOST: usize = 1 << 26;

/// The matrices that are remembered at most.
const MOST_KNOWN: usize = 1 << 10;

impl Kept {
    fn find(&mut self, key: &Key) -> Option<Arc<Panels>> {
        self.clock += 1;
        let found = self.packed.iter_mut().find(|packed| packed.key == *key)?;
        if found.owner.strong_count() == 0 {
            // Other weights stand where these stood.
            self.forget_the_dead();
            return None;
        }
        found.used = self.clock;
        Some(found.panels.clone())
    }

    fn keep(&mut self, owner: Owner, key: Key, panels: Arc<Panels>) {
        self.forget_the_dead();
        let mut floats = panels.len();
        if floats > MOST {
            return;
        }
        // The longest unused ones make room.
        self.packed
            .sort_by_key(|packed| core::cmp::Reverse(packed.used));
        self.packed.retain(|packed| {
            floats += packed.panels.len();
            floats <= MOST && packed.key != key
        });
        self.packed.push(Packed {
            key,
            owner,
            panels,
            used: self.clock,
        });
    }

    fn knows(&mut self, address: usize, owner: &Owner) -> bool {
        let known = self.known.iter().find(|(known, _)| *known == address);
        if known.is_some_and(|(_, owner)| owner.strong_count() > 0) {
            return true;
        }
        self.forget_the_dead();
        if self.known.len() < MOST_KNOWN {
            self.known.push((address, owner.clone()));
        }
        false
    }

    fn forget_the_dead(&mut self) {
        self.packed.retain(|packed| packed.owner.strong_count() > 0);
        self.known.retain(|(_, owner)| owner.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(matrix: &[f32]) -> impl FnOnce() -> Panels + '_ {
        || Panels::of_blocks(matrix, 1, 16, 16, 0..1, 16)
    }

    fn key(matrix: &[f32]) -> Key {
        Key::new(matrix, 1, 16, 16, 0..1, 16)
    }

    #[test]
    fn panels_are_kept_as_long_as_nobody_can_have_written_to_the_weights() {
        let mut weights: Arc<Vec<f32>> = Arc::new(vec![1.0; 16]);
        let shared: Arc<dyn Any + Send + Sync> = weights.clone();
        let owner = Arc::downgrade(&shared);
        drop(shared);
        let first = panels(&owner, key(&weights), pack(&weights));
        let again = panels(&owner, key(&weights), || unreachable!("they are kept"));
        assert!(Arc::ptr_eq(&first, &again));

        // The same memory with other weights.
        let address = weights.as_ptr();
        Arc::make_mut(&mut weights)[3] = 2.0;
        assert_eq!(weights.as_ptr(), address);
        let shared: Arc<dyn Any + Send + Sync> = weights.clone();
        let changed = panels(&Arc::downgrade(&shared), key(&weights), pack(&weights));
        assert_eq!((first.panel(0)[3], changed.panel(0)[3]), (1.0, 2.0));
    }

    #[test]
    fn weights_are_known_the_second_time_unless_they_have_changed() {
        let weights: Arc<Vec<f32>> = Arc::new(vec![1.0; 16]);
        let shared: Arc<dyn Any + Send + Sync> = weights.clone();
        let owner = Arc::downgrade(&shared);
        let known = || are_known([(&weights[..], &owner)].into_iter());
        assert_eq!((known(), known()), (false, true));
        drop(shared);
        assert!(known(), "it is still there");
        let owner = owner.clone();
        let address = &weights[..];
        assert!(are_known([(address, &owner)].into_iter()));
    }
}
