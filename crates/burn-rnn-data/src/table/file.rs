//! A CSV file as a table.

use std::path::Path;

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::labels::LabelColumn;
use super::times::{Times, gaps};
use super::{Missing, Table};
use crate::DataError;
use crate::csv_file::{CsvFile, is_missing};
use crate::utf8_file::read_utf8;

/// What is read of a file, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableOptions {
    /// The columns, in this order; all that begin with a number if empty, without an index.
    pub columns: Vec<String>,
    /// The column with the times; if not given, the first that begins with a date or is named like times and
    /// holds years, days such as 20160701, or numbers since 1970, that go up; none where there is none.
    pub time_column: Option<String>,
    /// What to do where a value is missing.
    pub missing: Missing,
    /// The column that says which rows are anomalies, by 0 and 1 or false and true; it is no series. None is read if not
    /// given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
}

/// Reads several columns of a UTF-8 file of separated values with a header row, which tells whether commas, semicolons or tabs stand between
/// them; where it is not commas, numbers may have decimal ones.
///
/// Space around names and cells does not count; empty lines are skipped. A cell that is empty or says
/// `NA`, `N/A`, `NaN`, `<NA>`, `null` or `none`, in any case, is missing. Times are read as
/// [`Timestamp::parse`](super::Timestamp::parse) says; in a column of whole numbers that go up they are years, days such as 20160701, or seconds, milliseconds,
/// microseconds or nanoseconds since 1970. A column without a name that counts the rows is left out. What was
/// chosen so, and gaps in the times, are said by [`Table::notices`].
///
/// # Errors
///
/// [`DataError::Unreadable`] and [`DataError::NotUtf8`] for the file; [`DataError::MalformedCsv`] for
/// rows of different lengths, two columns of one name, a cell of the time column that is no date, a label that is none, a time before the one above it or the
/// same, times with and without an offset, decimal points and commas in one file, and a column asked for twice; [`DataError::UnknownColumn`];
/// [`DataError::NoNumericColumn`] where none
/// is asked for by name and none begins with a number; [`DataError::MissingValue`] for the first missing
/// value where they are refused; [`DataError::NotANumber`] for a cell that is neither missing nor a finite
/// number; [`DataError::SeriesTooShort`] where no row is left, or a column has no value at all.
pub fn read_table(path: &Path, options: &TableOptions) -> Result<Table, DataError> {
    parse_table(path, &read_utf8(path)?, options)
}

/// As [`read_table`], of a text that was read before, such as that of standard input; `path` is what errors call it.
///
/// # Errors
///
/// As [`read_table`].
pub fn parse_table(path: &Path, text: &str, options: &TableOptions) -> Result<Table, DataError> {
    let file = CsvFile::parse(path, text)?;
    let columns = Columns::of(&file, options)?;
    let mut cells = Vec::new();
    let mut times = columns
        .time
        .as_ref()
        .map(|column| Times::new(&file, column));
    let mut labels = (options.labels.as_ref())
        .map(|name| LabelColumn::new(&file, name))
        .transpose()?;
    let kept =
        |row: &[f64]| options.missing != Missing::Drop || !row.iter().any(|cell| cell.is_nan());
    for record in file.records() {
        let row = values(&file, &record, &columns.series, options.missing)?;
        if kept(&row) {
            cells.extend(row);
            if let Some(labels) = &mut labels {
                labels.push(&record)?;
            }
            if let Some(times) = &mut times {
                times.push(record)?;
            }
        }
    }
    if cells.is_empty() {
        return Err(DataError::SeriesTooShort {
            length: 0,
            needed: 1,
            why: format!("{} has no row of data with all values", path.display()),
        });
    }
    file.check_decimal_marks(&columns.series)?;
    let mut notices = columns.notices;
    let times = times.map(Times::finish);
    let mut kept_rows = file.records().filter(|record| {
        let row = values(&file, record, &columns.series, options.missing);
        row.is_ok_and(|row| kept(&row))
    });
    let line = |row| kept_rows.nth(row).map_or(0, |record| file.line(&record));
    notices.extend(times.as_deref().and_then(|times| gaps(times, line)));
    let names = columns
        .series
        .iter()
        .map(|&column| file.header[column].to_string());
    let table = Table::with_gaps(names.collect(), cells, times)?.with_notices(notices);
    match labels {
        Some(labels) => table.with_labels(labels.finish()),
        None => Ok(table),
    }
}

