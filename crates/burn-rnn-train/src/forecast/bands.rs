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
            .iter_mut()
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

/// The smallest of the errors that a further one like them does not exceed with a probability of `level`: the
/// ⌈(n + 1) · level⌉-th of n (Lei et al. 2018). Nothing where that is more than n.
fn conformal_quantile(errors: &mut [f64], level: f64) -> Option<f64> {
    errors.sort_by(f64::total_cmp);
    let rank = ((errors.len() + 1) as f64 * level).ceil() as usize;
    errors.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_taken_from_enough_errors() {
        let mut errors = [5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 6.0, 8.0, 7.0];
        assert_eq!(conformal_quantile(&mut errors, 0.8), Some(8.0));
        assert_eq!(conformal_quantile(&mut errors[..4], 0.8), Some(4.0));
        assert_eq!(conformal_quantile(&mut errors[..3], 0.8), None);
        // Nine windows of one step; of twelve steps the thirteenth begins after the first ends.
        assert!(Bands::enough_rows(9, 1) && !Bands::enough_rows(8, 1));
        assert!(Bands::enough_rows(24, 12) && !Bands::enough_rows(23, 12));
        assert!(!Bands::enough_rows(3, 12));
    }

    /// Those of earlier versions may lie beside their forecast.
    #[test]
    fn a_band_contains_its_forecast() {
        let bands = Bands {
            low: vec![-1.0, 0.5, -3.0],
            high: vec![2.0, 1.0, -2.0],
        };
        assert_eq!(
            bands.around(&[10.0, 10.0, 10.0]),
            [vec![9.0, 10.0, 7.0], vec![12.0, 11.0, 10.0]]
        );
    }
}
