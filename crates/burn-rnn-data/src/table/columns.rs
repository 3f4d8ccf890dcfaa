//! Which columns of a file are series, and which one has the times.

use csv::StringRecord;

use super::{TableOptions, Timestamp};
use crate::DataError;
use crate::csv_file::CsvFile;
use crate::csv_form::has_thousands;

/// Which columns are what.
pub(super) struct Columns {
    pub series: Vec<usize>,
    pub time: Option<TimeColumn>,
    /// What was chosen and may surprise, a line each.
    pub notices: Vec<String>,
}

/// A column with times, and how they are written there.
pub(super) struct TimeColumn {
    pub column: usize,
    cells: TimeCells,
}

/// How a column writes times.
#[derive(Clone, Copy)]
enum TimeCells {
    /// As [`Timestamp::parse`] reads them.
    Text,
    /// As the numbers of years.
    Years,
    /// As days of eight digits.
    Compact,
    /// As whole numbers of so many nanoseconds since 1970.
    Epoch(i64),
}

impl TimeColumn {
    /// The time in a row.
    pub(super) fn parse(&self, record: &StringRecord) -> Option<Timestamp> {
        let cell = &record[self.column];
        match self.cells {
            TimeCells::Text => Timestamp::parse(cell),
            TimeCells::Years => Timestamp::of_year(cell),
            TimeCells::Compact => Timestamp::of_compact(cell),
            TimeCells::Epoch(unit) => Timestamp::of_epoch(cell, unit),
        }
    }
}

impl Columns {
    pub(super) fn of(file: &CsvFile<'_>, options: &TableOptions) -> Result<Self, DataError> {
        file.check_names()?;
        let time = match &options.time_column {
            Some(name) => {
                let column = file.find(name)?;
                let cells = times_in(file, column).unwrap_or(TimeCells::Text);
                Some(TimeColumn { column, cells })
            }
            None => find_times(file),
        };
        let mut notices = Vec::new();
        if time.is_none() {
            notices.extend(unread_dates(file));
        }
        let labels = options.labels.as_ref().map(|name| file.find(name));
        let labels = labels.transpose()?;
        let apart = [time.as_ref().map(|time| time.column), labels];
        let series = match options.columns.is_empty() {
            true => choose(file, apart, &mut notices)?,
            false => named(file, &options.columns, labels)?,
        };
        Ok(Self {
            series,
            time,
            notices,
        })
    }
}

/// The columns of these names, none of which has the labels.
fn named(
    file: &CsvFile<'_>,
    names: &[String],
    labels: Option<usize>,
) -> Result<Vec<usize>, DataError> {
    let columns: Vec<usize> = names
        .iter()
        .map(|name| file.find(name))
        .collect::<Result<_, _>>()?;
    let all: Vec<usize> = columns.iter().copied().chain(labels).collect();
    match (1..all.len()).find(|&at| all[..at].contains(&all[at])) {
        None => Ok(columns),
        Some(twice) => Err(file.malformed_header(format!(
            "column `{}` is asked for twice: name every column once",
            &file.header[all[twice]]
        ))),
    }
}

/// All columns that begin with a number, but for those `apart`, the times and the labels, and an index as pandas writes it.
fn choose(
    file: &CsvFile<'_>,
    apart: [Option<usize>; 2],
    notices: &mut Vec<String>,
) -> Result<Vec<usize>, DataError> {
    let mut series: Vec<usize> = (0..file.header.len())
        .filter(|&column| {
            !apart.contains(&Some(column)) && file.form.finite(file.first(column)).is_some()
        })
        .collect();
    let unread = unread_numbers(file);
    if series.is_empty() && file.records().next().is_some() {
        return Err(match unread {
            Some((row, column)) => file.not_a_number(row, column),
            None => file.no_numbers(),
        });
    }
    notices.extend(unread.map(|(row, column)| {
        format!(
            "column `{}` holds `{}`, which is not read as a number for what stands between its thousands: it is left out",
            &file.header[column],
            &row[column]
        )
    }));
    let index = |&column: &usize| is_unnamed(&file.header[column]) && counts(file, column);
    if let Some(place) = series.iter().position(index).filter(|_| series.len() > 1) {
        let column = series.remove(place);
        notices.push(format!(
            "column {} has no name and counts the rows: it is left out",
            column + 1
        ));
    }
    notices.extend(series.iter().filter_map(|&column| {
        let looks = looks_like_no_series(file, column)?;
        let name = match &file.header[column] {
            "" => (column + 1).to_string(),
            name => format!("`{name}`"),
        };
        Some(format!(
            "column {name} {looks} and is read as a series: if it is none, name the columns to read, or the time column"
        ))
    }));
    Ok(series)
}

