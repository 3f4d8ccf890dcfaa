//! A CSV file as a table.

use std::path::Path;

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use super::{Missing, Table, Timestamp};
use crate::DataError;
use crate::csv_form::CsvForm;
use crate::csv_series::{line, malformed};
use crate::utf8_file::read_utf8;

/// What is read of a file, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableOptions {
    /// The columns, in this order; all that begin with a number if empty.
    pub columns: Vec<String>,
    /// The column with the times; the first that begins with a date if there is one, else none.
    pub time_column: Option<String>,
    /// What to do where a value is missing.
    pub missing: Missing,
}

/// Reads several columns of a UTF-8 file of separated values with a header row, which tells whether commas, semicolons or tabs stand between
/// them; where it is not commas, numbers may have decimal ones.
///
/// Space around names and cells does not count; empty lines are skipped. A cell that is empty or says
/// `NA`, `N/A`, `NaN`, `null` or `none`, in any case, is missing. Times are read as
/// [`Timestamp::parse`] says.
///
/// # Errors
///
/// [`DataError::Unreadable`] and [`DataError::NotUtf8`] for the file; [`DataError::MalformedCsv`] for
/// rows of different lengths, two columns of one name, a cell of the time column that is no date, a time before the one above it or the
/// same, and a column asked for twice; [`DataError::UnknownColumn`]; [`DataError::NoNumericColumn`] where none
/// is asked for by name and none begins with a number; [`DataError::MissingValue`] for the first missing
/// value where they are refused; [`DataError::NotANumber`] for a cell that is neither missing nor a finite
/// number; [`DataError::SeriesTooShort`] where no row is left, or a column has no value at all.
pub fn read_table(path: &Path, options: &TableOptions) -> Result<Table, DataError> {
    let text = read_utf8(path)?;
    let form = CsvForm::of(&text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(form.delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .map_err(|error| malformed(path, &text, error))?
        .clone();
    let records = reader
        .records()
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| malformed(path, &text, error))?;
    let at = |record: &StringRecord, reason: String| DataError::MalformedCsv {
        path: path.to_path_buf(),
        line: line(&text, record.position()),
        reason,
    };

    let layout = Layout::of(path, &header, &records, options, form)?;
    let mut times = layout.time.map(|_| Vec::with_capacity(records.len()));
    let mut cells = Vec::with_capacity(records.len() * layout.columns.len());
    for record in &records {
        let mut row = Vec::with_capacity(layout.columns.len());
        for &column in &layout.columns {
            let cell = &record[column];
            let value = form.finite(cell);
            let missing = value.is_none() && is_missing(cell);
            if missing && options.missing == Missing::Refuse {
                return Err(DataError::MissingValue {
                    path: path.to_path_buf(),
                    line: line(&text, record.position()),
                    column: header[column].to_string(),
                    value: cell.to_string(),
                });
            }
            if value.is_none() && !missing {
                return Err(DataError::NotANumber {
                    path: path.to_path_buf(),
                    line: line(&text, record.position()),
                    column: header[column].to_string(),
                    value: cell.to_string(),
                });
            }
            row.push(value);
        }
        if options.missing == Missing::Drop && row.contains(&None) {
            continue;
        }
        if let (Some(column), Some(times)) = (layout.time, &mut times) {
            let cell = &record[column];
            let time = Timestamp::parse(cell).ok_or_else(|| {
                at(record, format!(
                    "column `{}` holds `{cell}`, expected a date such as 2016-07-01, 2016-07-01 14:30 or 2016-07-01T14:30:00: correct it, or name another time column",
                    &header[column]
                ))
            })?;
            if times.last().is_some_and(|last| time < *last) {
                return Err(at(
                    record,
                    format!("the time {time} comes after a later one: sort the rows by time"),
                ));
            }
            if times.last() == Some(&time) {
                return Err(at(
                    record,
                    format!(
                        "the time {time} is that of the row before: keep one of them, or name another time column"
                    ),
                ));
            }
            times.push(time);
        }
        cells.extend(row);
    }
    if cells.is_empty() {
        return Err(DataError::SeriesTooShort {
            length: 0,
            needed: 1,
            why: format!("{} has no row of data with all values", path.display()),
        });
    }
    let names = layout
        .columns
        .iter()
        .map(|&column| header[column].to_string());
    Table::interpolated(names.collect(), &cells, times)
}

fn is_missing(cell: &str) -> bool {
    ["", "na", "n/a", "nan", "null", "none"].contains(&cell.to_lowercase().as_str())
}

/// Which columns are what.
struct Layout {
    columns: Vec<usize>,
    time: Option<usize>,
}

impl Layout {
    fn of(
        path: &Path,
        header: &StringRecord,
        records: &[StringRecord],
        options: &TableOptions,
        form: CsvForm,
    ) -> Result<Self, DataError> {
        for (column, name) in header.iter().enumerate() {
            let before = header.iter().take(column).position(|other| other == name);
            if let Some(before) = before
                && !name.is_empty()
            {
                return Err(DataError::MalformedCsv {
                    path: path.to_path_buf(),
                    line: 1,
                    reason: format!(
                        "the columns {} and {} are both called `{name}`: give each a name of its own",
                        before + 1,
                        column + 1
                    ),
                });
            }
        }
        let names = || header.iter().map(str::to_string).collect::<Vec<_>>();
        let find = |name: &String| {
            let found = header.iter().position(|candidate| candidate == name);
            found.ok_or_else(|| DataError::UnknownColumn {
                path: path.to_path_buf(),
                name: name.clone(),
                available: names(),
            })
        };
        // The first cell of a column that is not missing tells what the column is.
        let first = |column: usize| {
            let mut cells = records.iter().map(|record| &record[column]);
            cells.find(|cell| !is_missing(cell)).unwrap_or_default()
        };
        let time = match &options.time_column {
            Some(name) => Some(find(name)?),
            None => (0..header.len()).find(|&column| Timestamp::parse(first(column)).is_some()),
        };
        let columns: Vec<usize> = match options.columns.is_empty() {
            false => options.columns.iter().map(find).collect::<Result<_, _>>()?,
            true => (0..header.len())
                .filter(|&column| Some(column) != time && form.finite(first(column)).is_some())
                .collect(),
        };
        if let Some(twice) = (1..columns.len()).find(|&at| columns[..at].contains(&columns[at])) {
            return Err(DataError::MalformedCsv {
                path: path.to_path_buf(),
                line: 1,
                reason: format!(
                    "column `{}` is asked for twice: name every column once",
                    &header[columns[twice]]
                ),
            });
        }
        match columns.is_empty() && !records.is_empty() {
            true => Err(DataError::NoNumericColumn {
                path: path.to_path_buf(),
                columns: names(),
            }),
            false => Ok(Self { columns, time }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, options: TableOptions) -> Result<Table, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        read_table(&path, &options)
    }

    fn with(missing: Missing) -> TableOptions {
        TableOptions {
            missing,
            ..TableOptions::default()
        }
    }

    const GAPS: &str = "date,a,note,b\n2020-01-01,1,x,10\n2020-01-02,,x,20\n2020-01-03,3,x,NA\n";

    #[test]
    fn numeric_columns_and_the_time_are_found() {
        let text = "note,date,a,b\nx,2020-01-01T00:00,1,2\ny,2020-01-01T01:00,3,4\n";
        let table = read(text, TableOptions::default()).unwrap();
        assert_eq!(table.names(), ["a", "b"]);
        assert_eq!(table.values(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(table.times().unwrap()[1].hour(), 1);
        let chosen = TableOptions {
            columns: vec!["b".into(), "a".into()],
            ..TableOptions::default()
        };
        assert_eq!(read(text, chosen).unwrap().values(), [2.0, 1.0, 4.0, 3.0]);
        assert!(
            read("a\n1\n", TableOptions::default())
                .unwrap()
                .times()
                .is_none()
        );
    }

    #[test]
    fn semicolons_and_decimal_commas_are_read() {
        let text = "Datum;a;b\n2020-01-01;1,5;-2\n2020-01-02;;3,25\n";
        let table = read(text, with(Missing::Interpolate)).unwrap();
        assert_eq!(table.names(), ["a", "b"]);
        assert_eq!(table.values(), [1.5, -2.0, 1.5, 3.25]);
    }

    #[test]
    fn a_missing_value_is_named_dropped_or_filled() {
        let error = read(GAPS, with(Missing::Refuse)).unwrap_err();
        let DataError::MissingValue { line, column, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((*line, column.as_str()), (3, "a"));
        let dropped = read(GAPS, with(Missing::Drop)).unwrap();
        assert_eq!(
            (dropped.values(), dropped.times().unwrap().len()),
            (&[1.0, 10.0][..], 1)
        );
        let filled = read(GAPS, with(Missing::Interpolate)).unwrap();
        assert_eq!(filled.values(), [1.0, 10.0, 2.0, 20.0, 3.0, 20.0]);
        assert_eq!(filled.filled(), 2);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let named = |column: &str, time: Option<&str>| TableOptions {
            columns: vec![column.into()],
            time_column: time.map(str::to_owned),
            ..TableOptions::default()
        };
        for (text, options, words) in [
            (
                "a,b\n1,x\n2,y\n",
                named("b", None),
                "line 2: column `b` holds `x`",
            ),
            ("a,b\n1,x\n", named("c", None), "no column `c`"),
            (
                "a,b\n1,5\n",
                named("b", Some("a")),
                "line 2: column `a` holds `1`, expected a date",
            ),
            (
                "d,b\n2020-01-01,5\n2020-01-01,6\n",
                named("b", None),
                "line 3: the time 2020-01-01",
            ),
            (
                "d,b,b\n2020-01-01,5,6\n",
                TableOptions::default(),
                "the columns 2 and 3 are both called `b`",
            ),
            (
                "d,b\n2020-01-02,5\n2020-01-01,5\n",
                named("b", None),
                "line 3: the time",
            ),
            ("a,b\nx,y\n", TableOptions::default(), "no numeric column"),
            ("a,b\n", TableOptions::default(), "no row of data"),
            (
                "a,b\n1,2\n3\n",
                TableOptions::default(),
                "line 3: the row has 1 cells",
            ),
            (
                "a\n1\nx\n",
                with(Missing::Interpolate),
                "line 3: column `a` holds `x`",
            ),
        ] {
            let error = read(text, options).unwrap_err().to_string();
            assert!(error.contains(words), "{error:?} does not tell {words:?}");
        }
        let twice = TableOptions {
            columns: vec!["a".into(), "a".into()],
            ..TableOptions::default()
        };
        let error = read("a\n1\n", twice).unwrap_err().to_string();
        assert!(error.contains("twice"), "{error}");
    }
}
