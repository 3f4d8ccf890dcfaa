//! Scratch memory that starts on a cache line.

use std::cell::RefCell;
use std::mem::take;
use std::ops::{Deref, DerefMut};

/// The floats of a cache line and of the widest vector.
const LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Zeroed floats from the start of a cache line on: a vector of 64 bytes never lies on two of them.
///
/// Each thread keeps the memory of the last few that it dropped: one step after the other of a stream then
/// costs no allocation.
pub(crate) struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

thread_local! {
    static DROPPED: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// The number of buffers that a thread keeps: those of one run.
const KEPT: usize = 12;

/// The lines of the longest buffer that is kept: a megabyte.
const LONGEST_KEPT: usize = 1 << 14;

impl Buffer {
    pub(crate) fn zeros(len: usize) -> Self {
        let count = len.div_ceil(LINE);
        let mut lines = DROPPED
            .try_with(|dropped| {
                let mut dropped = dropped.borrow_mut();
                // The smallest that fits: the largest are for those that need them.
                let fits = |&(_, lines): &(usize, &Vec<Line>)| lines.capacity() >= count;
                let fitting = dropped.iter().enumerate().filter(fits);
                let (index, _) = fitting.min_by_key(|(_, lines)| lines.capacity())?;
                Some(dropped.swap_remove(index))
            })
            .ok()
            .flatten()
            .unwrap_or_default();
        lines.clear();
        lines.resize(count, Line([0.0; LINE]));
        Self { lines, len }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let lines = take(&mut self.lines);
        if lines.capacity() == 0 || lines.capacity() > LONGEST_KEPT {
            return;
        }
        // A thread that ends has none any more; the memory is then freed.
        let _ = DROPPED.try_with(|dropped| {
            let mut dropped = dropped.borrow_mut();
            if dropped.len() < KEPT {
                dropped.push(lines);
            }
        });
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of floats without padding and there are at least `len` floats.
        unsafe { core::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, and the lines are borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}
