//! Windows over all series of a table, as a data set.

use core::ops::Range;
use std::sync::Arc;

use burn::data::dataset::{Dataset, DatasetError};

use super::{Scalers, Table, TimeFeatures};
use crate::DataError;
use crate::windows::target_starts;

/// A table as a network sees it: scaled values and time features. Clones share the values.
#[derive(Debug, Clone)]
pub struct ScaledTable(Arc<Contents>);

#[derive(Debug)]
struct Contents {
    series: usize,
    /// `[rows, series]` in row-major order.
    values: Vec<f32>,
    time_features: usize,
    /// `[rows, time_features]` in row-major order.
    times: Vec<f32>,
    settled: Vec<bool>,
}

impl ScaledTable {
    /// Scales a table.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where time features are asked for and the table has no times, or
    /// the scalers are for another number of series; [`DataError::Unscalable`] where a value is too far from
    /// those that the scalers know.
    pub fn new(
        table: &Table,
        scalers: &Scalers,
        features: TimeFeatures,
    ) -> Result<Self, DataError> {
        if scalers.series().len() != table.series() {
            let expected = format!("one for each of {} series", table.series());
            return Err(DataError::invalid(
                "scalers",
                scalers.series().len(),
                expected,
            ));
        }
        let times = match (table.times(), features) {
            (_, TimeFeatures::None) => Vec::new(),
            (Some(times), features) => features.of(times),
            (None, features) => {
                return Err(DataError::invalid(
                    "time features",
                    format!("`{features}`, but the table has no time column"),
                    "`none`, or a table with dates",
                ));
            }
        };
        let values = scalers.transform(table.values());
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(table.unscalable(place % table.series()));
        }
        Ok(Self(Arc::new(Contents {
            series: table.series(),
            values,
            time_features: features.count(),
            times,
            settled: (0..=table.rows()).map(|row| table.settled(row)).collect(),
        })))
    }

    /// The number of series.
    pub fn series(&self) -> usize {
        self.0.series
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.0.values.len() / self.0.series
    }

    /// The scaled values of `rows`, `[rows, series]` in row-major order.
    pub fn values(&self, rows: Range<usize>) -> &[f32] {
        &self.0.values[rows.start * self.0.series..rows.end * self.0.series]
    }

    /// The number of time features of a row.
    pub fn time_features(&self) -> usize {
        self.0.time_features
    }

    /// The time features of `rows`, `[rows, features]` in row-major order.
    pub fn times(&self, rows: Range<usize>) -> &[f32] {
        let count = self.0.time_features;
        &self.0.times[rows.start * count..rows.end * count]
    }
}

/// Pairs of `window` known rows and the `horizon` rows that follow, over all series: a data set whose
/// items point into the table.
///
/// As with [`Windows`](crate::Windows) the targets lie in a given range, and a window may reach back
/// before it. A pair is left out where a value of its window was interpolated from one after the window,
/// or a value of its target from one after the target: no pair sees anything later than itself.
///
/// Three kinds of targets are in a pair: with a horizon of 1 the next step, with a longer one several
/// steps at once, and with [`decoder_input`](TableWindow::decoder_input) beside it, the target shifted by
/// a step, a sequence for a decoder.
#[derive(Debug, Clone)]
pub struct TableWindows {
    table: ScaledTable,
    window: usize,
    horizon: usize,
    /// The rows at which targets start.
    starts: Vec<usize>,
}

impl TableWindows {
    /// Windows whose targets lie in `targets`, one for every possible start.
    ///
    /// # Errors
    ///
    /// As [`Windows::new`](crate::Windows::new).
    pub fn new(
        table: &ScaledTable,
        targets: Range<usize>,
        window: usize,
        horizon: usize,
    ) -> Result<Self, DataError> {
        let settled = &table.0.settled;
        let starts: Vec<usize> = target_starts(table.rows(), targets.clone(), window, horizon)?
            .filter(|&start| settled[start] && settled[start + horizon])
            .collect();
        if starts.is_empty() {
            return Err(DataError::SeriesTooShort {
                length: targets.len(),
                needed: targets.len(),
                why: format!(
                    "every window with targets in {targets:?} touches interpolated values; drop the rows with missing values, or choose other columns"
                ),
            });
        }
        Ok(Self {
            table: table.clone(),
            window,
            horizon,
            starts,
        })
    }

    /// Keeps every `stride`th pair only.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] for 0.
    pub fn with_stride(mut self, stride: usize) -> Result<Self, DataError> {
        if stride == 0 {
            return Err(DataError::invalid("stride", 0, "at least 1"));
        }
        self.starts = self.starts.into_iter().step_by(stride).collect();
        Ok(self)
    }

    /// The rows at which the targets start, oldest first; at least one.
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// Pair `i`.
    ///
    /// # Panics
    ///
    /// Where there is no pair `i`.
    pub fn window(&self, i: usize) -> TableWindow {
        TableWindow {
            table: self.table.clone(),
            start: self.starts[i],
            window: self.window,
            horizon: self.horizon,
        }
    }
}

