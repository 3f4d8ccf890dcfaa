//! Windows over all series of a table, as a data set.

use core::ops::{Range, RangeInclusive};
use std::sync::Arc;

use burn::data::dataset::{Dataset, DatasetError};

use super::{Scalers, Table, TimeFeatures};
use crate::DataError;

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
/// The *targets* lie entirely inside a given range of the rows; a window may reach back before that range, because by
/// the time of the forecast those values are the known past. Cut windows with the training range as target range, and no
/// pair sees a later value; cut them with the test range, and the first test row has a full window already.
///
/// A pair is left out where a value of its window was interpolated from one after the window,
/// or a value of its target from one after the target: no pair sees anything later than itself.
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
    /// [`DataError::InvalidArgument`] where `window` or `horizon` is 0 or `targets` is no range of the rows;
    /// [`DataError::SeriesTooShort`] where not one pair fits.
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

    /// The time features of the known rows, `[window, features]` in row-major order.
    pub fn input_times(&self) -> &[f32] {
        self.table.times(self.start - self.window..self.start)
    }
}

/// Where targets can start that lie in `targets` and follow a whole window, among `len` rows.
fn target_starts(
    len: usize,
    targets: Range<usize>,
    window: usize,
    horizon: usize,
) -> Result<RangeInclusive<usize>, DataError> {
    for (name, value) in [("window", window), ("horizon", horizon)] {
        if value == 0 {
            return Err(DataError::invalid(name, 0, "at least 1"));
        }
    }
    if targets.start > targets.end || targets.end > len {
        return Err(DataError::invalid(
            "targets",
            format!("{targets:?}"),
            format!("a range inside 0..{len}"),
        ));
    }
    let first = targets.start.max(window);
    let end = first.saturating_add(horizon);
    if end > targets.end {
        return Err(DataError::SeriesTooShort {
            length: targets.end,
            needed: end,
            why: format!(
                "the part {targets:?} of the {len} rows ends there, and a window of {window} and a horizon of {horizon} do not fit; use a shorter window or horizon, or a longer part"
            ),
        });
    }
    Ok(first..=targets.end - horizon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScalerKind;
    use proptest::prelude::*;

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
    #[test]
    #[allow(clippy::reversed_empty_ranges)]
    fn arguments_without_sense_are_named() {
        for (result, name) in [
            (target_starts(10, 0..10, 0, 1), "window"),
            (target_starts(10, 0..10, 1, 0), "horizon"),
            (target_starts(10, 0..11, 1, 1), "targets"),
            (target_starts(10, 9..3, 1, 1), "targets"),
            (
                target_starts(10, 0..10, 4, usize::MAX),
                "the series has 10 values",
            ),
        ] {
            let error = result.unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    proptest! {
        #[test]
        fn targets_start_where_a_window_is_before_them_and_they_end_in_their_range(
            len in 1usize..80,
            bounds in (0usize..80, 0usize..80),
            window in 1usize..12,
            horizon in 1usize..12,
        ) {
            let targets = bounds.0.min(bounds.1).min(len)..bounds.0.max(bounds.1).min(len);
            let fits = |start: &usize| *start >= window && start + horizon <= targets.end;
            let possible: Vec<usize> = targets.clone().filter(fits).collect();
            let starts = target_starts(len, targets, window, horizon);
            prop_assert_eq!(starts.map_or(Vec::new(), Iterator::collect), possible);
        }
    }
}
