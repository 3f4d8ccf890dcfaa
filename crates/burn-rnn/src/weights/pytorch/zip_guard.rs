//! What a zip archive says of itself, checked before an entry is read: `torch.save` stores every entry as it is, one behind the other.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

/// What the reader holds of an entry, with its name.
const ENTRY: u64 = 512;

/// The end record of 22 bytes, and the record that points to the one of 64 bits.
const END: u64 = 22;
const LOCATOR: u64 = 20;

/// Checks the archive and gives the places of its pickles, each a start and a length.
///
/// # Errors
///
/// What is wrong with it, and what to do.
pub(super) fn check_zip(
    file: &mut File,
    length: u64,
    limit: u64,
) -> Result<Vec<(u64, u64)>, String> {
    let directory = find_directory(file, length)?;
    if directory.entries.saturating_mul(ENTRY) > limit {
        let entries = directory.entries;
        return Err(format!(
            "it has {entries} entries, more than a checkpoint of this size"
        ));
    }
    let seek = |file: &mut File, to| file.seek(SeekFrom::Start(to)).map_err(unreadable);
    seek(file, directory.start)?;
    let mut reader = BufReader::new(&mut *file);
    let mut pickles = Vec::new();
    let mut total = 0_u64;
    for _ in 0..directory.entries {
        let entry = read_entry(&mut reader)?;
        if entry.name.contains("/code/") || entry.name.ends_with("/constants.pkl") {
            return Err(
                "it is a program of torch.jit.save: load it with torch.jit.load, and save its state_dict() with torch.save"
                    .into(),
            );
        }
        if entry.method != 0 || entry.stored != entry.size {
            return Err(format!(
                "its entry `{}` is compressed, which torch.save never does: unpack it and save it again with torch.save",
                entry.name
            ));
        }
        total = total.saturating_add(entry.size);
        if total > length {
            return Err(format!(
                "its entries are {total} bytes, more than the {length} of the file: it is damaged"
            ));
        }
        if entry.name.ends_with("data.pkl") {
            pickles.push((entry.header, entry.size));
        }
    }
    if pickles.is_empty() {
        return Err(
            "it is a zip archive without a `data.pkl`, so not one of torch.save's (one of torch.export is not): save the state_dict() with torch.save"
                .into(),
        );
    }
    for (place, size) in &mut pickles {
        seek(file, *place)?;
        let mut header = [0; 30];
        file.read_exact(&mut header).map_err(unreadable)?;
        let words = u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
        let start = place.saturating_add(30 + words);
        let fits = start.checked_add(*size).is_some_and(|end| end <= length);
        if !header.starts_with(b"PK\x03\x04") || !fits {
            return Err("its pickle does not lie where the directory says: it is damaged".into());
        }
        *place = start;
    }
    Ok(pickles)
}

struct Directory {
    start: u64,
    entries: u64,
}

/// The central directory, which has to lie right before the records at the very end.
fn find_directory(file: &mut File, length: u64) -> Result<Directory, String> {
    let no_end = || "it begins as a zip archive but does not end as one: it is cut off".to_string();
    let mut tail = vec![0; length.min(END + LOCATOR) as usize];
    file.seek(SeekFrom::End(-(tail.len() as i64)))
        .map_err(unreadable)?;
    file.read_exact(&mut tail).map_err(unreadable)?;
    let end = (tail.len().checked_sub(END as usize)).ok_or_else(no_end)?;
    let (locator, end) = tail.split_at(end);
    if !end.starts_with(b"PK\x05\x06") || u16_at(end, 20) != 0 {
        return Err(no_end());
    }
    let mut entries = u64::from(u16_at(end, 10));
    let mut size = u64::from(u32_at(end, 12));
    let mut start = u64::from(u32_at(end, 16));
    let mut stop = length - END;
    if locator.starts_with(b"PK\x06\x07") {
        stop = u64_at(locator, 8);
        let record_fits = stop.checked_add(56 + LOCATOR + END) == Some(length);
        if !record_fits {
            return Err(no_end());
        }
        let mut record = [0; 56];
        file.seek(SeekFrom::Start(stop)).map_err(unreadable)?;
        file.read_exact(&mut record).map_err(unreadable)?;
        let wide = [
            u64_at(&record, 32),
            u64_at(&record, 40),
            u64_at(&record, 48),
        ];
        // The short record says the same, or that its fields are too short.
        let same = |short: u64, most: u64, wide| short == wide || short == most;
        let fields = [
            same(entries, u16::MAX.into(), wide[0]),
            same(size, u32::MAX.into(), wide[1]),
            same(start, u32::MAX.into(), wide[2]),
        ];
        if !record.starts_with(b"PK\x06\x06") || fields.contains(&false) {
            return Err("its two directories do not say the same: it is damaged".into());
        }
        [entries, size, start] = wide;
    }
    let abuts = start.checked_add(size) == Some(stop);
    let holds = entries.checked_mul(46).is_some_and(|least| least <= size);
    if !abuts || !holds {
        return Err(
            "its directory does not lie where its end says: it is cut off or damaged".into(),
        );
    }
    Ok(Directory { start, entries })
}

struct Entry {
    name: String,
    method: u16,
    stored: u64,
    size: u64,
    header: u64,
}

fn read_entry(reader: &mut impl BufRead) -> Result<Entry, String> {
    let mut fixed = [0; 46];
    reader.read_exact(&mut fixed).map_err(unreadable)?;
    if !fixed.starts_with(b"PK\x01\x02") {
        return Err("its directory is no list of entries: it is damaged".into());
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(&fixed, at)));
    let mut text = vec![0; name + extra + comment];
    reader.read_exact(&mut text).map_err(unreadable)?;
    let (name, rest) = text.split_at(name);
    let mut wide = Wide::of(&rest[..extra])?;
    let size = wide.or(u32_at(&fixed, 24));
    let stored = wide.or(u32_at(&fixed, 20));
    let header = wide.or(u32_at(&fixed, 42));
    Ok(Entry {
        name: String::from_utf8_lossy(name).into_owned(),
        method: u16_at(&fixed, 10),
        stored,
        size,
        header,
    })
}

/// The extra field with what did not fit into 32 bits, in the order of the fields that it is for.
struct Wide<'a>(&'a [u8]);

impl<'a> Wide<'a> {
    /// Finds it among the extra fields.
    fn of(mut extra: &'a [u8]) -> Result<Self, String> {
        const SIZES: u16 = 1;
        const OTHER_NAME: u16 = 0x7075;
        let mut wide = Self(&[]);
        while extra.len() >= 4 {
            let length = usize::from(u16_at(extra, 2));
            let Some(body) = extra.get(4..4 + length) else {
                return Err("an entry of its directory is damaged".into());
            };
            match u16_at(extra, 0) {
                SIZES => wide = Self(body),
                // With it one reader would see another entry than the next.
                OTHER_NAME => return Err("an entry of it has two names".into()),
                _ => {}
            }
            extra = &extra[4 + length..];
        }
        Ok(wide)
    }

    fn or(&mut self, short: u32) -> u64 {
        if short != u32::MAX || self.0.len() < 8 {
            return short.into();
        }
        let value = u64_at(self.0, 0);
        self.0 = &self.0[8..];
        value
    }
}

fn unreadable(error: std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it is cut off".into(),
        _ => format!("it cannot be read: {error}"),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
