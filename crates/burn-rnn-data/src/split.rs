//! Splitting a series in time order.

use std::ops::Range;

use crate::DataError;

/// Three parts of a series, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The oldest part, to fit the model and the scaler.
    pub train: Range<usize>,
    /// The part that follows, to choose settings and when to stop; may be empty.
    pub validation: Range<usize>,
    /// The newest part, to measure the error once; may be empty.
    pub test: Range<usize>,
}

/// Splits `len` values in time order: a fraction to train, a fraction to validate, the rest to test.
///
/// Boundaries are rounded to the nearest value. `validation_fraction` may be 0, and fractions that
/// add up to 1 leave nothing to test; those parts are empty then.
///
/// # Errors
///
/// [`DataError::InvalidArgument`] where `train_fraction` is not above 0, a fraction is negative or
/// NaN, or they add up to more than 1; [`DataError::SeriesTooShort`] where a part with a positive
/// fraction would amount to less than one value.
pub fn chronological(
    len: usize,
    train_fraction: f64,
    validation_fraction: f64,
) -> Result<Split, DataError> {
    // 0.7 + 0.2 + 0.1 is not exactly 1 in binary.
    const SLACK: f64 = 1e-9;
    if !(train_fraction > 0.0 && train_fraction <= 1.0) {
        return Err(DataError::invalid(
            "train_fraction",
            train_fraction,
            "a number above 0 and at most 1",
        ));
    }
    let room = 1.0 - train_fraction;
    if !(validation_fraction >= 0.0 && validation_fraction <= room + SLACK) {
        return Err(DataError::invalid(
            "validation_fraction",
            validation_fraction,
            format!(
                "a number from 0 to {room:.4}, what a train_fraction of {train_fraction} leaves"
            ),
        ));
    }
    let test_fraction = room - validation_fraction;
    let smallest = [train_fraction, validation_fraction, test_fraction]
        .into_iter()
        .filter(|&fraction| fraction > SLACK)
        .fold(1.0, f64::min);
    let needed = (1.0 / smallest - SLACK).ceil() as usize;
    if len < needed {
        return Err(DataError::SeriesTooShort {
            length: len,
            needed,
            why: format!(
                "the smallest part, a fraction of {smallest:.4}, has to hold at least one value; give a longer series or a larger fraction"
            ),
        });
    }
    let boundary = |fraction: f64| ((len as f64 * fraction).round() as usize).min(len);
    let train_end = boundary(train_fraction);
    let validation_end = if test_fraction > SLACK {
        boundary(train_fraction + validation_fraction).max(train_end)
    } else {
        len
    };
    let validation_end = if validation_fraction > SLACK {
        validation_end
    } else {
        train_end
    };
    Ok(Split {
        train: 0..train_end,
        validation: train_end..validation_end,
        test: validation_end..len,
    })
}

/// Splits `len` values in time order into parts of these lengths: training, validation, test. What is
/// left after them is not used.
///
/// # Errors
///
/// [`DataError::InvalidArgument`] where the first length is 0, [`DataError::SeriesTooShort`] where there
/// are fewer values than the lengths add up to.
pub fn by_lengths(len: usize, lengths: [usize; 3]) -> Result<Split, DataError> {
    let [train, validation, test] = lengths;
    if train == 0 {
        return Err(DataError::invalid("the training part", 0, "at least 1"));
    }
    let validation_end = train.saturating_add(validation);
    let needed = validation_end.saturating_add(test);
    if len < needed {
        return Err(DataError::SeriesTooShort {
            length: len,
            needed,
            why: format!(
                "the parts have {train}, {validation} and {test}; give a longer series or shorter parts"
            ),
        });
    }
    Ok(Split {
        train: 0..train,
        validation: train..validation_end,
        test: validation_end..needed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_parts_follow_each_other() {
        assert_eq!(
            chronological(100, 0.7, 0.2).unwrap(),
            Split {
                train: 0..70,
                validation: 70..90,
                test: 90..100
            }
        );
    }

    #[test]
    fn validation_and_test_may_be_left_out() {
        let split = chronological(10, 0.7, 0.0).unwrap();
        assert_eq!(split.validation, 7..7);
        assert_eq!(split.test, 7..10);
        let split = chronological(10, 0.7, 0.3).unwrap();
        assert_eq!(split.validation, 7..10);
        assert!(split.test.is_empty());
        assert_eq!(chronological(3, 1.0, 0.0).unwrap().train, 0..3);
    }

    #[test]
    fn impossible_fractions_are_refused() {
        for (train, validation, name) in [
            (0.0, 0.1, "train_fraction"),
            (1.1, 0.0, "train_fraction"),
            (f64::NAN, 0.0, "train_fraction"),
            (0.7, 0.31, "validation_fraction"),
            (0.7, -0.1, "validation_fraction"),
            (0.7, f64::NAN, "validation_fraction"),
        ] {
            let error = chronological(100, train, validation).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn a_part_of_less_than_one_value_is_refused() {
        let error = chronological(9, 0.8, 0.1).unwrap_err();
        assert!(
            matches!(
                error,
                DataError::SeriesTooShort {
                    length: 9,
                    needed: 10,
                    ..
                }
            ),
            "{error}"
        );
        let split = chronological(10, 0.8, 0.1).unwrap();
        assert_eq!((split.validation.len(), split.test.len()), (1, 1));
    }

    #[test]
    fn lengths_split_as_they_say() {
        let split = by_lengths(20, [12, 4, 3]).unwrap();
        assert_eq!(
            (split.train, split.validation, split.test),
            (0..12, 12..16, 16..19)
        );
        assert!(by_lengths(18, [12, 4, 3]).is_err());
        assert!(by_lengths(18, [12, usize::MAX, 3]).is_err());
        assert!(by_lengths(18, [0, 4, 3]).is_err());
    }

    proptest! {
        #[test]
        fn every_split_covers_the_series_without_empty_parts(
            len in 1usize..5000,
            train in 0.01f64..0.98,
            share in 0.02f64..0.98,
        ) {
            let validation = (1.0 - train) * share;
            if let Ok(split) = chronological(len, train, validation) {
                prop_assert_eq!(split.train.start, 0);
                prop_assert_eq!(split.train.end, split.validation.start);
                prop_assert_eq!(split.validation.end, split.test.start);
                prop_assert_eq!(split.test.end, len);
                prop_assert!(!split.train.is_empty());
                prop_assert!(!split.validation.is_empty());
                prop_assert!(!split.test.is_empty());
            }
        }
    }
}
