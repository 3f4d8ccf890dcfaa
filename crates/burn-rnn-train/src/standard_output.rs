//! What programs print. `print!` and its kin panic where nobody takes what they print, so that nothing else prints.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::TrainError;

static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on nothing here prints: another process of the same program does.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// From now on all print again.
pub(crate) fn be_quiet_no_more() {
    QUIET.store(false, Ordering::Relaxed);
}

/// Whether somebody else prints.
pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

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
    if is_quiet() {
        return Ok(());
    }
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
    if is_quiet() {
        return;
    }
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
