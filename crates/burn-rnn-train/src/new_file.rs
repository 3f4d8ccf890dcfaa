//! Files that are complete or not there.

use std::io::Result;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// A file in `folder`, which is made where it is missing, to be written and then renamed by
/// [`NamedTempFile::persist`]; it vanishes where that does not come about. `suffix` ends its name.
pub(crate) fn new_file(folder: &Path, suffix: &str) -> Result<NamedTempFile> {
    std::fs::create_dir_all(folder)?;
    let mut builder = Builder::new();
    builder.suffix(suffix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are their owner's alone by default; this one is to be an ordinary file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

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