/// The first column of dates or, where there is none, the first that says by its name and its numbers that
/// they are times.
fn find_times(file: &CsvFile<'_>) -> Option<TimeColumn> {
    let columns = || 0..file.header.len();
    if let Some(column) = columns().find(|&at| Timestamp::parse(file.first(at)).is_some()) {
        let cells = TimeCells::Text;
        return Some(TimeColumn { column, cells });
    }
    columns().find_map(|column| {
        let cells = times_in(file, column)?;
        let name = &file.header[column];
        let said = match cells {
            TimeCells::Years | TimeCells::Compact => is_named_like_a_time(name),
            _ => name
                .split(|separator: char| !separator.is_alphanumeric())
                .any(is_named_like_a_time),
        };
        said.then_some(TimeColumn { column, cells })
    })
}

/// What makes one think that a column is no series.
fn looks_like_no_series(file: &CsvFile<'_>, column: usize) -> Option<&'static str> {
    let name = &file.header[column];
    if counts(file, column) {
        return Some("counts the rows");
    }
    match times_in(file, column) {
        Some(TimeCells::Epoch(_)) => Some("looks like times since 1970"),
        _ if is_named_like_a_time(name) => Some("is named like a time"),
        _ => is_unnamed(name).then_some("has no name"),
    }
}

fn is_named_like_a_time(name: &str) -> bool {
    let names = [
        "time",
        "date",
        "datetime",
        "timestamp",
        "epoch",
        "unix",
        "year",
        "ts",
        "ds",
    ];
    names.contains(&name.to_lowercase().as_str())
}

/// How the cells of a column are times, if they are and always go on.
fn times_in(file: &CsvFile<'_>, column: usize) -> Option<TimeCells> {
    const NANOSECONDS_A_SECOND: i64 = 1_000_000_000;
    if Timestamp::parse(file.first(column)).is_some() {
        return Some(TimeCells::Text);
    }
    let numbers = ascending(file, column).filter(|numbers| numbers.len() > 1)?;
    let within = |low: i64, high: i64| numbers.iter().all(|number| (low..high).contains(number));
    if within(1500, 2500) {
        return Some(TimeCells::Years);
    }
    let mut rows = file.records();
    if rows.all(|record| Timestamp::of_compact(&record[column]).is_some()) {
        return Some(TimeCells::Compact);
    }
    // 1973 to 2286, in seconds, milliseconds, microseconds and nanoseconds.
    [1, 1_000, 1_000_000, 1_000_000_000]
        .into_iter()
        .find_map(|parts: i64| {
            let high = parts.saturating_mul(10_000_000_000);
            within(parts * 100_000_000, high)
                .then_some(TimeCells::Epoch(NANOSECONDS_A_SECOND / parts))
        })
}

/// Whether a column goes up by 1 from row to row.
fn counts(file: &CsvFile<'_>, column: usize) -> bool {
    ascending(file, column).is_some_and(|numbers| {
        numbers.len() > 2
            && numbers
                .windows(2)
                .all(|pair| pair[0].checked_add(1) == Some(pair[1]))
    })
}

/// The cells of a column, if all are whole numbers that go up from row to row.
fn ascending(file: &CsvFile<'_>, column: usize) -> Option<Vec<i64>> {
    // Most columns are told by their first cell, or by the first two rows.
    file.first(column).parse::<i64>().ok()?;
    let mut numbers = Vec::new();
    for record in file.records() {
        let number = record[column].parse().ok()?;
        if numbers.last().is_some_and(|last| number <= *last) {
            return None;
        }
        numbers.push(number);
    }
    Some(numbers)
}

/// Without a name, or with the one that pandas gives to a column that it reads without one.
fn is_unnamed(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: ")
}

/// The first cell of a column whose numbers are not read for what stands between their thousands.
fn unread_numbers<'a>(file: &'a CsvFile<'_>) -> Option<(&'a StringRecord, usize)> {
    (0..file.header.len()).find_map(|column| {
        let row = file.first_row(column)?;
        let unread = file.form.finite(&row[column]).is_none() && has_thousands(&row[column]);
        unread.then_some((row, column))
    })
}

