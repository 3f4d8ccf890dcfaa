//! What programs are given line by line.

use std::io::Read;

use crate::TrainError;

/// The most bytes that are read: what has no end is refused.
const MOST: u64 = 1 << 30;

/// The lines of standard input, to its end.
///
/// # Errors
///
/// Where it cannot be read, is not UTF-8, or has more than 1 GiB.
pub(crate) fn lines() -> Result<Vec<String>, TrainError> {
    let refuse = |given: String| {
        TrainError::setting(
            "standard input",
            given,
            "lines of UTF-8 text, 1 GiB at most",
        )
    };
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(refuse("longer".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse("not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.lines().map(str::to_owned).collect())
}
