//! How good forecasts are.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::tensor::Device;
use burn_rnn_data::{TableBatcher, TableWindow, TableWindows, naive, seasonal_naive};

use super::HorizonModel;
use crate::TrainError;

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
        let mut sums = Self::default();
        let mut values = forecasts.iter();
        for window in (0..windows.len()).map(|pick| windows.window(pick)) {
            for (truth, forecast) in window.target().iter().zip(&mut values) {
                let error = f64::from(*forecast) - f64::from(*truth);
                sums.mse += error * error;
                sums.mae += error.abs();
            }
        }
        let count = forecasts.len().max(1) as f64;
        Self {
            mse: sums.mse / count,
            mae: sums.mae / count,
        }
    }
}

/// A model's forecasts of all windows, `[windows, horizon, series]` in row-major order.
pub(super) fn predict(model: &HorizonModel, windows: &TableWindows, device: &Device) -> Vec<f32> {
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
    model: &HorizonModel,
    windows: Vec<TableWindow>,
    device: &Device,
) -> Vec<f32> {
    let batch = TableBatcher.batch(windows, device);
    let values = model
        .forward(batch.input, batch.input_times)
        .into_data_as::<f32>();
    values
        .try_into_vec()
        .expect("the data was asked for as f32")
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
    let each = |of: &dyn Fn(&[f32], usize) -> Result<Vec<f32>, TrainError>| {
        let mut forecasts = Vec::new();
        for window in (0..windows.len()).map(|pick| windows.window(pick)) {
            let series = window.table().series();
            let horizon = window.target().len() / series;
            let past = season.unwrap_or(1).max(1);
            let from = window.start().saturating_sub(past);
            let known = window.table().values(from..window.start());
            let mut columns = Vec::with_capacity(series);
            for place in 0..series {
                let column: Vec<f32> = known.iter().skip(place).step_by(series).copied().collect();
                columns.push(of(&column, horizon)?);
            }
            forecasts.extend(
                (0..horizon).flat_map(|step| columns.iter().map(move |column| column[step])),
            );
        }
        Ok::<_, TrainError>(Score::of(&forecasts, windows))
    };
    let plain = each(&|column, horizon| Ok(naive(column, horizon)))?;
    let seasonal =
        season.map(|season| each(&|column, horizon| Ok(seasonal_naive(column, season, horizon)?)));
    Ok((plain, seasonal.transpose()?))
}
