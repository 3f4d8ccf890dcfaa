//! How good forecasts are.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::tensor::Device;
use burn_rnn_data::{DataError, TableBatcher, TableWindow, TableWindows, naive, seasonal_naive};

use super::Forecaster;
use crate::TrainError;
use crate::floats::floats;

/// The mean errors over all windows, steps and series, on scaled values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// The mean squared error.
    pub mse: f64,
    /// The mean absolute error.
    pub mae: f64,
}

impl Score {
    /// The errors of `forecasts`, the targets' values one window after another.
    pub(super) fn of(forecasts: &[f32], windows: &TableWindows) -> Self {
        Self::mean(&Self::by_series(forecasts, windows))
    }

    /// The errors of each series by itself.
    pub(super) fn by_series(forecasts: &[f32], windows: &TableWindows) -> Vec<Self> {
        let mut sums = vec![Self::default(); windows.window(0).table().series()];
        let mut values = forecasts.iter();
        for window in (0..windows.len()).map(|pick| windows.window(pick)) {
            let series = (0..sums.len()).cycle();
            for ((truth, forecast), series) in window.target().iter().zip(&mut values).zip(series) {
                let error = f64::from(*forecast) - f64::from(*truth);
                sums[series].mse += error * error;
                sums[series].mae += error.abs();
            }
        }
        let count = (forecasts.len() / sums.len()).max(1) as f64;
        sums.iter()
            .map(|sum| Self {
                mse: sum.mse / count,
                mae: sum.mae / count,
            })
            .collect()
    }

    /// The mean over series.
    pub(super) fn mean(scores: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| scores.iter().map(of).sum::<f64>() / scores.len() as f64;
        Self {
            mse: mean(|score| score.mse),
            mae: mean(|score| score.mae),
        }
    }

    /// Of values that are `factor` times as large.
    pub(super) fn times(&self, factor: f64) -> Self {
        Self {
            mse: self.mse * factor * factor,
            mae: self.mae * factor,
        }
    }
}

/// A model's forecasts of all windows, `[windows, horizon, series]` in row-major order.
pub(super) fn predict(model: &Forecaster, windows: &TableWindows, device: &Device) -> Vec<f32> {
    const AT_ONCE: usize = 256;
    let picks: Vec<usize> = (0..windows.len()).collect();
    let mut forecasts = Vec::new();
    for picks in picks.chunks(AT_ONCE) {
        let windows = picks.iter().map(|&pick| windows.window(pick)).collect();
        forecasts.extend(predict_some(model, windows, device));
    }
    forecasts
}

/// As [`predict`], of these windows.
pub(super) fn predict_some(
    model: &Forecaster,
    windows: Vec<TableWindow>,
    device: &Device,
) -> Vec<f32> {
    let batch = TableBatcher.batch(windows, device);
    floats(model.forward(batch.input, batch.input_times))
}

/// Refuses forecasts that are no numbers: neither figures nor pictures can be made of them.
pub(super) fn finite(forecasts: Vec<f32>) -> Result<Vec<f32>, TrainError> {
    match forecasts.iter().find(|value| !value.is_finite()) {
        None => Ok(forecasts),
        Some(value) => Err(TrainError::setting(
            "a forecast",
            value,
            "a number: the rows before it are too far from those that the model learnt from; \
                 look for outliers there",
        )),
    }
}

/// The errors of the naive forecast, which repeats the last row, and of the seasonal one, which repeats
/// the last season, where there is a season.
///
/// # Errors
///
/// Where there is less than a season before the first target.
pub(super) fn baselines(
    windows: &TableWindows,
    season: Option<usize>,
) -> Result<(Score, Option<Score>), TrainError> {
    let horizon = windows.window(0).target().len() / windows.window(0).table().series();
    let plain = each_series(windows, 1, |known| Ok(naive(known, horizon)))?;
    let seasonal = season.map(|season| {
        each_series(windows, season, |known| {
            seasonal_naive(known, season, horizon)
        })
    });
    Ok((plain, seasonal.transpose()?))
}

/// The errors of forecasts that are made of the last `past` values of each series by itself.
fn each_series(
    windows: &TableWindows,
    past: usize,
    forecast: impl Fn(&[f32]) -> Result<Vec<f32>, DataError>,
) -> Result<Score, TrainError> {
    let mut forecasts = Vec::new();
    for window in (0..windows.len()).map(|pick| windows.window(pick)) {
        let series = window.table().series();
        let rows = window.start().saturating_sub(past)..window.start();
        let known = window.table().values(rows);
        let mut columns = Vec::with_capacity(series);
        for place in 0..series {
            let column: Vec<f32> = known.iter().skip(place).step_by(series).copied().collect();
            columns.push(forecast(&column)?);
        }
        let horizon = columns[0].len();
        let steps = 0..horizon;
        forecasts.extend(steps.flat_map(|step| columns.iter().map(move |column| column[step])));
    }
    Ok(Score::of(&forecasts, windows))
}
