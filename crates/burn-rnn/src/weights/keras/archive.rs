//! The zip archive that a `.keras` file is. Keras stores every entry as it is, uncompressed; nothing is unpacked here.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::errors::{malformed, too_large};
use crate::weights::error::{WeightsError, WeightsErrorKind};

/// The end record, the fixed part of an entry of the directory, and that of a header before an entry's bytes.
const END: usize = 22;
const ENTRY: usize = 46;
const HEADER: usize = 30;

/// The longest comment behind the end record.
const COMMENT: u64 = u16::MAX as u64;

/// Where the bytes of an entry are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub start: u64,
    pub length: u64,
}

/// The entries of a `.keras` archive that matter.
#[derive(Debug)]
pub(super) struct Archive {
    /// `model.weights.h5`
    pub weights: Place,
    /// `config.json`
    pub config: Option<Place>,
    /// `metadata.json`
    pub metadata: Option<Place>,
}

impl Archive {
    /// Finds the entries by their names. Other entries are never looked at, and no name is used as a path.
    ///
    /// # Errors
    ///
    /// Where it is no whole archive, has an entry twice, compresses or encrypts one of those that matter, or has no weights.
    pub(super) fn open(file: &mut File, length: u64) -> Result<Self, WeightsError> {
        let directory = directory(file, length)?;
        let [mut weights, mut config, mut metadata] = [None; 3];
        let mut rest = directory.as_slice();
        while !rest.is_empty() {
            let entry = Entry::parse(rest)?;
            let slot = match entry.name {
                b"model.weights.h5" => &mut weights,
                b"config.json" => &mut config,
                b"metadata.json" => &mut metadata,
                _ => {
                    rest = entry.rest;
                    continue;
                }
            };
            let name = String::from_utf8_lossy(entry.name);
            if slot.is_some() {
                return Err(malformed(format!("its archive has `{name}` twice")));
            }
            *slot = Some(entry.place(file, length)?);
            rest = entry.rest;
        }
        let Some(weights) = weights else {
            return Err(malformed(
                "it is a zip archive without `model.weights.h5`, so not one of Keras's, or saved with sharded weights: save it with `model.save(\"name.keras\")`",
            ));
        };
        Ok(Self {
            weights,
            config,
            metadata,
        })
    }
}

/// The bytes at a place.
///
/// # Errors
///
/// Where they cannot be read, or are more than `limit`.
pub(super) fn read_entry(
    file: &mut File,
    place: Place,
    limit: u64,
    what: &str,
) -> Result<Vec<u8>, WeightsError> {
    if place.length > limit {
        return Err(too_large(what, place.length, limit));
    }
    read(file, place.start, place.length as usize)
}

/// The central directory: right before the end record, which is the last that looks like one.
fn directory(file: &mut File, length: u64) -> Result<Vec<u8>, WeightsError> {
    let no_end = || malformed("it begins as a zip archive but does not end as one: it is cut off");
    let tail = length.min(END as u64 + COMMENT);
    let bytes = read(file, length - tail, tail as usize)?;
    let end = (0..bytes.len().saturating_sub(END - 1))
        .rev()
        .find(|&at| {
            let comment = bytes.len() - at - END;
            bytes[at..].starts_with(b"PK\x05\x06") && u16_at(&bytes, at + 20) as usize == comment
        })
        .ok_or_else(no_end)?;
    let stop = length - tail + end as u64;
    let size = u64::from(u32_at(&bytes, end + 12));
    let start = u64::from(u32_at(&bytes, end + 16));
    if start.checked_add(size) != Some(stop) {
        return Err(malformed(
            "the directory of its archive does not lie where its end says: it is cut off, damaged, or has more than 4 GB",
        ));
    }
    // Every entry has at least its fixed part; the file itself is longer than its directory.
    read(file, start, size as usize)
}

struct Entry<'a> {
    name: &'a [u8],
    flags: u16,
    method: u16,
    stored: u32,
    size: u32,
    header: u32,
    rest: &'a [u8],
}

impl<'a> Entry<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, WeightsError> {
        let damaged = || malformed("the directory of its archive is no list of entries");
        if bytes.len() < ENTRY || !bytes.starts_with(b"PK\x01\x02") {
            return Err(damaged());
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(bytes, at)));
        let after = ENTRY + name + extra + comment;
        let rest = bytes.get(after..).ok_or_else(damaged)?;
        Ok(Self {
            name: &bytes[ENTRY..ENTRY + name],
            flags: u16_at(bytes, 8),
            method: u16_at(bytes, 10),
            stored: u32_at(bytes, 20),
            size: u32_at(bytes, 24),
            header: u32_at(bytes, 42),
            rest,
        })
    }

    /// Where the bytes are: behind a header with another copy of the name.
    fn place(&self, file: &mut File, length: u64) -> Result<Place, WeightsError> {
        let name = String::from_utf8_lossy(self.name);
        if self.flags & 1 != 0 {
            return Err(malformed(format!("`{name}` in it is encrypted")));
        }
        if self.method != 0 || self.stored != self.size {
            return Err(malformed(format!(
                "`{name}` in it is compressed, which Keras never does: unpack the archive and pack it again with `zip -0`"
            )));
        }
        if [self.size, self.header].contains(&u32::MAX) {
            return Err(malformed(format!(
                "`{name}` in it has more than 4 GB: save the weights with `model.save_weights(\"name.weights.h5\")` and read those"
            )));
        }
        let damaged = || malformed(format!("`{name}` does not lie where its archive says"));
        let header_end = u64::from(self.header) + HEADER as u64;
        if header_end > length {
            return Err(damaged());
        }
        let header = read(file, self.header.into(), HEADER)?;
        let words = u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
        let start = header_end + words;
        if !header.starts_with(b"PK\x03\x04") || start + u64::from(self.size) > length {
            return Err(damaged());
        }
        Ok(Place {
            start,
            length: self.size.into(),
        })
    }
}

fn read(file: &mut File, start: u64, length: usize) -> Result<Vec<u8>, WeightsError> {
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(start))
        .and_then(|_| file.read_exact(&mut bytes))
        .map_err(WeightsErrorKind::Read)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
