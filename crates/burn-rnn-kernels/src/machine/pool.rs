//! Large buffers that are used again.
//!
//! What the forward pass keeps is as large as everything else together, and memory fresh from the
//! system costs more than to fill it: each page is zeroed and mapped at its first touch. A training
//! loop asks for the same sizes again and again.

use std::mem::take;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::buffer::{LINE, Line, floats, floats_mut};
use crate::tuning::{POOL_PATIENCE, WORTH_POOLING};

/// Floats from the pool, which they return to when dropped; they start on a cache line.
#[derive(Debug)]
pub(crate) struct Pooled {
    lines: Vec<Line>,
    len: usize,
}

impl Pooled {
    /// `len` floats of any value: whoever asks writes all of them.
    pub(crate) fn any(len: usize) -> Self {
        let count = len.div_ceil(LINE);
        let mut lines = Vec::new();
        if count >= WORTH_POOLING {
            lines = lock().take(count).unwrap_or_default();
        }
        // Longer ones are cut, shorter ones do not come; only a new one is filled.
        lines.resize(count, Line::ZERO);
        Self { lines, len }
    }
}

impl Clone for Pooled {
    fn clone(&self) -> Self {
        let mut other = Self::any(self.len());
        other.copy_from_slice(self);
        other
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if self.lines.len() >= WORTH_POOLING {
            lock().keep(take(&mut self.lines));
        }
    }
}

impl Deref for Pooled {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &floats(&self.lines)[..self.len]
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut floats_mut(&mut self.lines)[..self.len]
    }
}

/// Frees the buffers that nobody uses.
pub(crate) fn release() {
    let mut pool = lock();
    pool.buffers.clear();
    pool.most = pool.in_use;
}

fn lock() -> MutexGuard<'static, Pool> {
    static POOL: Mutex<Pool> = Mutex::new(Pool {
        buffers: Vec::new(),
        clock: 0,
        in_use: 0,
        most: 0,
    });
    // What a panic leaves is whole.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Pool {
    /// Each with the time of its return.
    buffers: Vec<(u64, Vec<Line>)>,
    clock: u64,
    /// The cache lines of all buffers that are in use, now and at most.
    in_use: usize,
    most: usize,
}

impl Pool {
    /// The smallest buffer that is long enough and not more than twice too long, for one of `count` lines.
    fn take(&mut self, count: usize) -> Option<Vec<Line>> {
        self.in_use += count;
        self.most = self.most.max(self.in_use);
        let fits = |buffer: &Vec<Line>| (count..=2 * count).contains(&buffer.len());
        let candidates = self.buffers.iter().enumerate();
        let (index, _) = candidates
            .filter(|(_, (_, buffer))| fits(buffer))
            .min_by_key(|(_, (_, buffer))| buffer.len())?;
        Some(self.buffers.swap_remove(index).1)
    }

    /// Keeps a buffer. Altogether no more is kept than was in use at once: with what is in use, at most twice the largest run.
    fn keep(&mut self, buffer: Vec<Line>) {
        self.in_use = self.in_use.saturating_sub(buffer.len());
        self.clock += 1;
        let clock = self.clock;
        self.buffers.push((clock, buffer));
        self.buffers
            .retain(|(returned, _)| clock - returned <= POOL_PATIENCE);
        let mut kept: usize = self.buffers.iter().map(|(_, buffer)| buffer.len()).sum();
        // Those that were returned first go first.
        self.buffers.sort_by_key(|(returned, _)| *returned);
        let most = self.most;
        self.buffers.retain(|(_, buffer)| {
            let goes = kept > most;
            kept -= if goes { buffer.len() } else { 0 };
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_was_in_use_at_once() {
        let mut pool = Pool {
            buffers: Vec::new(),
            clock: 0,
            in_use: 0,
            most: 0,
        };
        let kept = |pool: &Pool| -> usize { pool.buffers.iter().map(|(_, b)| b.len()).sum() };
        for size in (1..60).rev() {
            let count = size * 100;
            let lines = pool.take(count).unwrap_or_default();
            let lines = if lines.len() < count {
                vec![Line::ZERO; count]
            } else {
                lines
            };
            pool.keep(lines);
            assert!(kept(&pool) <= 5900, "{} lines after {count}", kept(&pool));
        }
        assert!(kept(&pool) > 0);
    }

    #[test]
    fn a_buffer_comes_back_and_one_of_another_size_does_not() {
        // A size that no other test uses: the pool is shared.
        let len = WORTH_POOLING * LINE * 3 + 12_345;
        let mut first = Pooled::any(len);
        first[7] = 42.0;
        let address = first.as_ptr();
        drop(first);
        let other = Pooled::any(5 * len);
        assert_ne!(other.as_ptr(), address);
        let again = Pooled::any(len - 1);
        assert_eq!(
            (again.as_ptr(), again.len(), again[7]),
            (address, len - 1, 42.0)
        );
        let copy = again.clone();
        assert_eq!(copy[..], again[..]);
        assert_ne!(copy.as_ptr(), address);
    }
}
