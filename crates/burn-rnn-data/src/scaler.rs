//! Scaling a series to a range a network likes, and back.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::DataError;

/// Which statistics a [`Scaler`] takes.
///
/// Written, parsed and serialized as `min-max`, `standard` and `robust`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScalerKind {
    /// The smallest value becomes 0, the largest 1.
    MinMax,
    /// The mean becomes 0, the population standard deviation (divisor n) 1.
    Standard,
    /// The median becomes 0, the distance between the quartiles (interpolated between values) 1: a
    /// few values far away move neither.
    Robust,
}

impl fmt::Display for ScalerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::MinMax => "min-max",
            Self::Standard => "standard",
            Self::Robust => "robust",
        })
    }
}

impl FromStr for ScalerKind {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        match text {
            "min-max" => Ok(Self::MinMax),
            "standard" => Ok(Self::Standard),
            "robust" => Ok(Self::Robust),
            other => Err(DataError::invalid(
                "scaler",
                format!("`{other}`"),
                "`min-max`, `standard` or `robust`",
            )),
        }
    }
}

/// An affine map from a series to scaled values, fitted once and kept with the model.
///
/// Fit it on the training part only: statistics of the test part would leak into training. Values
/// outside the fitted range simply map outside 0 to 1. Statistics and values are `f64`, what is scaled `f32`.
///
/// A constant series has no spread; its scale is 1, so it maps to 0 everywhere and back to itself. The
/// scale is 1 too where both quartiles of a robust scaler are the same value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Statistics", into = "Statistics")]
pub struct Scaler(Statistics);

/// What a scaler is on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statistics {
    kind: ScalerKind,
    offset: f64,
    scale: f64,
}

impl TryFrom<Statistics> for Scaler {
    type Error = DataError;

    fn try_from(statistics: Statistics) -> Result<Self, DataError> {
        let Statistics { offset, scale, .. } = statistics;
        if !offset.is_finite() {
            return Err(DataError::invalid("offset", offset, "a finite number"));
        }
        if !scale.is_finite() || scale <= 0.0 {
            return Err(DataError::invalid(
                "scale",
                scale,
                "a finite number above 0",
            ));
        }
        let scaler = Self(statistics);
        match scaler.is_sound() {
            true => Ok(scaler),
            false => Err(DataError::invalid(
                "scale",
                scale,
                "one that leaves every 32-bit number finite",
            )),
        }
    }
}

impl From<Scaler> for Statistics {
    fn from(scaler: Scaler) -> Self {
        scaler.0
    }
}

impl Scaler {
    /// Takes the statistics of `values`, in `f64`.
    ///
    /// # Errors
    ///
    /// [`DataError::SeriesTooShort`] without values, [`DataError::InvalidArgument`] where one is
    /// infinite or NaN, [`DataError::Unscalable`] where they are so large, or so close together, that they
    /// do not go to `f32` and back.
    pub fn fit<V: Copy + Into<f64>>(kind: ScalerKind, values: &[V]) -> Result<Self, DataError> {
        let exact = || values.iter().map(|&value| value.into());
        let Some(first) = exact().next() else {
            return Err(DataError::SeriesTooShort {
                length: 0,
                needed: 1,
                why: "a scaler takes its statistics from the values; give some".into(),
            });
        };
        if let Some((position, value)) = exact().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(DataError::invalid(
                "values",
                format!("{value} at position {position}"),
                "finite numbers only",
            ));
        }
        let (offset, spread) = match kind {
            ScalerKind::MinMax => {
                let low = exact().fold(f64::INFINITY, f64::min);
                let high = exact().fold(f64::NEG_INFINITY, f64::max);
                (low, high - low)
            }
            ScalerKind::Standard => {
                let n = values.len() as f64;
                let mean = exact().sum::<f64>() / n;
                let variance = exact().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
                (mean, variance.sqrt())
            }
            ScalerKind::Robust => {
                let mut sorted: Vec<f64> = exact().collect();
                sorted.sort_by(f64::total_cmp);
                let quartiles = quantile(&sorted, 0.75) - quantile(&sorted, 0.25);
                // NaN where a quartile itself is beyond the largest number.
                let spread = if quartiles == 0.0 { 1.0 } else { quartiles };
                (quantile(&sorted, 0.5), spread)
            }
        };
        // The mean of equal values may miss them by a rounding error, and dividing by that error
        // would blow it up to 1: hence the values, not the spread, say whether they are constant.
        let (offset, scale) = match exact().all(|value| value == first) {
            true => (first, 1.0),
            false => (offset, spread),
        };
        let scaler = Self(Statistics {
            kind,
            offset,
            scale,
        });
        match scaler.is_sound() && exact().all(|value| scaler.scale(value).is_finite()) {
            true => Ok(scaler),
            false => Err(DataError::unscalable("the series", exact())),
        }
    }

    /// Whether everything that a network may say has a value.
    fn is_sound(&self) -> bool {
        let ends = [f32::MIN, f32::MAX].map(|scaled| self.unscale(scaled));
        self.0.scale > 0.0 && ends.iter().all(|value| value.is_finite())
    }

    /// Which statistics these are.
    pub fn kind(&self) -> ScalerKind {
        self.0.kind
    }

    /// The value that maps to 0: the minimum, the mean or the median.
    pub fn offset(&self) -> f64 {
        self.0.offset
    }

    /// How much of the series is one scaled unit: the range, the standard deviation or the distance
    /// between the quartiles, 1 for a constant series. Multiply an error in scaled units by it for one in units of the series.
    pub fn spread(&self) -> f64 {
        self.0.scale
    }

    /// One value, scaled.
    pub fn scale(&self, value: impl Into<f64>) -> f32 {
        ((value.into() - self.0.offset) / self.0.scale) as f32
    }

    /// One scaled value, back in units of the series.
    pub fn unscale(&self, scaled: f32) -> f64 {
        f64::from(scaled) * self.0.scale + self.0.offset
    }

    /// All values, scaled.
    pub fn transform<V: Copy + Into<f64>>(&self, values: &[V]) -> Vec<f32> {
        values.iter().map(|&value| self.scale(value)).collect()
    }

    /// All scaled values, back in units of the series.
    pub fn inverse(&self, scaled: &[f32]) -> Vec<f64> {
        scaled.iter().map(|&value| self.unscale(value)).collect()
    }
}

