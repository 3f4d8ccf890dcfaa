//! The calendar as numbers.

use core::f32::consts::TAU;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::DataError;

/// How hour of day, day of week, day of month and month become features of a row.
///
/// Written, parsed and serialized as `none`, `linear` and `cyclic`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeFeatures {
    /// No features; the default.
    #[default]
    None,
    /// Four numbers from −0.5 to 0.5: `hour / 23 − 0.5`, `day of week / 6 − 0.5` (Monday 0),
    /// `(day of month − 1) / 30 − 0.5`, `(month − 1) / 11 − 0.5`, as Informer has them (Zhou et al.
    /// 2021), with the month for the day of the year.
    Linear,
    /// Eight numbers: sine and cosine of the part of the cycle that has passed, in the same order, with
    /// cycles of 24 hours, 7 days, 31 days and 12 months. Neighbours stay neighbours over midnight.
    Cyclic,
}

impl TimeFeatures {
    /// The number of features of a row.
    pub fn count(self) -> usize {
        match self {
            Self::None => 0,
            Self::Linear => 4,
            Self::Cyclic => 8,
        }
    }

    /// The features of each time, `[times, count]` in row-major order.
    pub fn of(self, times: &[Timestamp]) -> Vec<f32> {
        // What has passed of the cycle, and its length.
        let parts = |time: &Timestamp| {
            [
                (time.hour(), 24),
                (time.day_of_week(), 7),
                (time.day() - 1, 31),
                (time.month() - 1, 12),
            ]
        };
        let parts = times.iter().flat_map(parts);
        match self {
            Self::None => Vec::new(),
            Self::Linear => parts
                .map(|(part, cycle)| part as f32 / (cycle - 1) as f32 - 0.5)
                .collect(),
            Self::Cyclic => parts
                .flat_map(|(part, cycle)| {
                    let (sine, cosine) = (TAU * part as f32 / cycle as f32).sin_cos();
                    [sine, cosine]
                })
                .collect(),
        }
    }
}

impl fmt::Display for TimeFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Linear => "linear",
            Self::Cyclic => "cyclic",
        })
    }
}

impl FromStr for TimeFeatures {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        match text {
            "none" => Ok(Self::None),
            "linear" => Ok(Self::Linear),
            "cyclic" => Ok(Self::Cyclic),
            other => Err(DataError::invalid(
                "time features",
                format!("`{other}`"),
                "`none`, `linear` or `cyclic`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_span_their_range() {
        // A Monday and a Sunday.
        let times =
            ["2018-01-01 00:00", "2017-12-31 23:00"].map(|text| Timestamp::parse(text).unwrap());
        let linear = TimeFeatures::Linear.of(&times);
        assert_eq!(linear, [-0.5, -0.5, -0.5, -0.5, 0.5, 0.5, 0.5, 0.5]);
        let cyclic = TimeFeatures::Cyclic.of(&times);
        assert_eq!(cyclic.len(), 2 * TimeFeatures::Cyclic.count());
        assert_eq!(cyclic[..4], [0.0, 1.0, 0.0, 1.0]);
        // 23:00 is an hour before midnight: a 24th of the circle.
        assert!((cyclic[8] + (TAU / 24.0).sin()).abs() < 1e-5);
        assert!(TimeFeatures::None.of(&times).is_empty());
    }
}
