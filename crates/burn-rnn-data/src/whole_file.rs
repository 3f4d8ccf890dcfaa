//! A whole file at once.

use std::io::{Error, ErrorKind, Read};
use std::path::Path;

/// Reads a file that has an end. A folder is none, nor is a pipe or a device, which would be read for ever.
///
/// # Errors
///
/// As the operating system says, and where it is no file.
pub fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    // Before it is opened: to open a pipe waits for whoever writes to it.
    let there = path.metadata()?;
    if there.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !there.is_file() {
        let reason = "it is a pipe or a device, and no file";
        return Err(Error::new(ErrorKind::InvalidInput, reason));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_no_file() {
        let error = read_file(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().contains("no file"), "{error}");
        let error = read_file(Path::new("/")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
    }
}
