//! A whole file as UTF-8 text.

use std::path::Path;

use crate::DataError;
use crate::whole_file::read_file;

/// Reads a file as UTF-8, without the byte order mark that some editors put first: it is a mark of
/// the encoding, not a character of the text.
pub(crate) fn read_utf8(path: &Path) -> Result<String, DataError> {
    let bytes = read_file(path).map_err(|source| DataError::Unreadable {
        path: path.to_path_buf(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
        path: path.to_path_buf(),
        position: error.utf8_error().valid_up_to(),
    })?;
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Ok(rest.to_string()),
        None => Ok(text),
    }
}

/// The lines of a text with their numbers, counted from 1, or why one is none: control characters other than tabs belong
/// to files of another kind.
pub(crate) fn plain_lines(text: &str) -> impl Iterator<Item = Result<(usize, &str), String>> {
    (1..).zip(text.lines()).map(|(number, line)| {
        let control = line.chars().find(|c| c.is_ascii_control() && *c != '\t');
        match control {
            None => Ok((number, line)),
            Some(control) => Err(format!(
                "line {number} has the control character {control:?}, expected text: convert the file, or remove it"
            )),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        read_utf8(&path)
    }

    #[test]
    fn text_comes_back_unchanged() {
        assert_eq!(read("a\r\né\n".as_bytes()).unwrap(), "a\r\né\n");
    }

    #[test]
    fn a_byte_order_mark_is_dropped_once() {
        assert_eq!(read("\u{feff}a\u{feff}".as_bytes()).unwrap(), "a\u{feff}");
    }

    #[test]
    fn a_bad_byte_is_located() {
        let error = read(b"caf\xe9 au lait").unwrap_err();
        assert!(
            matches!(error, DataError::NotUtf8 { position: 3, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_utf8(Path::new("/nowhere/at all.txt")).unwrap_err();
        assert!(matches!(error, DataError::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains("/nowhere/at all.txt"), "{error}");
    }
}
