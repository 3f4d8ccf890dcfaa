//! What to do where a value is missing.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::DataError;

/// What to do where a cell of a table has no value.
///
/// Written, parsed and serialized as `refuse`, `drop` and `interpolate`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// An error that names line and column; the default.
    #[default]
    Refuse,
    /// The row is left out, with its time.
    Drop,
    /// Linearly between the known values before and after it. The value after it is of the future; see
    /// [`Table::settled`](crate::Table::settled) for how it is kept out of windows.
    Interpolate,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Refuse => "refuse",
            Self::Drop => "drop",
            Self::Interpolate => "interpolate",
        })
    }
}

impl FromStr for Missing {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "drop" => Ok(Self::Drop),
            "interpolate" => Ok(Self::Interpolate),
            other => Err(DataError::invalid(
                "missing",
                format!("`{other}`"),
                "`refuse`, `drop` or `interpolate`",
            )),
        }
    }
}

type Gaps = Vec<(usize, Range<usize>)>;

/// Fills the values that are missing, which are NaN, and tells which rows of which series those are.
pub(super) fn interpolate(names: &[String], values: &mut [f64]) -> Result<Gaps, DataError> {
    let width = names.len();
    let rows = values.len() / width;
    let mut gaps = Gaps::new();
    for (series, name) in names.iter().enumerate() {
        let place = |row: usize| row * width + series;
        let mut row = 0;
        while row < rows {
            if !values[place(row)].is_nan() {
                row += 1;
                continue;
            }
            let end = (row..rows).find(|&row| !values[place(row)].is_nan());
            let after = end.map(|end| values[place(end)]);
            let before = row.checked_sub(1).map(|row| values[place(row)]);
            let end = end.unwrap_or(rows);
            let (first, last) = match (before, after) {
                (Some(before), Some(after)) => (before, after),
                (Some(only), None) | (None, Some(only)) => (only, only),
                (None, None) => {
                    return Err(DataError::SeriesTooShort {
                        length: 0,
                        needed: 1,
                        why: format!("column `{name}` has no value at all; leave it out"),
                    });
                }
            };
            let steps = (end - row + 1) as f64;
            for missing in row..end {
                let share = (missing - row + 1) as f64 / steps;
                values[place(missing)] = first * (1.0 - share) + last * share;
            }
            gaps.push((series, row..end));
            row = end;
        }
    }
    Ok(gaps)
}

/// For every row, and the end, whether no value before it is interpolated from one at it or later.
pub(super) fn settled(rows: usize, gaps: &Gaps) -> Vec<bool> {
    let mut settled = vec![true; rows + 1];
    for (_, gap) in gaps {
        // What is carried on to the end of the table comes from the past.
        if gap.end < rows {
            settled[gap.start + 1..=gap.end].fill(false);
        }
    }
    settled
}

#[cfg(test)]
mod tests {
    use crate::Table;

    fn table(cells: &[Option<f64>]) -> Table {
        Table::interpolated(vec!["a".into(), "b".into()], cells, None).unwrap()
    }

    #[test]
    fn gaps_are_filled_on_a_line_and_at_the_ends_level() {
        let a = [None, Some(1.0), None, None, Some(4.0), None];
        let cells: Vec<Option<f64>> = a.iter().flat_map(|&a| [a, Some(7.0)]).collect();
        let table = table(&cells);
        assert_eq!(table.column(0, 0..6), [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]);
        assert_eq!(table.column(1, 1..3), [7.0, 7.0]);
        assert_eq!(table.known(0, 1..6), [1.0, 4.0]);
        assert_eq!(table.filled(), 4);
        let settled: Vec<bool> = (0..=6).map(|row| table.settled(row)).collect();
        assert_eq!(settled, [true, false, true, false, false, true, true]);
    }

    #[test]
    fn a_series_without_values_is_refused() {
        let error = Table::interpolated(vec!["a".into()], &[None, None], None).unwrap_err();
        assert!(error.to_string().contains("`a`"), "{error}");
    }
}
