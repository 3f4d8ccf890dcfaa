//! Packed weights that are cached from run to run.
//!
//! Packing reads and writes every weight once, which is as much as several steps of one sequence cost. Inference
//! runs the same weights again and again; theirs are packed once, and once more when they have changed.
//!
//! Whether they have is known from who has them: backends share the memory of a tensor and give it to nobody to
//! write to while it is shared, and a [`Weak`] reference counts there. So as long as the owner is alive the floats are what they
//! were.

use core::any::Any;
use std::sync::{Arc, Mutex, Weak};

use crate::definition::MOST_SUMS;
use crate::tuning::MOST_CACHED;

use super::panels::{Blocks, Panels};

/// Who has the memory of some weights, and gives it to nobody to write to while this is there.
pub type Owner = Weak<dyn Any + Send + Sync>;

/// Which part of which matrix is packed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    address: usize,
    len: usize,
    rows: (usize, usize),
    width: usize,
    /// The blocks in the order of the sums.
    blocks: [u8; MOST_SUMS],
    heads: Option<usize>,
    units: usize,
}

impl Key {
    pub(crate) fn new(from: &Blocks<'_>, units: usize) -> Self {
        let mut blocks = [u8::MAX; MOST_SUMS];
        for (to, &block) in blocks.iter_mut().zip(from.blocks) {
            *to = block as u8;
        }
        Self {
            address: from.data.as_ptr().addr(),
            len: from.data.len(),
            rows: (from.first_row, from.rows),
            width: from.width,
            blocks,
            heads: from.heads,
            units,
        }
    }
}

/// The panels of `key`, made by `pack` where they are not cached.
pub(crate) fn panels(owner: &Owner, key: Key, pack: impl FnOnce() -> Panels) -> Arc<Panels> {
    if let Some(panels) = lock().find(&key) {
        return panels;
    }
    // Without the lock: other threads may run other models meanwhile.
    let panels = Arc::new(pack());
    lock().keep(owner.clone(), key, panels.clone());
    panels
}

/// Forgets everything.
pub(crate) fn release() {
    let mut cached = lock();
    cached.packed.clear();
}

fn lock() -> std::sync::MutexGuard<'static, Cache> {
    static CACHE: Mutex<Cache> = Mutex::new(Cache {
        packed: Vec::new(),
        clock: 0,
    });
    // What a panic leaves is whole.
    CACHE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

struct Cache {
    packed: Vec<Packed>,
    clock: u64,
}

struct Packed {
    key: Key,
    owner: Owner,
    panels: Arc<Panels>,
    /// When it was last used.
    used: u64,
}

impl Cache {
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
        if floats > MOST_CACHED {
            return;
        }
        // The longest unused ones make room.
        self.packed
            .sort_by_key(|packed| core::cmp::Reverse(packed.used));
        self.packed.retain(|packed| {
            floats += packed.panels.len();
            floats <= MOST_CACHED && packed.key != key
        });
        self.packed.push(Packed {
            key,
            owner,
            panels,
            used: self.clock,
        });
    }

    fn forget_the_dead(&mut self) {
        self.packed.retain(|packed| packed.owner.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(data: &[f32]) -> Blocks<'_> {
        Blocks {
            data,
            of: 1,
            first_row: 0,
            rows: 1,
            width: 16,
            blocks: &[0],
            heads: None,
        }
    }

    fn pack(matrix: &[f32]) -> impl FnOnce() -> Panels + '_ {
        || Panels::new(blocks(matrix), 16, 16)
    }

    fn key(matrix: &[f32]) -> Key {
        Key::new(&blocks(matrix), 16)
    }

    fn fourth(panels: &Panels) -> f32 {
        // SAFETY: the panel has sixteen floats.
        unsafe { *panels.panel(0).0.start.add(3) }
    }

    #[test]
    fn panels_are_cached_as_long_as_nobody_can_have_written_to_the_weights() {
        let mut weights: Arc<Vec<f32>> = Arc::new(vec![1.0; 16]);
        let shared: Arc<dyn Any + Send + Sync> = weights.clone();
        let owner = Arc::downgrade(&shared);
        drop(shared);
        let first = panels(&owner, key(&weights), pack(&weights));
        let again = panels(&owner, key(&weights), || unreachable!("they are cached"));
        assert!(Arc::ptr_eq(&first, &again));

        // The same memory with other weights.
        let address = weights.as_ptr();
        Arc::make_mut(&mut weights)[3] = 2.0;
        assert_eq!(weights.as_ptr(), address);
        let shared: Arc<dyn Any + Send + Sync> = weights.clone();
        let changed = panels(&Arc::downgrade(&shared), key(&weights), pack(&weights));
        assert_eq!((fourth(&first), fourth(&changed)), (1.0, 2.0));
    }
}
