//! A threshold for errors, from those of a part that is normal.

use crate::DataError;
use crate::scaler::quantile;

/// Exponentially weighted means of a series, from its first value on: `s_t = α x_t + (1 − α) s_{t−1}` with
/// `α = 2 / (span + 1)`, as Hundman et al. 2018 smooth errors. A span of 1 changes nothing.
pub fn smoothed(values: &[f64], span: usize) -> Vec<f64> {
    let alpha = 2.0 / (span.max(1) as f64 + 1.0);
    let mut last = values.first().copied().unwrap_or(0.0);
    let smooth = values.iter().map(|value| {
        last = alpha * value + (1.0 - alpha) * last;
        last
    });
    smooth.collect()
}

/// Peaks over threshold: where the tail of a distribution is cut so that a share `risk` lies beyond (Siffer et al. 2017,
/// "Anomaly Detection in Streams with Extreme Value Theory").
///
/// What of the values exceeds their 98 % quantile follows a generalised Pareto distribution (Pickands 1975), whose shape
/// and scale come from mean and variance of the excesses (Hosking & Wallis 1987). So the threshold may lie beyond every
/// value that was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeaksOverThreshold {
    /// The share of normal values that is to lie beyond the threshold, above 0 and below 1.
    pub risk: f64,
}

impl PeaksOverThreshold {
    /// The least number of values that a threshold is made of.
    pub const LEAST: usize = 20;
    /// The share of the values that are the tail, and the least number of them.
    const TAIL: (f64, usize) = (0.02, 10);

    /// The threshold of these values, at least their quantile `1 − risk`.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where the risk is no share or a value no finite number,
    /// [`DataError::SeriesTooShort`] where there are fewer than [`LEAST`](Self::LEAST).
    pub fn threshold(&self, values: &[f64]) -> Result<f64, DataError> {
        if !(self.risk > 0.0 && self.risk < 1.0) {
            let expected = "a share above 0 and below 1";
            return Err(DataError::invalid("risk", self.risk, expected));
        }
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(DataError::invalid("errors", value, "finite numbers only"));
        }
        let count = values.len();
        if count < Self::LEAST {
            return Err(DataError::SeriesTooShort {
                length: count,
                needed: Self::LEAST,
                why: "a threshold is made of that many errors of normal rows; give a longer part to it".to_owned(),
            });
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let usual = quantile(&sorted, 1.0 - self.risk);
        let (share, least) = Self::TAIL;
        let tail = ((count as f64 * share) as usize).max(least);
        let start = sorted[count - tail - 1];
        let excesses: Vec<f64> = sorted[count - tail..]
            .iter()
            .map(|value| value - start)
            .collect();
        let mean = excesses.iter().sum::<f64>() / tail as f64;
        let squares = excesses.iter().map(|excess| (excess - mean).powi(2));
        let variance = squares.sum::<f64>() / (tail - 1) as f64;
        // Of equal excesses nothing can be said.
        if variance <= f64::EPSILON * mean * mean {
            return Ok(usual);
        }
        let ratio = mean * mean / variance;
        let (shape, scale) = (0.5 * (1.0 - ratio), 0.5 * mean * (ratio + 1.0));
        let odds = self.risk * count as f64 / tail as f64;
        let beyond = match shape.abs() < 1e-6 {
            true => -scale * odds.ln(),
            false => scale / shape * (odds.powf(-shape) - 1.0),
        };
        Ok(usual.max(start + beyond))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values at the middle of equal shares of a distribution with this quantile function.
    fn of_distribution(count: usize, quantile: impl Fn(f64) -> f64) -> Vec<f64> {
        let share = |index: usize| (index as f64 + 0.5) / count as f64;
        (0..count).map(|index| quantile(share(index))).collect()
    }

    #[test]
    fn the_threshold_is_near_the_true_quantile_beyond_what_was_seen() {
        let exponential = |share: f64| -(1.0 - share).ln();
        // A Pareto tail with shape 0.2.
        let pareto = |share: f64| ((1.0 - share).powf(-0.2) - 1.0) / 0.2;
        let uniform = |share: f64| share;
        for (quantile, tolerance) in [
            (&exponential as &dyn Fn(f64) -> f64, 0.05),
            (&pareto, 0.15),
            (&uniform, 0.01),
        ] {
            let values = of_distribution(2000, quantile);
            for risk in [1e-2, 1e-3, 1e-4] {
                let threshold = PeaksOverThreshold { risk }.threshold(&values).unwrap();
                let truth = quantile(1.0 - risk);
                assert!(
                    (threshold / truth - 1.0).abs() < tolerance,
                    "{risk}: {threshold}, expected {truth}"
                );
            }
        }
    }

    #[test]
    fn odd_values_give_a_threshold_or_a_line() {
        let rule = PeaksOverThreshold { risk: 1e-3 };
        assert_eq!(rule.threshold(&[3.0; 50]).unwrap(), 3.0);
        let mut one_far = vec![1.0; 99];
        one_far.push(50.0);
        assert!(rule.threshold(&one_far).unwrap() >= 1.0);
        let error = rule.threshold(&[1.0; 19]).unwrap_err().to_string();
        assert!(error.contains("19 values, expected at least 20"), "{error}");
        assert!(rule.threshold(&[f64::NAN; 30]).is_err());
        for risk in [0.0, 1.0, -1.0, f64::NAN] {
            assert!(PeaksOverThreshold { risk }.threshold(&[1.0; 50]).is_err());
        }
    }

    #[test]
    fn smoothing_is_the_weighted_mean_of_now_and_before() {
        assert_eq!(smoothed(&[4.0, 0.0, 8.0], 3), [4.0, 2.0, 5.0]);
        assert_eq!(smoothed(&[4.0, 0.0, 8.0], 1), [4.0, 0.0, 8.0]);
        assert!(smoothed(&[], 3).is_empty());
    }
}