/// That a column has dates, but none that are read.
fn unread_dates(file: &CsvFile<'_>) -> Option<String> {
    (0..file.header.len()).find_map(|column| {
        let cell = file.first(column);
        let date = cell.split([' ', 'T', ',']).next()?;
        let parts: Vec<&str> = date.split(['.', '/', '-']).collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let is_date = digits && matches!(lengths[..], [1 | 2, 1 | 2, 2 | 4] | [4, 1 | 2, 1 | 2]);
        is_date.then(|| {
            format!(
                "column `{}` holds `{cell}`, which is not read as a date (2016-07-01 is): the rows have no times",
                &file.header[column]
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The names of the series, that of the time column, and what is said.
    fn columns(text: &str) -> (String, Option<String>, String) {
        let file = CsvFile::parse(Path::new("a.csv"), text).unwrap();
        let columns = Columns::of(&file, &TableOptions::default()).unwrap();
        let name = |column: usize| file.header[column].to_owned();
        let series: Vec<String> = columns.series.iter().copied().map(name).collect();
        let time = columns.time.map(|time| name(time.column));
        (series.join(" "), time, columns.notices.join("; "))
    }

    #[test]
    fn times_are_dates_or_numbers_that_say_so() {
        for (text, series, time) in [
            ("a,date,b\n1,2020-01-01,2\n3,2020-01-02,4\n", "a b", "date"),
            ("when,a\n2020-01-01T00:00+01:00,2\n", "a", "when"),
            ("year,a\n1999,2\n2000,4\n2002,5\n", "a", "year"),
            ("Date,a\n20200131,2\n20200229,4\n", "a", "Date"),
            ("time,a\n1577836800,2\n1577840400,4\n", "a", "time"),
            (
                "a,unix_ms (epoch)\n2,1577836800000\n4,1577840400000\n",
                "a",
                "unix_ms (epoch)",
            ),
            (
                "timestamp;a\n1577836800000000000;2\n1577840400000000000;4\n",
                "a",
                "timestamp",
            ),
        ] {
            let expected = (series.to_owned(), Some(time.to_owned()), String::new());
            assert_eq!(columns(text), expected, "{text}");
        }
    }

    #[test]
    fn what_may_be_no_series_is_said() {
        for (text, series, said) in [
            // As pandas writes a table, and as it writes it again after reading it.
            (
                ",a\n0,5\n1,7\n2,6\n",
                "a",
                "column 1 has no name and counts the rows: it is left out",
            ),
            ("Unnamed: 0,a\n0,5\n1,7\n2,6\n", "a", "column 1 has no name"),
            (
                "t,a\n3,5\n4,7\n5,6\n",
                "t a",
                "column `t` counts the rows and is read as a series",
            ),
            (
                "a,\n5,1\n7,9\n",
                "a ",
                "column 2 has no name and is read as a series",
            ),
            (
                "a,b\n5,1577836800\n7,1577840400\n",
                "a b",
                "column `b` looks like times since 1970",
            ),
            (
                "year,a\n1999,2\n1999,4\n",
                "year a",
                "column `year` is named like a time",
            ),
            (
                "p;a\n1.234,5;2\n",
                "a",
                "column `p` holds `1.234,5`, which is not read as a number",
            ),
            (
                "Datum;a\n1.7.2016;2,5\n",
                "a",
                "column `Datum` holds `1.7.2016`, which is not read as a date",
            ),
            (
                "d,a\n07/01/2016 12:30 PM,2\n",
                "a",
                "column `d` holds `07/01/2016 12:30 PM`",
            ),
        ] {
            let (found, time, notices) = columns(text);
            assert_eq!((found.as_str(), time), (series, None), "{text}");
            assert!(notices.starts_with(said), "{text}: {notices}");
        }
        // A trailing delimiter makes an empty column.
        assert_eq!(
            columns("a,b,\n1,2,\n3,3,\n"),
            ("a b".into(), None, String::new())
        );
        for quiet in ["a\n1510\n1530\n", "a,b\n1.234,2\n", "a;b\n1,234;2\n"] {
            assert_eq!(columns(quiet).2, "", "{quiet}");
        }
    }

    #[test]
    fn columns_by_name_are_taken_without_a_word() {
        let text = ",year,a\n0,1999,5\n1,1999,7\n2,2000,6\n";
        let file = CsvFile::parse(Path::new("a.csv"), text).unwrap();
        let options = TableOptions {
            columns: vec!["year".into(), String::new()],
            ..TableOptions::default()
        };
        let columns = Columns::of(&file, &options).unwrap();
        assert_eq!((columns.series, columns.notices.len()), (vec![1, 0], 0));
    }
}
