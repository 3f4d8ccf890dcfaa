//! How far the truth usually is from a forecast.

use burn::data::dataset::Dataset;
use burn_rnn_data::TableWindows;
use serde::{Deserialize, Serialize};

/// Around every forecast a band that contains it, and the truth with a probability of [`LEVEL`](Self::LEVEL): the
/// conformal quantile of the absolute errors (scaled) on the validation part, by step and series (split conformal
/// prediction, Lei et al. 2018). That holds for errors like those of the validation part, which also chose the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bands {
    /// What leads from a forecast to the lower bound, `[horizon, series]` in row-major order. Files of earlier versions
    /// have the 10 % quantiles of the signed errors, which may be above 0.
    pub low: Vec<f32>,
    /// What leads to the upper bound; there the 90 % quantiles, which may be below 0.
    pub high: Vec<f32>,
}

impl Bands {
    /// The share of the truth that a band is to contain.
    pub const LEVEL: f64 = 0.8;

    /// The fewest errors that a width is taken from: with nine the second largest decides, with fewer the largest alone.
    pub const FEWEST: usize = 9;

    /// Whether there are enough windows: windows that start a row apart share most of what happened to them, so there are
    /// at least two without a common target.
    fn enough(count: usize, first: usize, last: usize, horizon: usize) -> bool {
        count >= Self::FEWEST && last - first >= horizon
    }

    /// Whether a part of so many rows, all known, has enough windows.
    pub(super) fn enough_rows(rows: usize, horizon: usize) -> bool {
        rows >= horizon && Self::enough(rows - horizon + 1, 0, rows - horizon, horizon)
    }

    /// Why these windows give no bands.
    pub(super) fn too_few(windows: &TableWindows) -> String {
        format!(
            "No bands: the validation part has {} windows, and their width takes the errors of {} at least, the last of which \
             begins after the first ends; a longer validation part has them (--split).",
            windows.len(),
            Self::FEWEST,
        )
    }

    /// From the forecasts of `windows`, one after another; nothing where there are too few.
    pub(super) fn of(forecasts: &[f32], windows: &TableWindows) -> Option<Self> {
        let width = forecasts.len() / windows.len();
        let horizon = width / windows.window(0).table().series();
        let starts = windows.starts();
        if !Self::enough(starts.len(), starts[0], starts[starts.len() - 1], horizon) {
            return None;
        }
        let mut errors: Vec<Vec<f64>> = vec![Vec::with_capacity(windows.len()); width];
        for (pick, forecast) in forecasts.chunks(width).enumerate() {
            let window = windows.window(pick);
            for ((errors, forecast), truth) in errors.iter_mut().zip(forecast).zip(window.target())
            {
                errors.push((f64::from(*truth) - f64::from(*forecast)).abs());
            }
        }
        let high: Option<Vec<f32>> = errors
            .iter()
            .map(|errors| conformal_quantile(errors, Self::LEVEL).map(|width| width as f32))
            .collect();
        let high = high?;
        let low = high.iter().map(|width| -width).collect();
        Some(Self { low, high })
    }

    /// The forecast's lower and upper bound; the forecast is not outside.
    pub(super) fn around(&self, forecast: &[f32]) -> [Vec<f32>; 2] {
        let add = |widths: &[f32], inside: fn(f32, f32) -> f32| -> Vec<f32> {
            let pairs = forecast.iter().zip(widths);
            pairs
                .map(|(value, width)| value + inside(*width, 0.0))
                .collect()
        };
        [add(&self.low, f32::min), add(&self.high, f32::max)]
    }

    /// The share of the truth within the bands around `forecasts`, over all windows, steps and series.
    pub(super) fn coverage(&self, forecasts: &[f32], windows: &TableWindows) -> f64 {
        let width = forecasts.len() / windows.len();
        let mut within = 0;
        for (pick, forecast) in forecasts.chunks(width).enumerate() {
            let [low, high] = self.around(forecast);
            let window = windows.window(pick);
            let truth = window.target().iter();
            let bounds = low.iter().zip(&high);
            within += truth
                .zip(bounds)
                .filter(|(truth, (low, high))| low <= truth && truth <= high)
                .count();
        }
        within as f64 / forecasts.len() as f64
    }
}
