//! Settings of a trainer that make no sense are refused.

use std::path::Path;

use crate::TrainError;

/// The error of the first setting that is wrong.
fn refuse<T: ToString>(
    settings: &[(&'static str, T)],
    expected: &str,
    is_wrong: impl Fn(&T) -> bool,
) -> Result<(), TrainError> {
    match settings.iter().find(|(_, given)| is_wrong(given)) {
        None => Ok(()),
        Some((name, given)) => Err(TrainError::setting(name, given.to_string(), expected)),
    }
}

impl TrainError {
    /// Refuses counts of zero.
    pub(crate) fn check_counts(counts: &[(&'static str, usize)]) -> Result<(), Self> {
        refuse(counts, "at least 1", |count| *count == 0)
    }

    /// Refuses sizes of zero, and those that no sequence, batch or layer has: what is computed of two of the others does not overflow.
    pub(crate) fn check_sizes(sizes: &[(&'static str, usize)]) -> Result<(), Self> {
        Self::check_at_most(1 << 24, sizes)
    }

    /// Refuses counts of zero, and those beyond a bound.
    pub(crate) fn check_at_most(most: usize, counts: &[(&'static str, usize)]) -> Result<(), Self> {
        Self::check_counts(counts)?;
        refuse(counts, &format!("at most {most}"), |count| *count > most)
    }

    /// Refuses lists that have more or fewer items than there are things that they are for.
    pub(crate) fn check_lengths(lengths: &[(&'static str, usize, usize)]) -> Result<(), Self> {
        lengths.iter().try_for_each(|(name, given, expected)| {
            refuse(&[(name, *given)], &expected.to_string(), |given| {
                given != expected
            })
        })
    }

    /// Refuses an input for a task whose data is generated.
    pub(crate) fn check_generated(input: Option<&Path>) -> Result<(), Self> {
        let expected = "none: this model is measured on sequences that are generated";
        let given: Vec<_> = input
            .into_iter()
            .map(|path| ("the data", path.display()))
            .collect();
        refuse(&given, expected, |_| true)
    }

    /// Refuses numbers that are not finite and above zero.
    pub(crate) fn check_positive(numbers: &[(&'static str, f64)]) -> Result<(), Self> {
        let is_wrong = |number: &f64| !(*number > 0.0 && number.is_finite());
        refuse(numbers, "a number above 0", is_wrong)
    }

    /// Refuses numbers that are not finite, or below zero.
    pub(crate) fn check_not_negative(numbers: &[(&'static str, f64)]) -> Result<(), Self> {
        let is_wrong = |number: &f64| !(*number >= 0.0 && number.is_finite());
        refuse(numbers, "a number of at least 0", is_wrong)
    }

    /// Refuses what is no probability below 1.
    pub(crate) fn check_probabilities(probabilities: &[(&'static str, f64)]) -> Result<(), Self> {
        let expected = "a probability of at least 0 and below 1";
        refuse(probabilities, expected, |p| !(0.0..1.0).contains(p))
    }
}
