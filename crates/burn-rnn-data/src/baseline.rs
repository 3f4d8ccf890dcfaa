//! Forecasts that need no model, and how far off they are.

use crate::DataError;

/// The last known value, repeated `horizon` times.
///
/// # Panics
///
/// Where `history` is empty and `horizon` is not 0.
pub fn naive<T: Copy>(history: &[T], horizon: usize) -> Vec<T> {
    if horizon == 0 {
        return Vec::new();
    }
    let last = history
        .last()
        .expect("a naive forecast repeats the last value, but the history is empty");
    vec![*last; horizon]
}

/// The last `season` known values, repeated in order until there are `horizon`.
///
/// # Errors
///
/// [`DataError::InvalidArgument`] where `season` is 0, [`DataError::SeriesTooShort`] where the
/// history is shorter than one season.
pub fn seasonal_naive<T: Copy>(
    history: &[T],
    season: usize,
    horizon: usize,
) -> Result<Vec<T>, DataError> {
    if season == 0 {
        return Err(DataError::invalid("season", 0, "at least 1"));
    }
    let Some(start) = history.len().checked_sub(season) else {
        return Err(DataError::SeriesTooShort {
            length: history.len(),
            needed: season,
            why: "a seasonal naive forecast repeats one whole season; give a longer history or a shorter season".into(),
        });
    };
    Ok(history[start..]
        .iter()
        .copied()
        .cycle()
        .take(horizon)
        .collect())
}

/// The mean absolute error that the seasonal naive forecast makes one season ahead everywhere in a history; the
/// plain naive forecast's where `season` is 1. A mean absolute error divided by it can be
/// compared between series (the mean absolute scaled error, Hyndman & Koehler 2006).
///
/// `None` where there is nothing to divide by: the history is no longer than a season, or repeats it exactly.
pub fn naive_error(history: &[f64], season: usize) -> Option<f64> {
    let later = history.get(season..).filter(|later| !later.is_empty())?;
    let errors = history
        .iter()
        .zip(later)
        .map(|(now, then)| (now - then).abs());
    let error = errors.sum::<f64>() / later.len() as f64;
    (error > 0.0).then_some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naive_repeats_the_last_value() {
        assert_eq!(naive(&[1.0, 2.0], 3), [2.0, 2.0, 2.0]);
        assert!(naive::<f64>(&[], 0).is_empty());
    }

    #[test]
    #[should_panic(expected = "the history is empty")]
    fn naive_needs_a_value() {
        naive::<f64>(&[], 1);
    }

    #[test]
    fn seasonal_naive_repeats_the_last_season() {
        let history = [9.0, 1.0, 2.0, 3.0];
        assert_eq!(
            seasonal_naive(&history, 3, 5).unwrap(),
            [1.0, 2.0, 3.0, 1.0, 2.0]
        );
        assert_eq!(seasonal_naive(&history, 4, 1).unwrap(), [9.0]);
        let error = seasonal_naive(&history, 5, 1).unwrap_err();
        assert!(
            matches!(
                error,
                DataError::SeriesTooShort {
                    length: 4,
                    needed: 5,
                    ..
                }
            ),
            "{error}"
        );
        assert!(seasonal_naive(&history, 0, 1).is_err());
    }

    #[test]
    fn the_naive_error_has_its_textbook_value() {
        let history = [1.0, 3.0, 2.0, 4.0];
        // |3 − 1|, |2 − 3| and |4 − 2|, and with a season of two |2 − 1| and |4 − 3|.
        assert_eq!(naive_error(&history, 1), Some(5.0 / 3.0));
        assert_eq!(naive_error(&history, 2), Some(1.0));
        for (history, season) in [
            (&history[..], 4),
            (&history, usize::MAX),
            (&history, 0),
            (&[], 1),
            (&[1.0, 2.0, 1.0, 2.0], 2),
        ] {
            assert_eq!(naive_error(history, season), None);
        }
    }
}
