//! The picture of forecasts of the test part.

use std::path::Path;

use burn::data::dataset::Dataset;
use burn_rnn_data::{Table, TableWindows};

use super::ForecastSettings;
use super::panels::{Panel, Shown, draw_panels};
use crate::TrainError;

/// Draws forecasts of the test part, from the window of median error on: `forecast.png` and `forecast.svg`.
pub(super) fn draw_test(
    folder: &Path,
    table: &Table,
    shown: &Shown,
    settings: &ForecastSettings,
    forecasts: &[f32],
    test: &TableWindows,
) -> Result<(), TrainError> {
    let scalers = &settings.scalers;
    let width = forecasts.len() / test.len();
    let horizon = width / table.series();
    let picks = picked(usual_window(forecasts, test), test, horizon);
    let [mut values, mut truth, mut low, mut high] = [const { Vec::new() }; 4];
    for &pick in &picks {
        let forecast = &forecasts[pick * width..(pick + 1) * width];
        let window = test.window(pick);
        values.extend(scalers.inverse(forecast));
        truth.extend(scalers.inverse(window.target()));
        if let Some([lower, upper]) = settings.around(forecast, &window) {
            low.extend(scalers.inverse(&lower));
            high.extend(scalers.inverse(&upper));
        }
    }
    let first = test.window(picks[0]);
    let panels = Panel::of_series(
        table.names(),
        shown,
        horizon,
        &scalers.inverse(first.input()),
        [&truth, &values, &low, &high],
    );
    let start = match table.times() {
        Some(times) => times[first.start()].to_string(),
        None => format!("row {}", first.start() + 1),
    };
    let title = format!(
        "{} of {horizon} {} in the test part, from {start} on{}",
        match picks.len() {
            1 => "A forecast".to_owned(),
            count => format!("{count} forecasts"),
        },
        if horizon == 1 { "step" } else { "steps" },
        shown.note()
    );
    draw_panels(folder, "forecast", &title, &panels).map(drop)
}

/// Windows one after another, from `first` on where there is room, so that short horizons show something.
fn picked(first: usize, windows: &TableWindows, horizon: usize) -> Vec<usize> {
    const STEPS: usize = 48;
    let starts = windows.starts();
    let mut picks = vec![first];
    while picks.len() * horizon + horizon <= STEPS {
        let next = starts[picks[picks.len() - 1]] + horizon;
        match starts.binary_search(&next) {
            Ok(pick) => picks.push(pick),
            Err(_) => break,
        }
    }
    picks
}

/// The window whose squared error is the median.
fn usual_window(forecasts: &[f32], windows: &TableWindows) -> usize {
    let width = forecasts.len() / windows.len();
    let error = |pick: usize| -> f64 {
        let forecast = &forecasts[pick * width..(pick + 1) * width];
        let window = windows.window(pick);
        let errors = forecast.iter().zip(window.target());
        errors
            .map(|(forecast, truth)| f64::from(forecast - truth).powi(2))
            .sum()
    };
    let mut order: Vec<(f64, usize)> = (0..windows.len()).map(|pick| (error(pick), pick)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    order[order.len() / 2].1
}