/// The values of a row; NaN where one is missing and may be.
fn values(
    file: &CsvFile<'_>,
    record: &StringRecord,
    columns: &[usize],
    missing: Missing,
) -> Result<Vec<f64>, DataError> {
    let value = |&column: &usize| match file.form.finite(&record[column]) {
        None if !is_missing(&record[column]) => Err(file.not_a_number(record, column)),
        None if missing == Missing::Refuse => Err(file.missing_value(record, column)),
        value => Ok(value.unwrap_or(f64::NAN)),
    };
    columns.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ScalerKind, Scalers, following};
    use proptest::prelude::*;

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
    fn what_pandas_writes_is_read() {
        let text = "\u{feff},date,a,b,\r\n0,2020-01-01 00:00:00+00:00,1.5,\"2\",\r\n1,2020-01-01 01:00:00+00:00,NaN,3,\r\n2,2020-01-01 02:00:00+00:00,2.5,<NA>,\r\n";
        let table = read(text, with(Missing::Interpolate)).unwrap();
        assert_eq!(table.names(), ["a", "b"]);
        assert_eq!(table.values(), [1.5, 2.0, 2.0, 3.0, 2.5, 3.0]);
        assert_eq!(
            table.times().unwrap()[2].to_string(),
            "2020-01-01 02:00:00+00:00"
        );
        assert_eq!(
            table.notices(),
            ["column 1 has no name and counts the rows: it is left out"]
        );
        // One column of decimal commas, and one of tabs.
        assert_eq!(
            read("a\n1,5\n-2,25\n", TableOptions::default())
                .unwrap()
                .values(),
            [1.5, -2.25]
        );
        assert_eq!(
            read("a\tb\n1,5\t2\n", TableOptions::default())
                .unwrap()
                .values(),
            [1.5, 2.0]
        );
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        let rows: Vec<String> = (0..400)
            .map(|i| format!("{},{}", 1e9 + (f64::from(i) / 6.0).sin(), 16_777_217 + i))
            .collect();
        let table = read(
            &format!("a,b\n{}\n", rows.join("\n")),
            TableOptions::default(),
        )
        .unwrap();
        let scalers = Scalers::fit(ScalerKind::Standard, &table, 0..400).unwrap();
        let back = scalers.inverse(&scalers.transform(table.values()));
        for (i, row) in (0..400).zip(back.chunks(2)) {
            let sine = (f64::from(i) / 6.0).sin();
            assert!((row[0] - 1e9 - sine).abs() < 1e-6, "{}", row[0]);
            assert_eq!(
                table.values()[2 * i as usize + 1],
                f64::from(16_777_217 + i)
            );
        }
        let large = "a\n3e38\n-3e38\n".to_owned() + &"3e38\n-3e38\n".repeat(50);
        assert_eq!(
            read(&large, TableOptions::default()).unwrap().values()[1],
            -3e38
        );
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
                "line 3: the time 2020-01-01 is that of line 2, too",
            ),
            (
                "d,b,b\n2020-01-01,5,6\n",
                TableOptions::default(),
                "the columns 2 and 3 are both called `b`",
            ),
            (
                "d,b\n2020-01-02,5\n\n2020-01-01,5\n",
                named("b", None),
                "line 4: the time 2020-01-01 comes after a later one, 2020-01-02 on line 2",
            ),
            (
                "d,b\n2020-01-01T00:00Z,5\n2020-01-02T00:00,5\n",
                named("b", None),
                "line 3: the time 2020-01-02T00:00 and 2020-01-01T00:00Z on line 2 have not both an offset",
            ),
            (
                "d;b\n2020-01-01;5,5\n2020-01-02;1.234\n",
                named("b", None),
                "line 2: column `b` holds `5,5` with a decimal comma, and line 3 has `1.234` with a point",
            ),
            (
                "b\n\"1,234\"\n",
                named("b", None),
                "column `b` holds `1,234`, expected a finite number without anything between thousands",
            ),
            (
                "b;c\n1.234,5;2\n",
                named("b", None),
                "without anything between thousands",
            ),
            (
                "a,b\nx,\"1,234.5\"\n",
                TableOptions::default(),
                "column `b` holds `1,234.5`, expected a finite number without anything between thousands",
            ),
            (
                "a|b\n1|2\n",
                TableOptions::default(),
                "line 1: the header row `a|b` has no comma, semicolon or tab",
            ),
            (
                "a\n1,500\n",
                TableOptions::default(),
                "line 2: the row has 2 cells, expected 1 like the header row, where commas separate them",
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

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(
            header in prop::sample::select(vec!["a,b", "time,a", ";year", "d\ta"]),
            rows in prop::collection::vec("[0-9,;:\t\"'. NaTZQ/+-]{0,12}|[0-9]{4}[-/]?[0-9]{2}[,;][0-9.]{1,4}|[0-9]{4,12}[,;\t][0-9]", 0..12),
            missing in prop::sample::select(vec![Missing::Refuse, Missing::Drop, Missing::Interpolate]),
        ) {
            let text = format!("{header}\n{}", rows.join("\n"));
            if let Ok(table) = read(&text, with(missing)) {
                prop_assert!(table.rows() > 0 && table.values().iter().all(|value| value.is_finite()));
                let future = table.times().map_or(Vec::new(), |times| following(times, 3));
                prop_assert!(future.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", future);
            }
        }
    }
}
