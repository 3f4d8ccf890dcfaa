//! One column of a CSV file as a series.

use std::path::Path;

use crate::DataError;
use crate::csv_file::CsvFile;
use crate::utf8_file::read_utf8;

/// A sequence of numbers in time order, with a name and one label a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What the values are, for titles and messages; the column name where it comes from a file.
    pub name: String,
    /// The values, oldest first.
    pub values: Vec<f64>,
    /// One label a value, dates for example; as many as values.
    pub labels: Vec<String>,
}

impl Series {
    /// A series whose labels are the row numbers, counted from 1.
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self {
            name: name.into(),
            labels: (1..=values.len()).map(|row| row.to_string()).collect(),
            values,
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Reads one column of a UTF-8 file of separated values with a header row, which tells whether commas, semicolons or tabs stand between them.
///
/// `column` is the name in the header row (the first column of that name), `None` the last column. Where cells are not separated by commas,
/// numbers may have decimal ones.
/// Space around names and cells does not count; empty lines are skipped. The labels are the text of
/// the first column; where that is the column read, they are the row numbers, counted from 1
/// without the header.
///
/// # Errors
///
/// [`DataError::Unreadable`] and [`DataError::NotUtf8`] for the file; [`DataError::MalformedCsv`]
/// for rows of different lengths, decimal commas beside points and, where `column` is `None`, for a number in place of the last
/// column's name, because the first value would be lost as a header; [`DataError::UnknownColumn`];
/// [`DataError::NoNumericColumn`] where `column` is `None` and the first row of data has no number
/// at all; [`DataError::NotANumber`] for a cell of the column that is empty, no number, infinite
/// or NaN; [`DataError::SeriesTooShort`] for a header without rows.
pub fn read_column(path: &Path, column: Option<&str>) -> Result<Series, DataError> {
    let text = read_utf8(path)?;
    let file = CsvFile::parse(path, &text)?;
    let index = match column {
        Some(name) => file.find(name)?,
        None => last_column(&file)?,
    };
    let mut values = Vec::with_capacity(file.records.len());
    let mut labels = Vec::with_capacity(file.records.len());
    for (row, record) in file.records.iter().enumerate() {
        let Some(value) = file.form.finite(&record[index]) else {
            let number = |cell| file.form.finite(cell).is_some();
            if row == 0 && column.is_none() && !record.iter().any(number) {
                return Err(file.no_numbers());
            }
            return Err(file.not_a_number(record, index));
        };
        values.push(value);
        labels.push(if index == 0 {
            (row + 1).to_string()
        } else {
            record[0].to_string()
        });
    }
    file.check_decimal_marks(&[index])?;
    if values.is_empty() {
        return Err(DataError::SeriesTooShort {
            length: 0,
            needed: 1,
            why: format!("{} has a header row but no rows of data", path.display()),
        });
    }
    Ok(Series {
        name: file.header[index].to_string(),
        values,
        labels,
    })
}

/// The index of the last column, unless the header row is missing.
fn last_column(file: &CsvFile<'_>) -> Result<usize, DataError> {
    let Some(index) = file.header.len().checked_sub(1) else {
        return Err(file.no_numbers());
    };
    match file.form.finite(&file.header[index]) {
        None => Ok(index),
        Some(_) => Err(file.malformed_header(format!(
            "the header row ends with the number `{}`, expected the name of a column: put a row of names first, or choose the column by that name",
            &file.header[index]
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, column: Option<&str>) -> Result<Series, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.csv");
        std::fs::write(&path, text).unwrap();
        read_column(&path, column)
    }

    #[test]
    fn the_last_column_is_read_with_the_first_as_labels() {
        let series = read("\"Day\",\"Low\",\"High\"\nmon,1,2.5\ntue,-3,4e1\n", None).unwrap();
        assert_eq!(
            series,
            Series {
                name: "High".into(),
                values: vec![2.5, 40.0],
                labels: vec!["mon".into(), "tue".into()],
            }
        );
    }

    #[test]
    fn a_column_is_found_by_name() {
        let series = read("day,low,high\nmon,1,x\ntue,-3,y\n", Some("low")).unwrap();
        assert_eq!(series.values, [1.0, -3.0]);
        assert_eq!(series.name, "low");
    }

    #[test]
    fn one_decimal_mark_is_read() {
        assert_eq!(
            read("a;b\n1;-2,5\n2;3\n", None).unwrap().values,
            [-2.5, 3.0]
        );
        let error = read("a;b\n1;-2,5\n2;1.234\n", None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 2: column `b` holds `-2,5` with a decimal comma"),
            "{error}"
        );
    }

    #[test]
    fn numbers_are_read_in_f64() {
        let series = read(
            "day,n\na,16777217\nb,1000000000.25\nc,9007199254740991\n",
            None,
        )
        .unwrap();
        assert_eq!(
            series.values,
            [16_777_217.0, 1_000_000_000.25, 9_007_199_254_740_991.0]
        );
    }

    #[test]
    fn the_first_column_gets_row_numbers_as_labels() {
        for column in [None, Some("v")] {
            let series = read("v\n7\n8\n", column).unwrap();
            assert_eq!(series.values, [7.0, 8.0]);
            assert_eq!(series.labels, ["1", "2"]);
        }
        assert_eq!(Series::new("v", vec![7.0, 8.0]).labels, ["1", "2"]);
    }

    #[test]
    fn marks_spaces_and_windows_line_ends_do_not_count() {
        let series = read("\u{feff}v , w\r\n 1 , 2 \r\n", Some("v")).unwrap();
        assert_eq!(series.values, [1.0]);
        assert_eq!(read("v , w\r\n 1 , 2 \r\n", None).unwrap().name, "w");
    }

    #[test]
    fn an_unknown_column_is_refused_with_the_list() {
        let error = read("day,low\nmon,1\n", Some("Low")).unwrap_err();
        match error {
            DataError::UnknownColumn {
                name, available, ..
            } => {
                assert_eq!(name, "Low");
                assert_eq!(available, ["day", "low"]);
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn bad_cells_are_refused_with_line_and_value() {
        for bad in ["", "x", "NaN", "inf", "-infinity", "1e309", "1,5"] {
            let cell = if bad.contains(',') {
                format!("\"{bad}\"")
            } else {
                bad.to_string()
            };
            let error = read(&format!("day,low\nmon,1\n\ntue,{cell}\n"), None).unwrap_err();
            match error {
                DataError::NotANumber {
                    line,
                    column,
                    value,
                    ..
                } => {
                    assert_eq!((line, column.as_str(), value.as_str()), (4, "low", bad));
                }
                other => panic!("{bad}: {other}"),
            }
        }
    }

    #[test]
    fn a_file_without_numbers_is_told_from_a_bad_cell() {
        let none = read("a,b\nx,y\n", None).unwrap_err();
        assert!(matches!(none, DataError::NoNumericColumn { .. }), "{none}");
        let empty = read("", None).unwrap_err();
        assert!(
            matches!(empty, DataError::NoNumericColumn { .. }),
            "{empty}"
        );
        let other = read("a,b\n1,y\n", None).unwrap_err();
        assert!(matches!(other, DataError::NotANumber { .. }), "{other}");
        let asked = read("a,b\nx,y\n", Some("b")).unwrap_err();
        assert!(matches!(asked, DataError::NotANumber { .. }), "{asked}");
    }

    #[test]
    fn a_missing_header_row_is_refused() {
        let error = read("1749-01,58.0\n1749-02,62.6\n", None).unwrap_err();
        assert!(
            matches!(error, DataError::MalformedCsv { line: 1, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("`58.0`"), "{error}");
        // A year is a fine name for a column as long as it is asked for.
        assert_eq!(
            read("month,2020\n1,5\n", Some("2020")).unwrap().values,
            [5.0]
        );
    }

    #[test]
    fn a_row_of_another_length_is_located() {
        let error = read("a,b\n1,2\n1,2,3\n", None).unwrap_err();
        assert!(
            matches!(error, DataError::MalformedCsv { line: 3, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("3 cells, expected 2"), "{error}");
    }

    #[test]
    fn lines_are_counted_with_empty_ones_and_any_line_end() {
        for (text, expected) in [
            ("a,b\r\n1,2\r\n3,x\r\n", 3),
            ("a,b\r\n\r\n1,2\r\n\r\n\r\n3,\r\n", 6),
            ("\u{feff}\na,b\n\"1\n1\",2\n\n3,x", 6),
            ("\na,b\n\n1,2\n\n3\n", 6),
        ] {
            match read(text, None).unwrap_err() {
                DataError::NotANumber { line, .. } | DataError::MalformedCsv { line, .. } => {
                    assert_eq!(line, expected, "{text:?}");
                }
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_header_alone_is_too_short() {
        let error = read("a,b\n", None).unwrap_err();
        assert!(
            matches!(error, DataError::SeriesTooShort { length: 0, .. }),
            "{error}"
        );
    }
}
