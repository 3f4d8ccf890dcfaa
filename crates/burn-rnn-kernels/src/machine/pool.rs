//! Large buffers that are used again.
//!
//! What the forward pass keeps is as large as everything else together, and memory fresh from the
//! system costs more than to fill it: each page is zeroed and mapped at its first touch. A training
//! loop asks for the same sizes again and again.

use std::mem::take;
use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use super::buffer::{LINE, Line, floats, floats_mut};
use crate::product::cache;
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
            let found = POOL.lock().ok().and_then(|mut pool| pool.find(count));
            lines = found.unwrap_or_default();
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
        if self.lines.len() >= WORTH_POOLING
            && let Ok(mut pool) = POOL.lock()
        {
            pool.keep(take(&mut self.lines));
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

/// Frees the buffers that are kept for the next training step, and the packed weights that are kept for inference. There
/// is no need to call it: buffers that are not used for a while are freed anyhow, with the next steps, and the packed
/// weights of a model that is gone, with the next model.
pub fn release_memory() {
    cache::release();
    if let Ok(mut pool) = POOL.lock() {
        pool.buffers.clear();
    }
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    buffers: Vec::new(),
    clock: 0,
});

struct Pool {
    /// Each with the time of its return.
    buffers: Vec<(u64, Vec<Line>)>,
    clock: u64,
}

impl Pool {
    /// The smallest buffer that is long enough and not more than twice too long.
    fn find(&mut self, count: usize) -> Option<Vec<Line>> {
        let fits = |buffer: &Vec<Line>| (count..=2 * count).contains(&buffer.len());
        let candidates = self.buffers.iter().enumerate();
        let (index, _) = candidates
            .filter(|(_, (_, buffer))| fits(buffer))
            .min_by_key(|(_, (_, buffer))| buffer.len())?;
        Some(self.buffers.swap_remove(index).1)
    }

    fn keep(&mut self, buffer: Vec<Line>) {
        self.clock += 1;
        let clock = self.clock;
        self.buffers
            .retain(|(returned, _)| clock - returned <= POOL_PATIENCE);
        self.buffers.push((clock, buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
