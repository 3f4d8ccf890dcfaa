//! The times of a file's rows, and gaps in them.

use csv::StringRecord;

use super::Timestamp;
use super::columns::TimeColumn;
use super::step::Step;
use crate::DataError;
use crate::csv_file::CsvFile;

/// The times of rows, each after the one before.
pub(super) struct Times<'a> {
    file: &'a CsvFile<'a>,
    column: &'a TimeColumn,
    times: Vec<Timestamp>,
    /// The row of the last time.
    last: Option<StringRecord>,
}

impl<'a> Times<'a> {
    pub(super) fn new(file: &'a CsvFile<'a>, column: &'a TimeColumn) -> Self {
        Self {
            file,
            column,
            times: Vec::new(),
            last: None,
        }
    }

    pub(super) fn finish(self) -> Vec<Timestamp> {
        self.times
    }

    /// The time of the next row.
    pub(super) fn push(&mut self, record: StringRecord) -> Result<(), DataError> {
        let (file, column) = (self.file, self.column);
        let time = column.parse(&record).ok_or_else(|| {
            file.malformed(&record, format!(
                "column `{}` holds `{}`, expected a date such as 2016-07-01, 2016-07-01 14:30 or 2016-07-01T14:30:00+02:00: correct it, or name another time column",
                &file.header[column.column],
                &record[column.column]
            ))
        })?;
        if let (Some(last), Some(row)) = (self.times.last(), &self.last) {
            let before = || file.line(row);
            let wrong = if time.is_instant() != last.is_instant() {
                Some(format!(
                    "the time {time} and {last} on line {} have not both an offset: give all times one, or none",
                    before()
                ))
            } else if time == *last {
                Some(format!(
                    "the time {time} is that of line {}, too: keep one of the rows, or name another time column",
                    before()
                ))
            } else if time < *last {
                Some(format!(
                    "the time {time} comes after a later one, {last} on line {}: sort the rows by time",
                    before()
                ))
            } else {
                None
            };
            if let Some(wrong) = wrong {
                return Err(file.malformed(&record, wrong));
            }
        }
        self.times.push(time);
        self.last = Some(record);
        Ok(())
    }
}

/// Where the most steps are missing between two rows, and in how many places some are. `line` tells where a row stands.
pub(super) fn gaps(times: &[Timestamp], line: impl FnOnce(usize) -> u64) -> Option<String> {
    let step = Step::of(times)?;
    let missing = |row: usize| step.count(&times[row - 1], &times[row]) - 1;
    let gaps = || {
        (1..times.len())
            .map(|row| (missing(row), row))
            .filter(|gap| gap.0 > 0)
    };
    let (most, row) = gaps().max_by_key(|&(missing, row)| (missing, usize::MAX - row))?;
    let steps = |count: i64| match count {
        1 => "1 step is".to_owned(),
        count => format!("{count} steps are"),
    };
    let places = gaps().count();
    let all = match places {
        1 => String::new(),
        _ => {
            let sum = gaps().map(|gap| gap.0).sum();
            format!(" ({} missing in {places} places)", steps(sum))
        }
    };
    Some(format!(
        "line {}: {} missing between {} and {}{all}: rows are read as if they followed one another",
        line(row),
        steps(most),
        times[row - 1],
        times[row]
    ))
}

#[cfg(test)]
mod tests {
    use crate::{TableOptions, read_table};

    #[test]
    fn gaps_in_the_times_are_said() {
        let said = |times: &[&str]| {
            let rows: Vec<String> = times.iter().map(|time| format!("{time},5\n")).collect();
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), format!("d,a\n{}", rows.concat())).unwrap();
            let table = read_table(file.path(), &TableOptions::default()).unwrap();
            table.notices().join("; ")
        };
        assert_eq!(
            said(&[
                "2020-01-01 00:00",
                "2020-01-01 01:00",
                "2020-01-01 02:00",
                "2020-01-03 15:00"
            ]),
            "line 5: 60 steps are missing between 2020-01-01 02:00 and 2020-01-03 15:00: rows are read as if they followed one another"
        );
        assert_eq!(
            said(&[
                "2020-01", "2020-02", "2020-04", "2020-05", "2020-06", "2020-09"
            ]),
            "line 7: 2 steps are missing between 2020-06 and 2020-09 (3 steps are missing in 2 places): rows are read as if they followed one another"
        );
        // A weekend, a change of the clocks, and months of unequal lengths.
        for times in [
            ["2020-02-27", "2020-02-28", "2020-03-02", "2020-03-03"],
            [
                "2020-03-29T00:00+01:00",
                "2020-03-29T01:00+01:00",
                "2020-03-29T03:00+02:00",
                "2020-03-29T04:00+02:00",
            ],
            ["2019-12-31", "2020-01-31", "2020-02-29", "2020-03-31"],
        ] {
            assert_eq!(said(&times), "");
        }
    }
}
