//! Files that are complete or not there.

use std::io::{Result, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::TrainError;

/// What the names of files begin with that are not finished.
const PREFIX: &str = ".burn-rnn-";

/// Removes what programs that were killed had not finished writing in a folder. Nobody else may be writing there.
pub(crate) fn remove_unfinished(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_ours && entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A file in `folder`, which is made where it is missing, to be written and then renamed by
/// [`NamedTempFile::persist`]; it vanishes where that does not come about. `suffix` ends its name.
pub(crate) fn new_file(folder: &Path, suffix: &str) -> Result<NamedTempFile> {
    std::fs::create_dir_all(folder)?;
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(suffix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are their owner's alone by default; this one is to be an ordinary file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// The name, without an ending, of files beside one that the user named, which none of them is: for `x.mid` it is `x`, and for `x.png`
/// with a picture `.png` beside it `x.png`.
pub(crate) fn name_beside(path: &Path, endings: &[&str], unnamed: &str) -> String {
    let ending = path.extension().unwrap_or_default();
    let name = match endings
        .iter()
        .any(|taken| ending.eq_ignore_ascii_case(taken))
    {
        true => path.file_name(),
        false => path.file_stem(),
    };
    name.map_or(unnamed.into(), |name| name.to_string_lossy().into_owned())
}

/// Writes a file that is complete or not there: beside, flushed to the disk, then renamed, and the
/// rename flushed too.
///
/// # Errors
///
/// Where something cannot be written; a file that was there stays then.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> core::result::Result<(), TrainError> {
    let write = || -> Result<()> {
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut file = new_file(folder, ".part")?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        // Without this a power cut may undo the rename.
        #[cfg(unix)]
        std::fs::File::open(folder)?.sync_all()?;
        Ok(())
    };
    write().map_err(TrainError::write(path))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_beside_have_other_names() {
        let name = |path: &str| name_beside(Path::new(path), &["png", "svg"], "piece");
        assert_eq!(name("out/x.mid"), "x");
        assert_eq!(name("x.PNG"), "x.PNG");
        assert_eq!(name("x"), "x");
        assert_eq!(name(".."), "piece");
    }

    #[test]
    fn the_file_is_as_readable_as_others() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        let new = folder.path().join("new");
        new_file(folder.path(), ".x")
            .unwrap()
            .persist(&new)
            .unwrap();
        assert_eq!(mode(&new), mode(&plain));
    }
}
