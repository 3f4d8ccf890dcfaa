//! What programs are given on standard input.

use std::io::Read;
use std::path::PathBuf;

use burn_rnn_data::DataError;

use crate::TrainError;

/// The most bytes that are read: what has no end is refused.
const MOST: u64 = 1 << 30;

/// The lines of standard input, to its end.
///
/// # Errors
///
/// As [`text`].
pub(crate) fn lines() -> Result<Vec<String>, TrainError> {
    Ok(text()?.lines().map(str::to_owned).collect())
}

/// The text of standard input, to its end, without a byte order mark.
///
/// # Errors
///
/// Where it cannot be read, is not UTF-8, or has more than 1 GiB.
pub(crate) fn text() -> Result<String, TrainError> {
    let path = || PathBuf::from("standard input");
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| TrainError::Read {
            path: path(),
            expected: "lines of UTF-8 text",
            source,
        })?;
    if bytes.len() as u64 > MOST {
        let expected = "1 GiB at most: give a part of it";
        return Err(TrainError::setting("standard input", "longer", expected));
    }
    let text = String::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
        path: path(),
        position: error.utf8_error().valid_up_to(),
    })?;
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Ok(rest.to_owned()),
        None => Ok(text),
    }
}
