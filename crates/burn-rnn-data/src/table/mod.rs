//! Tables of several series: read, filled, scaled, split, cut into windows, batched.

mod batch;
mod columns;
mod file;
mod labels;
#[cfg(test)]
mod leakage;
mod missing;
mod scalers;
mod split_rule;
mod step;
mod time_features;
mod time_form;
mod times;
mod timestamp;
mod windows;

pub use batch::{TableBatch, TableBatcher};
pub use file::{TableOptions, parse_table, read_table};
pub use missing::Missing;
pub use scalers::Scalers;
pub use split_rule::{SplitRule, SplitUnit};
pub use step::following;
pub use time_features::TimeFeatures;
pub use timestamp::Timestamp;
pub use windows::{ScaledTable, TableWindow, TableWindows};

use core::hash::{Hash, Hasher};
use core::ops::Range;

use crate::DataError;

fn finite(mut values: impl Iterator<Item = f64>) -> Result<(), DataError> {
    match values.find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(bad) => Err(DataError::invalid("values", bad, "finite numbers only")),
    }
}

/// Several series over the same time steps, a row a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    names: Vec<String>,
    /// `[rows, series]` in row-major order.
    values: Vec<f64>,
    times: Option<Vec<Timestamp>>,
    /// Which rows of which series were interpolated.
    gaps: Vec<(usize, Range<usize>)>,
    settled: Vec<bool>,
    notices: Vec<String>,
    labels: Option<Vec<bool>>,
}

impl Hash for Table {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.names, &self.times, &self.labels).hash(state);
        for value in &self.values {
            // Equal numbers, of which −0 and 0 are two, have one hash.
            (value + 0.0).to_bits().hash(state);
        }
    }
}

impl Table {
    /// A table of `names.len()` series; `values` are `[rows, series]` in row-major order. The times, if
    /// there are any, are one a row and do not go back.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where there is no series, the numbers of values, names and times do
    /// not fit, a value is infinite or NaN, or the times go back.
    pub fn new(
        names: Vec<String>,
        values: Vec<f64>,
        times: Option<Vec<Timestamp>>,
    ) -> Result<Self, DataError> {
        finite(values.iter().copied())?;
        Self::with_gaps(names, values, times)
    }

    /// As [`new`](Self::new), with `None` where a value is missing: interpolated linearly between the
    /// known values before and after it in its series, by the number of rows. Before the first known
    /// value a series is as there, after the last as there.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`DataError::SeriesTooShort`] where a series has no known value.
    pub fn interpolated(
        names: Vec<String>,
        cells: &[Option<f64>],
        times: Option<Vec<Timestamp>>,
    ) -> Result<Self, DataError> {
        finite(cells.iter().flatten().copied())?;
        let cells = cells.iter().map(|cell| cell.unwrap_or(f64::NAN));
        Self::with_gaps(names, cells.collect(), times)
    }

    /// As [`interpolated`](Self::interpolated), with NaN where a value is missing, and nothing infinite.
    fn with_gaps(
        names: Vec<String>,
        cells: Vec<f64>,
        times: Option<Vec<Timestamp>>,
    ) -> Result<Self, DataError> {
        if names.is_empty() || !cells.len().is_multiple_of(names.len()) {
            return Err(DataError::invalid(
                "values",
                format!("{} of them", cells.len()),
                format!("a multiple of the {} series, at least 1", names.len()),
            ));
        }
        let rows = cells.len() / names.len();
        if let Some(times) = &times {
            if times.len() != rows {
                let expected = format!("one for each of {rows} rows");
                return Err(DataError::invalid("times", times.len(), expected));
            }
            if let Some(back) = times.windows(2).find(|pair| pair[1] < pair[0]) {
                let given = format!("{} after {}", back[1], back[0]);
                return Err(DataError::invalid(
                    "times",
                    given,
                    "times that do not go back",
                ));
            }
        }
        let mut values = cells;
        let gaps = missing::interpolate(&names, &mut values)?;
        Ok(Self {
            settled: missing::settled(rows, &gaps),
            names,
            values,
            times,
            gaps,
            notices: Vec::new(),
            labels: None,
        })
    }

    fn with_notices(mut self, notices: Vec<String>) -> Self {
        self.notices = notices;
        self
    }

    /// The table with a label for each row: whether it is an anomaly.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where there is not one for each row.
    pub fn with_labels(mut self, labels: Vec<bool>) -> Result<Self, DataError> {
        if labels.len() != self.rows() {
            let expected = format!("one for each of {} rows", self.rows());
            return Err(DataError::invalid("labels", labels.len(), expected));
        }
        self.labels = Some(labels);
        Ok(self)
    }

    /// Which rows are anomalies, where that is known.
    pub fn labels(&self) -> Option<&[bool]> {
        self.labels.as_deref()
    }

    /// The names of the series.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of series.
    pub fn series(&self) -> usize {
        self.names.len()
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.names.len()
    }

    /// All values, `[rows, series]` in row-major order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values of one series in `rows`.
    ///
    /// # Panics
    ///
    /// Where there is no such series or row.
    pub fn column(&self, series: usize, rows: Range<usize>) -> Vec<f64> {
        let width = self.series();
        assert!(
            series < width,
            "there are {width} series, not a number {series}"
        );
        self.values[rows.start * width..rows.end * width]
            .iter()
            .skip(series)
            .step_by(width)
            .copied()
            .collect()
    }

    /// The values of one series in `rows` that were there, without the interpolated ones.
    pub fn known(&self, series: usize, rows: Range<usize>) -> Vec<f64> {
        let mut values: Vec<Option<f64>> = self
            .column(series, rows.clone())
            .into_iter()
            .map(Some)
            .collect();
        let gaps = self.gaps.iter().filter(|(of, _)| *of == series);
        for row in gaps.flat_map(|(_, gap)| gap.clone()) {
            if rows.contains(&row) {
                values[row - rows.start] = None;
            }
        }
        values.into_iter().flatten().collect()
    }

    /// That a series cannot be scaled.
    fn unscalable(&self, series: usize) -> DataError {
        let values = self.values.iter().skip(series).step_by(self.series());
        DataError::unscalable(format!("column `{}`", self.names[series]), values.copied())
    }

    /// The number of interpolated values.
    pub fn filled(&self) -> usize {
        self.gaps.iter().map(|(_, rows)| rows.len()).sum()
    }

    /// What one should know of the file that it was read from, a line each: a column that may be no series, dates
    /// that were not read, gaps in the times.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The time of each row.
    pub fn times(&self) -> Option<&[Timestamp]> {
        self.times.as_deref()
    }

    /// Whether no value before `row` was interpolated from one at `row` or later: whether a forecast may
    /// start there without having seen the future.
    ///
    /// # Panics
    ///
    /// Where `row` is beyond the number of rows.
    pub fn settled(&self, row: usize) -> bool {
        self.settled[row]
    }
}
