//! What programs print. `print!` and its kin panic where nobody takes what they print, so that nothing else prints.

use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::TrainError;

/// Prints a text and a line's end.
///
/// # Errors
///
/// As [`print()`].
pub fn say(text: impl core::fmt::Display) -> Result<(), TrainError> {
    print(format!("{text}\n").as_bytes())
}

/// Prints what was done: as one line, in which control characters are written out, or as a JSON object.
///
/// # Errors
///
/// As [`print()`].
pub fn say_done(
    json: bool,
    object: serde_json::Value,
    line: core::fmt::Arguments<'_>,
) -> Result<(), TrainError> {
    match json {
        true => say(object),
        false => say(printable(&line.to_string())),
    }
}

/// Prints bytes as they are.
///
/// # Errors
///
/// Where nobody takes them: the disk behind standard output is full, or nobody reads on
/// ([`TrainError::NobodyReads`]), as behind `| head`.
pub fn print(bytes: &[u8]) -> Result<(), TrainError> {
    let mut output = std::io::stdout().lock();
    let printed = output.write_all(bytes).and_then(|()| output.flush());
    printed.map_err(not_printed)
}

/// The error that standard output took nothing.
pub(crate) fn not_printed(error: std::io::Error) -> TrainError {
    match error.kind() {
        ErrorKind::BrokenPipe => TrainError::NobodyReads,
        _ => TrainError::write(Path::new("standard output"))(error),
    }
}

/// A line on standard error. Where that is closed too, nobody is left to be told.
pub fn warn(text: impl core::fmt::Display) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// A text out of a file for a terminal: control characters, which would move its cursor or make lines, as escapes, and those that
/// turn the direction of what follows.
pub fn printable(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escape = |c: char| match c.is_control() || turns(c) {
        true => c.escape_default().collect(),
        false => String::from(c),
    };
    text.chars().map(escape).collect()
}

/// The same for a table, whose cells have an end: at most so many characters.
pub fn cell(text: &str, longest: usize) -> String {
    let mut text = printable(text);
    if let Some((end, _)) = text.char_indices().nth(longest) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_cursor_is_written_out() {
        assert_eq!(cell("héllo\t", 3), "hél…");
        assert_eq!(printable("a\u{1b}[31mé\nb"), "a\\u{1b}[31mé\\nb");
        assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
    }
}