impl Dataset<TableWindow> for TableWindows {
    fn get(&self, index: usize) -> Result<TableWindow, DatasetError> {
        Ok(self.window(index))
    }

    fn len(&self) -> usize {
        self.starts.len()
    }
}

/// A window of a table and what follows it; it holds no values, only where they are.
#[derive(Debug, Clone)]
pub struct TableWindow {
    table: ScaledTable,
    start: usize,
    window: usize,
    horizon: usize,
}

impl TableWindow {
    /// The last `window` rows of a table, with nothing after them: what the future is forecast from.
    ///
    /// # Errors
    ///
    /// [`DataError::SeriesTooShort`] where there are fewer rows.
    pub fn last(table: &ScaledTable, window: usize) -> Result<Self, DataError> {
        let rows = table.rows();
        if rows < window {
            return Err(DataError::SeriesTooShort {
                length: rows,
                needed: window,
                why: "the forecast is made from that many; give more rows".to_owned(),
            });
        }
        Ok(Self {
            table: table.clone(),
            start: rows,
            window,
            horizon: 0,
        })
    }

    /// The table that it points into.
    pub fn table(&self) -> &ScaledTable {
        &self.table
    }

    /// The row at which the target starts and the window ends.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The known rows, `[window, series]` in row-major order.
    pub fn input(&self) -> &[f32] {
        self.table.values(self.start - self.window..self.start)
    }

    /// The rows to forecast, `[horizon, series]` in row-major order.
    pub fn target(&self) -> &[f32] {
        self.table.values(self.start..self.start + self.horizon)
    }

    /// The row before each row of the target, of its shape: what a decoder reads with teacher forcing.
    pub fn decoder_input(&self) -> &[f32] {
        self.table
            .values(self.start - 1..self.start + self.horizon - 1)
    }

    /// The time features of the known rows, `[window, features]` in row-major order.
    pub fn input_times(&self) -> &[f32] {
        self.table.times(self.start - self.window..self.start)
    }

    /// The time features of the rows to forecast, which are known before, `[horizon, features]`.
    pub fn target_times(&self) -> &[f32] {
        self.table.times(self.start..self.start + self.horizon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScalerKind;

    /// Row `t` of series `s` is `10 t + s`, scaled by nothing but a shift to 0 and a known range.
    fn table(rows: usize) -> (Table, ScaledTable) {
        let values = (0..rows)
            .flat_map(|t| [10.0 * t as f64, 10.0 * t as f64 + 1.0])
            .collect();
        let table = Table::new(vec!["a".into(), "b".into()], values, None).unwrap();
        let scalers = Scalers::fit(ScalerKind::MinMax, &table, 0..2).unwrap();
        let scaled = ScaledTable::new(&table, &scalers, TimeFeatures::None).unwrap();
        (table, scaled)
    }

    #[test]
    fn a_pair_is_three_views_of_the_rows() {
        let (_, scaled) = table(8);
        let windows = TableWindows::new(&scaled, 4..8, 3, 2).unwrap();
        assert_eq!(windows.starts(), [4, 5, 6]);
        let pair = windows.get(0).unwrap();
        assert_eq!(pair.input(), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(pair.target(), [4.0, 4.0, 5.0, 5.0]);
        assert_eq!(pair.decoder_input(), [3.0, 3.0, 4.0, 4.0]);
        let strided = windows.with_stride(2).unwrap();
        assert_eq!(strided.starts(), [4, 6]);
        assert!(strided.with_stride(0).is_err());
        let last = TableWindow::last(&scaled, 2).unwrap();
        assert_eq!(last.input(), [6.0, 6.0, 7.0, 7.0]);
        assert!(last.target().is_empty());
        assert!(TableWindow::last(&scaled, 9).is_err());
    }

    #[test]
    fn values_beyond_what_the_scalers_know_are_refused_where_they_do_not_fit() {
        let table = |last: f64| {
            let names = vec!["a".into(), "b".into()];
            Table::new(names, vec![0.0, 1.0, 1e-3, 1.0, 0.0, last], None).unwrap()
        };
        let scalers = Scalers::fit(ScalerKind::Standard, &table(1.0), 0..3).unwrap();
        ScaledTable::new(&table(3.4e38), &scalers, TimeFeatures::None).unwrap();
        let error = ScaledTable::new(&table(3.5e38), &scalers, TimeFeatures::None).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("column `b` goes from 1e0 to 3.5e38"),
            "{error}"
        );
    }

    #[test]
    fn time_features_without_times_are_refused() {
        let (table, _) = table(4);
        let scalers = Scalers::fit(ScalerKind::Standard, &table, 0..4).unwrap();
        let error = ScaledTable::new(&table, &scalers, TimeFeatures::Cyclic).unwrap_err();
        assert!(error.to_string().contains("no time column"), "{error}");
    }
}
