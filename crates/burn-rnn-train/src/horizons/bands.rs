//! How far the truth usually is from a forecast.

use burn::data::dataset::Dataset;
use burn_rnn_data::{TableWindows, quantile};
use serde::{Deserialize, Serialize};

/// Quantiles of the errors (truth − forecast, scaled) on the validation part, by step and series: between
/// them lay four fifths of the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// The 10 % quantiles, `[horizon, series]` in row-major order.
    pub low: Vec<f32>,
    /// The 90 % quantiles.
    pub high: Vec<f32>,
}

impl Bands {
    /// The quantiles' shares.
    pub const SHARES: [f64; 2] = [0.1, 0.9];

    /// From the forecasts of `windows`, one after another.
    pub(super) fn of(forecasts: &[f32], windows: &TableWindows) -> Self {
        let width = forecasts.len() / windows.len();
        let mut errors: Vec<Vec<f64>> = vec![Vec::with_capacity(windows.len()); width];
        for (pick, forecast) in forecasts.chunks(width).enumerate() {
            let window = windows.window(pick);
            for ((errors, forecast), truth) in errors.iter_mut().zip(forecast).zip(window.target())
            {
                errors.push(f64::from(*truth) - f64::from(*forecast));
            }
        }
        for errors in &mut errors {
            errors.sort_by(f64::total_cmp);
        }
        let [low, high] = Self::SHARES.map(|share| {
            errors
                .iter()
                .map(|errors| quantile(errors, share) as f32)
                .collect()
        });
        Self { low, high }
    }

    /// The forecast's lower and upper bound.
    pub(super) fn around(&self, forecast: &[f32]) -> [Vec<f32>; 2] {
        [&self.low, &self.high].map(|errors| {
            forecast
                .iter()
                .zip(errors)
                .map(|(value, error)| value + error)
                .collect()
        })
    }
}
