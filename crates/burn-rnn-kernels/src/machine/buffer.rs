//! Scratch memory that starts on a cache line.

use std::cell::RefCell;
use std::mem::take;
use std::ops::{Deref, DerefMut};

use crate::tuning::{LONGEST_SCRATCH, SCRATCH_BUFFERS};

/// The floats of a cache line and of the widest vector.
pub(crate) const LINE: usize = 16;

/// A cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line([f32; LINE]);

impl Line {
    pub(crate) const ZERO: Self = Self([0.0; LINE]);
}

/// The floats of cache lines.
pub(crate) fn floats(lines: &[Line]) -> &[f32] {
    // SAFETY: lines are arrays of floats without padding.
    unsafe { core::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LINE) }
}

/// The floats of cache lines, to be written.
pub(crate) fn floats_mut(lines: &mut [Line]) -> &mut [f32] {
    // SAFETY: as in `floats`, and the lines are borrowed mutably.
    unsafe { core::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) }
}

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

impl Buffer {
    pub(crate) fn zeros(len: usize) -> Self {
        let count = len.div_ceil(LINE);
        if count == 0 {
            let lines = Vec::new();
            return Self { lines, len };
        }
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
        lines.resize(count, Line::ZERO);
        Self { lines, len }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let lines = take(&mut self.lines);
        if lines.capacity() == 0 || lines.capacity() > LONGEST_SCRATCH {
            return;
        }
        // A thread that ends has none any more; the memory is then freed.
        let _ = DROPPED.try_with(|dropped| {
            let mut dropped = dropped.borrow_mut();
            if dropped.len() < SCRATCH_BUFFERS {
                dropped.push(lines);
            }
        });
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &floats(&self.lines)[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut floats_mut(&mut self.lines)[..self.len]
    }
}
