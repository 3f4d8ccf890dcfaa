//! What a file or a folder seems to hold, by its beginning: for programs that tell which task takes it.

mod columns;
mod lines;

use std::ffi::OsStr;
use std::fs::{File, read_dir};
use std::io::Read;
use std::path::Path;

pub use columns::{ColumnKind, ColumnLook, TableLook};

use crate::DataError;

/// The bytes that are looked at.
const BEGINNING: u64 = 1 << 20;

/// What a file or a folder seems to hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Look {
    /// Separated values with a header row.
    Table(TableLook),
    /// A JSON object a line, all with the same keys.
    JsonLines(TableLook),
    /// Texts without a header, this many a line with tabs between them.
    Tabbed(usize),
    /// A token a line with this many columns, an empty line after each sentence.
    Conll(usize),
    /// A file `.ts` of the UCR and UEA archives.
    LabelledSeries,
    /// JSON with pieces of music, lists of notes a step.
    PianoRolls,
    /// Other text.
    Text,
    /// One sound.
    Sound,
    /// A folder with this many sounds.
    SoundFolder(usize),
    /// A folder with this many tables, and whether one of them is `labels.csv`.
    TableFolder(usize, bool),
    /// Nothing at all.
    Empty,
    /// None of these.
    Unknown,
}

/// Looks at the beginning of a file, or at the names in a folder.
///
/// # Errors
///
/// [`DataError::Unreadable`].
pub fn look(path: &Path) -> Result<Look, DataError> {
    let unreadable = |source| DataError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    let there = path.metadata().map_err(unreadable)?;
    if there.is_dir() {
        return folder(path).map_err(unreadable);
    }
    if !there.is_file() {
        return Ok(Look::Unknown);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(BEGINNING).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    let whole = (bytes.len() as u64) < BEGINNING;
    Ok(beginning(&bytes, whole))
}

fn folder(path: &Path) -> std::io::Result<Look> {
    let (mut sounds, mut tables, mut labels) = (0, 0, false);
    for entry in read_dir(path)? {
        let name = entry?.file_name();
        let name = Path::new(&name);
        let is = |known: &str| {
            let ending = name.extension().and_then(OsStr::to_str);
            ending.is_some_and(|ending| ending.eq_ignore_ascii_case(known))
        };
        sounds += usize::from(is("wav"));
        let is_labels = name == Path::new("labels.csv");
        labels |= is_labels;
        tables += usize::from(is("csv") && !is_labels);
    }
    Ok(match (sounds, tables) {
        (0, 0) => Look::Unknown,
        (0, _) => Look::TableFolder(tables, labels),
        _ => Look::SoundFolder(sounds),
    })
}

/// `whole`: whether these are all bytes of the file.
fn beginning(bytes: &[u8], whole: bool) -> Look {
    if bytes.starts_with(b"RIFF") || bytes.starts_with(b"RIFX") || bytes.starts_with(b"RF64") {
        return Look::Sound;
    }
    let text = match core::str::from_utf8(bytes) {
        Ok(text) => text,
        // The end may have cut a character.
        Err(error) if !whole && bytes.len() - error.valid_up_to() < 4 => {
            core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return Look::Unknown,
    };
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Look::Empty;
    }
    if text.contains('\0') {
        return Look::Unknown;
    }
    lines::look(text, whole)
}

#[cfg(test)]
mod tests;
