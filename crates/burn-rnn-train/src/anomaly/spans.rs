//! Stretches of a table of one length, as a data set.

use core::ops::Range;

use burn::data::dataset::{Dataset, DatasetError};
use burn_rnn_data::ScaledTable;

/// Some rows of a table, which it points into.
#[derive(Clone, Debug)]
pub struct Span {
    table: ScaledTable,
    rows: Range<usize>,
}

impl Span {
    /// The values of its rows, `[rows, channels]` in row-major order.
    pub fn values(&self) -> &[f32] {
        self.table.values(self.rows.clone())
    }
}

/// Spans of one length.
#[derive(Clone, Debug)]
pub(super) struct Spans {
    pub(super) table: ScaledTable,
    pub(super) length: usize,
    /// Their first rows.
    pub(super) starts: Vec<usize>,
}

impl Spans {
    /// Spans within `rows`, `step` rows apart, and the last one that fits; those that `labels` touch are left out.
    pub(super) fn within(
        table: &ScaledTable,
        rows: Range<usize>,
        length: usize,
        step: usize,
        labels: Option<&[bool]>,
    ) -> Self {
        let last = rows.end.checked_sub(length);
        let last = last.filter(|last| *last >= rows.start);
        let starts = last.into_iter().flat_map(|last| {
            let steps = (rows.start..last).step_by(step.max(1));
            steps.chain([last])
        });
        let usual = |start: &usize| {
            labels.is_none_or(|labels| !labels[*start..start + length].contains(&true))
        };
        Self {
            table: table.clone(),
            length,
            starts: starts.filter(usual).collect(),
        }
    }

    pub(super) fn span(&self, index: usize) -> Span {
        let start = self.starts[index];
        Span {
            table: self.table.clone(),
            rows: start..start + self.length,
        }
    }
}

impl Dataset<Span> for Spans {
    fn get(&self, index: usize) -> Result<Span, DatasetError> {
        Ok(self.span(index))
    }

    fn len(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use burn_rnn_data::{ScalerKind, Scalers, Table, TimeFeatures};

    use super::*;

    #[test]
    fn spans_reach_the_end_and_avoid_what_is_labelled() {
        let values = (0..12).map(f64::from).collect();
        let table = Table::new(vec!["a".to_owned()], values, None).unwrap();
        let scalers = Scalers::fit(ScalerKind::Standard, &table, 0..12).unwrap();
        let table = ScaledTable::new(&table, &scalers, TimeFeatures::None).unwrap();
        let starts = |rows, step, labels| Spans::within(&table, rows, 4, step, labels).starts;
        assert_eq!(starts(0..12, 3, None), [0, 3, 6, 8]);
        assert_eq!(starts(2..6, 3, None), [2]);
        assert!(starts(2..5, 3, None).is_empty());
        let mut labels = [false; 12];
        labels[7] = true;
        assert_eq!(starts(0..12, 1, Some(&labels)), [0, 1, 2, 3, 8]);
    }
}
