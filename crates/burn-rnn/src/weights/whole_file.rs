//! Files that are complete or not there.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::{WeightsError, WeightsErrorKind};

/// Writes a file beside `path`, flushes it to the disk and renames it.
///
/// # Errors
///
/// Where something cannot be written; what was there stays then, and nothing else is left.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), WeightsError> {
    let part = part_of(path);
    write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|error| {
            // There may be none; the first error is the one to tell.
            let _ = std::fs::remove_file(&part);
            WeightsErrorKind::Write(error).into()
        })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name beside the file that no other process writes to.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