/// The value below which a share of sorted values lies, interpolated linearly between neighbours: the
/// share 0 is the first value, 1 the last (definition 7 of Hyndman & Fan 1996, NumPy's default).
///
/// # Panics
///
/// Where there is no value, or the share is not from 0 to 1.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    assert!(
        !sorted.is_empty() && (0.0..=1.0).contains(&share),
        "the quantile {share} of {} values, expected a share from 0 to 1 and at least one value",
        sorted.len()
    );
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn min_max_maps_the_ends_to_zero_and_one() {
        let scaler = Scaler::fit(ScalerKind::MinMax, &[3.0, -1.0, 7.0]).unwrap();
        assert_eq!(
            scaler.transform(&[-1.0, 3.0, 7.0, 9.0]),
            [0.0, 0.5, 1.0, 1.25]
        );
        assert_eq!(scaler.inverse(&[0.0, 0.5, 1.0]), [-1.0, 3.0, 7.0]);
        assert_eq!((scaler.offset(), scaler.spread()), (-1.0, 8.0));
    }

    #[test]
    fn standard_uses_the_population_deviation() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        let scaler = Scaler::fit(ScalerKind::Standard, &values).unwrap();
        assert_eq!((scaler.offset(), scaler.spread()), (5.0, 2.0));
        assert_eq!(scaler.scale(9.0), 2.0);
        assert_eq!(scaler.unscale(-1.5), 2.0);
    }

    #[test]
    fn robust_uses_median_and_quartiles_and_ignores_what_is_far_away() {
        let scaler = Scaler::fit(ScalerKind::Robust, &[9.0, 1.0, 3.0, 1e9, 5.0]).unwrap();
        assert_eq!((scaler.offset(), scaler.spread()), (5.0, 6.0));
        let even = Scaler::fit(ScalerKind::Robust, &[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((even.offset(), even.spread()), (2.5, 1.5));
        let mostly_equal = Scaler::fit(ScalerKind::Robust, &[0.0, 0.0, 0.0, 0.0, 7.0]).unwrap();
        assert_eq!((mostly_equal.offset(), mostly_equal.spread()), (0.0, 1.0));
    }

    #[test]
    fn a_constant_series_has_scale_one() {
        for kind in [ScalerKind::MinMax, ScalerKind::Standard, ScalerKind::Robust] {
            // Ten times 0.1 does not add up to exactly ten tenths.
            let scaler = Scaler::fit(kind, &[0.1; 10]).unwrap();
            assert_eq!(scaler.spread(), 1.0);
            assert_eq!(scaler.scale(0.1), 0.0);
            assert_eq!(scaler.unscale(0.0), 0.1);
        }
    }

    #[test]
    fn a_large_offset_does_not_eat_the_spread() {
        let values: Vec<f64> = (0..1000)
            .map(|i| 1e9 + (f64::from(i) / 6.0).sin())
            .collect();
        for kind in [ScalerKind::MinMax, ScalerKind::Standard, ScalerKind::Robust] {
            let scaler = Scaler::fit(kind, &values).unwrap();
            for (i, scaled) in (0..1000).zip(scaler.transform(&values)) {
                let sine = scaler.unscale(scaled) - 1e9;
                assert!(
                    (sine - (f64::from(i) / 6.0).sin()).abs() < 1e-6,
                    "{i}: {sine}"
                );
            }
        }
        let steps: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2)).collect();
        let scaler = Scaler::fit(ScalerKind::Standard, &steps).unwrap();
        assert_eq!((scaler.offset(), scaler.spread()), (1e9 + 0.5, 0.5));
        // The integers above 2^24, where `f32` has gaps.
        assert_eq!(scaler.scale(1e9 + 1.0), 1.0);
        assert_eq!(scaler.unscale(1.0), 1_000_000_001.0);
    }

    #[test]
    fn bad_values_are_refused() {
        let error = Scaler::fit::<f64>(ScalerKind::MinMax, &[]).unwrap_err();
        assert!(matches!(error, DataError::SeriesTooShort { .. }), "{error}");
        let error = Scaler::fit(ScalerKind::Standard, &[1.0, f32::NAN]).unwrap_err();
        assert!(error.to_string().contains("NaN at position 1"), "{error}");
    }

    #[test]
    fn large_values_are_scaled_and_larger_ones_refused() {
        let signs = |size: f64| -> Vec<f64> { (0..400).map(|i| [size, -size][i % 2]).collect() };
        for kind in [ScalerKind::MinMax, ScalerKind::Standard, ScalerKind::Robust] {
            let scaler = Scaler::fit(kind, &signs(3e38)).unwrap();
            let [up, down] = [3e38, -3e38].map(|value| scaler.unscale(scaler.scale(value)));
            assert!((up - 3e38).abs() < 1e32 && (down + 3e38).abs() < 1e32);
            for refused in [signs(1e300), signs(f64::MAX)] {
                let error = Scaler::fit(kind, &refused).unwrap_err();
                assert!(
                    matches!(error, DataError::Unscalable { .. }),
                    "{kind}: {error}"
                );
            }
        }
        // The variance is below the smallest number.
        assert!(Scaler::fit(ScalerKind::Standard, &signs(1e-200)).is_err());
        // The quartiles are alike, and one value is far away.
        let far = [0.0, 1e-10, 2e-10, 3e-10, 1e30];
        let error = Scaler::fit(ScalerKind::Robust, &far).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the series goes from 0e0 to 1e30, which 32-bit numbers cannot hold once it is scaled: \
             multiply or divide it by a power of ten, or remove values that are far away"
        );
    }

    #[test]
    fn kinds_are_written_as_they_are_parsed() {
        for kind in [ScalerKind::MinMax, ScalerKind::Standard, ScalerKind::Robust] {
            assert_eq!(kind.to_string().parse::<ScalerKind>().unwrap(), kind);
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
        }
        let error = "minmax".parse::<ScalerKind>().unwrap_err();
        assert!(error.to_string().contains("`min-max`"), "{error}");
    }

    #[test]
    fn a_scaler_survives_a_file_and_a_broken_one_is_refused() {
        let scaler = Scaler::fit(ScalerKind::MinMax, &[3.0, -1.5, 7.0]).unwrap();
        let json = serde_json::to_string(&scaler).unwrap();
        assert_eq!(json, r#"{"kind":"min-max","offset":-1.5,"scale":8.5}"#);
        assert_eq!(serde_json::from_str::<Scaler>(&json).unwrap(), scaler);
        for broken in ["0.0", "-1.0", "1e300"] {
            let broken = json.replace("8.5", broken);
            assert!(serde_json::from_str::<Scaler>(&broken).is_err(), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn inverse_undoes_transform(
            values in prop::collection::vec(-1e4f64..1e4, 1..50),
            kind in prop::sample::select(vec![
                ScalerKind::MinMax,
                ScalerKind::Standard,
                ScalerKind::Robust,
            ]),
        ) {
            let scaler = Scaler::fit(kind, &values).unwrap();
            let back = scaler.inverse(&scaler.transform(&values));
            for (value, back) in values.iter().zip(&back) {
                let tolerance = 1e-6 * (scaler.spread() + scaler.offset().abs());
                prop_assert!((value - back).abs() <= 4.0 * tolerance, "{value} {back}");
            }
        }
    }
}
