//! What needs no model: how far each value is from the one a season before, or from the mean.

use burn_rnn_data::Table;

use super::scores::Errors;

/// The errors of the seasonal naive forecast, less their mean over the rows `usual`; without a season how far values are
/// from their mean there. As a model's errors they become z-scores when they are divided by the usual one.
pub(super) fn errors(table: &Table, season: Option<usize>, usual: &[usize]) -> Errors {
    let (rows, channels) = (table.rows(), table.series());
    let first = season.unwrap_or(0).min(rows);
    let values = table.values();
    let mut errors = vec![0.0; values.len()];
    for place in first * channels..values.len() {
        errors[place] = match season {
            Some(season) => values[place] - values[place - season * channels],
            None => values[place],
        };
    }
    for channel in 0..channels {
        let counted = usual.iter().filter(|row| **row >= first);
        let counted = counted.map(|row| errors[row * channels + channel]);
        let mean = counted.clone().sum::<f64>() / counted.count().max(1) as f64;
        for error in errors
            .iter_mut()
            .skip(first * channels + channel)
            .step_by(channels)
        {
            *error = (*error - mean).abs();
        }
    }
    Errors::new(channels, first, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_is_taken_off_and_so_is_the_mean() {
        let values = vec![1.0, 5.0, 2.0, 6.0, 9.0, 7.0];
        let table = Table::new(vec!["a".to_owned()], values, None).unwrap();
        // Differences over two rows: 1, 1, 7, 1; their mean over the first two is 1.
        let seasonal = errors(&table, Some(2), &[0, 2, 3]);
        assert_eq!(
            seasonal,
            Errors::new(1, 2, vec![0.0, 0.0, 0.0, 0.0, 6.0, 0.0])
        );
        let plain = errors(&table, None, &[0, 1]);
        assert_eq!(plain, Errors::new(1, 0, vec![2.0, 2.0, 1.0, 3.0, 6.0, 4.0]));
        // A season longer than the table says nothing of any row.
        let none = errors(&table, Some(9), &[0]);
        assert_eq!(none, Errors::new(1, 6, vec![0.0; 6]));
    }
}
