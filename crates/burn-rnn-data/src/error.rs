//! What can be wrong with data, told as one typed error.

use std::path::PathBuf;

use thiserror::Error;

use crate::csv_form::has_thousands;

/// Why data cannot be read, encoded or cut up as asked.
///
/// Every message is one line that names what was given, what was expected and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file that cannot be opened or read.
    #[error("cannot read {}, check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file that is not UTF-8 text.
    #[error(
        "{} is not UTF-8: the byte at position {position} starts no valid character; convert the file to UTF-8",
        path.display()
    )]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Where the first bad byte is, counted from 0.
        position: usize,
    },
    /// A file without any text.
    #[error("{} is empty, expected text: give a file with at least one character", path.display())]
    EmptyText {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not CSV with a header row.
    #[error("{}, line {line}: {reason}", path.display())]
    MalformedCsv {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there, what was expected and what to do.
        reason: String,
    },
    /// A file that a library cannot read as what it should be.
    #[error("{}: not {expected}", path.display())]
    NotReadable {
        /// The file.
        path: PathBuf,
        /// What was expected, and what to do.
        expected: &'static str,
        /// What the library says.
        source: Box<dyn core::error::Error + Send + Sync>,
    },
    /// A file that is not what it should be.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in it, what is wrong, what was expected and what to do.
        reason: String,
    },
    /// A column name that the header row does not have.
    #[error(
        "{} has no column `{name}`: choose one of {}",
        path.display(),
        quoted(available)
    )]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// The names the header row has.
        available: Vec<String>,
    },
    /// A cell that is empty or holds no finite number.
    #[error(
        "{}, line {line}: column `{column}` holds `{value}`, expected a finite number{}: correct or remove that row, or choose another column",
        path.display(),
        if has_thousands(value) { " without anything between thousands" } else { "" }
    )]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1; the header is line 1.
        line: u64,
        /// The name of the column.
        column: String,
        /// The text of the cell, empty where the cell is.
        value: String,
    },
    /// A cell without a value where every value is needed.
    #[error(
        "{}, line {line}: column `{column}` has no value (`{value}`), expected a finite number: fill it in, or let such values be dropped or interpolated (--missing)",
        path.display()
    )]
    MissingValue {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1; the header is line 1.
        line: u64,
        /// The name of the column.
        column: String,
        /// The text of the cell.
        value: String,
    },
    /// A file in which no column starts with a number.
    #[error(
        "{} has no numeric column (its columns: {}): give a CSV file with a header row and a column of numbers",
        path.display(),
        quoted(columns)
    )]
    NoNumericColumn {
        /// The file.
        path: PathBuf,
        /// The names the header row has; empty for an empty file.
        columns: Vec<String>,
    },
    /// A series with too few values for what was asked.
    #[error("the series has {length} values, expected at least {needed}: {why}")]
    SeriesTooShort {
        /// How many values there are.
        length: usize,
        /// How many are needed.
        needed: usize,
        /// What needs them, and what to do.
        why: String,
    },
    /// A text with too few characters for what was asked.
    #[error(
        "the text has {characters} characters, expected at least {needed}: give a longer text, fewer streams or shorter sequences"
    )]
    TextTooShort {
        /// How many characters there are.
        characters: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A character that the vocabulary does not have.
    #[error(
        "the character {character:?} at position {position} is not in the vocabulary: leave it out, or build the vocabulary from text that has it"
    )]
    UnknownCharacter {
        /// The character.
        character: char,
        /// Where it is, counted in characters from 0.
        position: usize,
    },
    /// A series whose values do not go to `f32` and back when they are scaled.
    #[error(
        "{series} goes from {low:e} to {high:e}, which 32-bit numbers cannot hold once it is scaled: multiply or divide it by a power of ten, or remove values that are far away"
    )]
    Unscalable {
        /// The series, as one says it.
        series: String,
        /// Its smallest value.
        low: f64,
        /// Its largest value.
        high: f64,
    },
    /// A setting outside its range.
    #[error("{name} is {given}, expected {expected}: change {name}")]
    InvalidArgument {
        /// The name of the setting.
        name: &'static str,
        /// What was given.
        given: String,
        /// What would be accepted.
        expected: String,
    },
}

impl DataError {
    /// A file that is not what it should be.
    pub(crate) fn malformed(path: &std::path::Path, reason: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_path_buf(),
            reason: reason.into(),
        }
    }

    /// A file that a library cannot read.
    pub(crate) fn not_readable(
        path: &std::path::Path,
        expected: &'static str,
        error: impl core::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::NotReadable {
            path: path.to_path_buf(),
            expected,
            source: Box::new(error),
        }
    }

    /// A series with these values, which cannot be scaled.
    pub(crate) fn unscalable(
        series: impl Into<String>,
        values: impl Iterator<Item = f64> + Clone,
    ) -> Self {
        Self::Unscalable {
            series: series.into(),
            low: values.clone().fold(f64::INFINITY, f64::min),
            high: values.fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// Shorthand for the variant most functions need.
    pub(crate) fn invalid(
        name: &'static str,
        given: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::InvalidArgument {
            name,
            given: given.to_string(),
            expected: expected.into(),
        }
    }
}

/// Names in backticks with commas, or the word "none".
fn quoted(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_string();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_column_lists_the_available_ones() {
        let error = DataError::UnknownColumn {
            path: "a.csv".into(),
            name: "temp".into(),
            available: vec!["Date".into(), "Temp".into()],
        };
        assert_eq!(
            error.to_string(),
            "a.csv has no column `temp`: choose one of `Date`, `Temp`"
        );
    }

    #[test]
    fn a_control_character_stays_on_one_line() {
        let error = DataError::UnknownCharacter {
            character: '\n',
            position: 3,
        };
        let message = error.to_string();
        assert!(message.contains(r"'\n' at position 3"), "{message}");
        assert_eq!(message.lines().count(), 1);
    }

    #[test]
    fn no_columns_read_as_none() {
        let error = DataError::NoNumericColumn {
            path: "a.csv".into(),
            columns: Vec::new(),
        };
        assert!(error.to_string().contains("(its columns: none)"), "{error}");
    }

    #[test]
    fn the_error_crosses_threads() {
        fn check<T: Send + Sync + std::error::Error + 'static>() {}
        check::<DataError>();
    }
}
