//! Files that are complete or not there.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::{WeightsError, WeightsErrorKind};

/// Opens a file to read. A folder is none, nor is what has no end, as a pipe or a device.
///
/// # Errors
///
/// Where it cannot be opened.
pub(crate) fn open_whole(path: &Path) -> Result<File, WeightsErrorKind> {
    // Before it is opened: to open a pipe waits for whoever writes to it.
    let metadata = std::fs::metadata(path).map_err(WeightsErrorKind::Read)?;
    if metadata.is_dir() {
        return Err(WeightsErrorKind::Read(io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        return Err(WeightsErrorKind::Read(no_file()));
    }
    File::open(path).map_err(WeightsErrorKind::Read)
}

fn no_file() -> io::Error {
    let reason = "it is a pipe or a device, and no file";
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

/// Writes a file beside `path`, flushes it to the disk and renames it.
///
/// # Errors
///
/// Where something cannot be written; what was there stays then, and nothing else is left.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), WeightsError> {
    // A link stays, and what it leads to is written.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if path
        .metadata()
        .is_ok_and(|there| !there.is_file() && !there.is_dir())
    {
        return Err(WeightsErrorKind::Write(no_file()).into());
    }
    let part = part_of(path);
    let permissions = path.metadata().ok().map(|there| there.permissions());
    write(&part, bytes, permissions)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|error| {
            // There may be none; the first error is the one to tell.
            let _ = std::fs::remove_file(&part);
            WeightsErrorKind::Write(error).into()
        })
}

/// `permissions` are those of the file that this one replaces.
fn write(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let mut file = File::create(path)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name beside the file that no other process writes to.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
