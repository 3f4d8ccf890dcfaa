//! What programs print.

use std::io::Write;
use std::path::Path;

use crate::TrainError;

/// Prints a text and a line's end.
///
/// # Errors
///
/// Where nobody takes it: the disk behind it is full, for instance.
pub fn say(text: impl core::fmt::Display) -> Result<(), TrainError> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{text}")
        .and_then(|()| output.flush())
        .map_err(TrainError::write(Path::new("standard output")))
}

/// A text out of a file for a terminal: control characters, which would move its cursor or make lines, as escapes.
pub fn printable(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
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
    }
}
