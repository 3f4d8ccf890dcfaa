//! The part of a file in which the HDF5 data are, and how much of it may be read to find out what there is.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use hdf5_reader::error::{Error, Result};
use hdf5_reader::{Storage, StorageBuffer};

/// What a read costs beyond its bytes, so that a million empty ones are not free.
const EACH: u64 = 64;

/// A part of a file. Nothing outside it can be read.
///
/// Structure (as a [`Storage`]) may be read up to four times over: what leads in circles, or to the same bytes again and again, ends.
pub(super) struct Window {
    file: Mutex<File>,
    start: u64,
    length: u64,
    left: AtomicU64,
}

impl Window {
    /// The `length` bytes from `start` on, which have to be there.
    pub(super) fn new(file: File, start: u64, length: u64) -> Self {
        let left = length.saturating_mul(4).saturating_add(1 << 20);
        Self {
            file: Mutex::new(file),
            start,
            length,
            left: AtomicU64::new(left),
        }
    }

    /// The number of bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Whether the bytes from `at` on are inside.
    pub(super) fn holds(&self, at: u64, length: u64) -> bool {
        at.checked_add(length).is_some_and(|end| end <= self.length)
    }

    /// The bytes from `at` on.
    ///
    /// # Errors
    ///
    /// Where they are not inside, or cannot be read.
    pub(super) fn read(&self, at: u64, length: usize) -> std::io::Result<Vec<u8>> {
        if !self.holds(at, length as u64) {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        // A reader that panicked leaves nothing behind that a seek does not set right.
        let mut file = self.file.lock().unwrap_or_else(|held| held.into_inner());
        file.seek(SeekFrom::Start(self.start + at))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl Storage for Window {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer> {
        if !self.holds(offset, len as u64) {
            return Err(Error::UnexpectedEof {
                offset,
                needed: len as u64,
                available: self.length.saturating_sub(offset),
            });
        }
        let cost = EACH + len as u64;
        let spend = |left: u64| left.checked_sub(cost);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend)
            .map_err(|_| {
                Error::ResourceLimit(
                    "the objects of this file lead to the same bytes again and again".into(),
                )
            })?;
        Ok(StorageBuffer::from_vec(self.read(offset, len)?))
    }
}
