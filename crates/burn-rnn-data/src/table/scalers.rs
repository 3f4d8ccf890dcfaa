//! A scaler for each series of a table.

use core::ops::Range;

use serde::{Deserialize, Serialize};

use super::Table;
use crate::{DataError, Scaler, ScalerKind};

/// One [`Scaler`] a series, in the order of the table's series; kept with a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scalers(Vec<Scaler>);

impl Scalers {
    /// Takes each series' statistics in `rows`, the training part. Interpolated values do not count:
    /// what they were interpolated from may be later.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where the table has no such rows, [`DataError::SeriesTooShort`]
    /// where a series has no value in them, [`DataError::Unscalable`] where one cannot be scaled.
    pub fn fit(kind: ScalerKind, table: &Table, rows: Range<usize>) -> Result<Self, DataError> {
        if rows.start > rows.end || rows.end > table.rows() {
            let expected = format!("a range inside 0..{}", table.rows());
            return Err(DataError::invalid("rows", format!("{rows:?}"), expected));
        }
        (0..table.series())
            .map(|series| {
                let values = table.known(series, rows.clone());
                Scaler::fit(kind, &values).map_err(|error| match error {
                    DataError::Unscalable { .. } => table.unscalable(series),
                    other => other,
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The scaler of each series.
    pub fn series(&self) -> &[Scaler] {
        &self.0
    }

    /// Values `[rows, series]` in row-major order, scaled.
    ///
    /// # Panics
    ///
    /// Where the number of values is no multiple of the number of series.
    pub fn transform(&self, values: &[f64]) -> Vec<f32> {
        self.each(values, |scaler, value| scaler.scale(value))
    }

    /// Scaled values `[rows, series]` in row-major order, back in units of their series.
    ///
    /// # Panics
    ///
    /// Where the number of values is no multiple of the number of series.
    pub fn inverse(&self, scaled: &[f32]) -> Vec<f64> {
        self.each(scaled, Scaler::unscale)
    }

    fn each<V: Copy, W>(&self, values: &[V], of: impl Fn(&Scaler, V) -> W) -> Vec<W> {
        assert!(
            values.len().is_multiple_of(self.0.len()),
            "{} values, expected a multiple of {} series",
            values.len(),
            self.0.len()
        );
        let scalers = self.0.iter().cycle();
        values
            .iter()
            .zip(scalers)
            .map(|(&value, scaler)| of(scaler, value))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_has_its_own_statistics_of_the_rows_alone() {
        let names = vec!["a".to_owned(), "b".to_owned()];
        let values = vec![0.0, 10.0, 2.0, 30.0, 99.0, 999.0];
        let table = Table::new(names, values, None).unwrap();
        let scalers = Scalers::fit(ScalerKind::MinMax, &table, 0..2).unwrap();
        let scaled = scalers.transform(table.values());
        assert_eq!(scaled, [0.0, 0.0, 1.0, 1.0, 49.5, 49.45]);
        assert_eq!(scalers.inverse(&scaled[..4]), [0.0, 10.0, 2.0, 30.0]);
        let large = vec![0.0, 1.0, 0.5, 1e300, 1.0, -1e300];
        let table = Table::new(vec!["a".into(), "b".into()], large, None).unwrap();
        let error = Scalers::fit(ScalerKind::Standard, &table, 0..3).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("column `b` goes from -1e300 to 1e300"),
            "{error}"
        );
        let json = serde_json::to_string(&scalers).unwrap();
        assert_eq!(serde_json::from_str::<Scalers>(&json).unwrap(), scalers);
    }
}
