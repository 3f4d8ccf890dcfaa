//! How far the truth usually is from a forecast.

use burn::data::dataset::Dataset;
use burn_rnn_data::{TableWindow, TableWindows, conformal_width};
use serde::{Deserialize, Serialize};

/// Around every forecast a band that contains it, and the truth with a probability of [`LEVEL`](Self::LEVEL): the
/// conformal quantile of the absolute errors on the validation part, by step and series (split conformal prediction, Lei et
/// al. 2018). That holds for errors like those of the validation part, which also chose the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// What leads from a forecast to the lower bound, `[horizon, series]` in row-major order. Files of earlier versions
    /// have the 10 % quantiles of the signed errors, which may be above 0.
    pub low: Vec<f32>,
    /// What leads to the upper bound; there the 90 % quantiles, which may be below 0.
    pub high: Vec<f32>,
    /// Whether both are in standard deviations of the window that a forecast is made from (the "locally weighted" form of
    /// Lei et al.), as suits a model that measures its windows so: errors grow with a series. Else they are scaled values.
    #[serde(default)]
    pub by_deviation: bool,
}

impl Bands {
    /// The share of the truth that a band is to contain.
    pub const LEVEL: f64 = 0.8;

    /// The fewest errors that a width is taken from: with nine the second largest decides, with fewer the largest alone.
    pub const FEWEST: usize = 9;

    /// Whether there are enough windows. Those that start a row apart share most of what happened to them, so there are at
    /// least two without a common target.
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
    pub(super) fn of(
        forecasts: &[f32],
        windows: &TableWindows,
        by_deviation: bool,
    ) -> Option<Self> {
        let width = forecasts.len() / windows.len();
        let series = windows.window(0).table().series();
        let starts = windows.starts();
        let (first, last) = (starts[0], starts[starts.len() - 1]);
        if !Self::enough(starts.len(), first, last, width / series) {
            return None;
        }
        let mut errors: Vec<Vec<f64>> = vec![Vec::with_capacity(windows.len()); width];
        for (pick, forecast) in forecasts.chunks(width).enumerate() {
            let window = windows.window(pick);
            let units = units(&window, by_deviation);
            let pairs = forecast.iter().zip(window.target());
            let units = units.iter().cycle();
            for ((errors, (forecast, truth)), unit) in errors.iter_mut().zip(pairs).zip(units) {
                errors.push((f64::from(*truth) - f64::from(*forecast)) / unit);
            }
        }
        let high: Option<Vec<f32>> = errors
            .iter()
            .map(|errors| conformal_width(errors, Self::LEVEL).map(|width| width as f32))
            .collect();
        let high = high?;
        Some(Self {
            low: high.iter().map(|width| -width).collect(),
            high,
            by_deviation,
        })
    }

    /// The lower and the upper bound of a forecast from `window`; the forecast is not outside.
    pub(super) fn around(&self, forecast: &[f32], window: &TableWindow) -> [Vec<f32>; 2] {
        let units = units(window, self.by_deviation);
        let add = |widths: &[f32], inside: fn(f64, f64) -> f64| -> Vec<f32> {
            let values = forecast.iter().zip(widths).zip(units.iter().cycle());
            values
                .map(|((value, width), unit)| {
                    (f64::from(*value) + inside(f64::from(*width), 0.0) * unit) as f32
                })
                .collect()
        };
        [add(&self.low, f64::min), add(&self.high, f64::max)]
    }

    /// The share of the truth within the bands around `forecasts`, over all windows, steps and series.
    pub(super) fn coverage(&self, forecasts: &[f32], windows: &TableWindows) -> f64 {
        let width = forecasts.len() / windows.len();
        let mut within = 0;
        for (pick, forecast) in forecasts.chunks(width).enumerate() {
            let window = windows.window(pick);
            let [low, high] = self.around(forecast, &window);
            let bounds = low.iter().zip(&high);
            let truth = window.target().iter().zip(bounds);
            within += truth
                .filter(|(truth, (low, high))| low <= truth && truth <= high)
                .count();
        }
        within as f64 / forecasts.len() as f64
    }
}

/// What widths are measured in, series by series: the deviation of the window, or 1.
fn units(window: &TableWindow, by_deviation: bool) -> Vec<f64> {
    /// Keeps bands of windows in which nothing happens finite, as those windows are.
    const LEAST: f64 = 1e-3;
    let series = window.table().series();
    if !by_deviation {
        return vec![1.0; series];
    }
    let deviation = |place: usize| {
        let values = || window.input().iter().skip(place).step_by(series);
        let values = || values().map(|value| f64::from(*value));
        let count = values().count() as f64;
        let mean = values().sum::<f64>() / count;
        let square = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        square.sqrt().max(LEAST)
    };
    (0..series).map(deviation).collect()
}

#[cfg(test)]
mod tests {
    use burn_rnn_data::{ScaledTable, ScalerKind, Scalers, Table, TimeFeatures};

    use super::*;

    /// Rows 0, 1, 2, …, 29 of one series, scaled to 0, 1/29, …
    fn windows(horizon: usize) -> TableWindows {
        let values = (0..30).map(f64::from).collect();
        let table = Table::new(vec!["a".to_owned()], values, None).unwrap();
        let scalers = Scalers::fit(ScalerKind::MinMax, &table, 0..30).unwrap();
        let scaled = ScaledTable::new(&table, &scalers, TimeFeatures::None).unwrap();
        TableWindows::new(&scaled, 4..30, 4, horizon).unwrap()
    }

    #[test]
    fn widths_are_taken_from_enough_errors() {
        // Nine windows of one step; of twelve steps the thirteenth begins after the first ends.
        assert!(Bands::enough_rows(9, 1) && !Bands::enough_rows(8, 1));
        assert!(Bands::enough_rows(24, 12) && !Bands::enough_rows(23, 12));
        assert!(!Bands::enough_rows(3, 12));
    }

    /// Forecasts that are too low by 1, 2, …, 26 hundredths: 22 of the 26 are within the band.
    #[test]
    fn the_band_is_as_wide_as_the_errors_and_covers_what_it_says() {
        let windows = windows(1);
        let errors = (1..).map(|error| error as f32 / 100.0);
        let picks = (0..windows.len()).zip(errors);
        let forecasts: Vec<f32> = picks
            .map(|(pick, error)| windows.window(pick).target()[0] - error)
            .collect();
        let bands = Bands::of(&forecasts, &windows, false).unwrap();
        assert!((bands.high[0] - 0.22).abs() < 1e-6 && bands.low[0] == -bands.high[0]);
        assert!((bands.coverage(&forecasts, &windows) - 22.0 / 26.0).abs() < 0.04);
        // Four rows 1/29 apart deviate by √1.25 / 29, all windows alike.
        let by_deviation = Bands::of(&forecasts, &windows, true).unwrap();
        let width = 0.22 / (1.25f32.sqrt() / 29.0);
        assert!((by_deviation.high[0] - width).abs() < 1e-3 * width);
        let window = windows.window(0);
        let [low, high] = by_deviation.around(&[0.5], &window);
        assert!((low[0] - 0.28).abs() < 1e-4 && (high[0] - 0.72).abs() < 1e-4);
        // Eleven windows of sixteen steps all overlap.
        let long = self::windows(16);
        assert_eq!(Bands::of(&vec![0.0; 16 * 11], &long, false), None);
    }

    /// Those of earlier versions may lie beside their forecast, and know no deviation.
    #[test]
    fn a_band_contains_its_forecast() {
        let json = r#"{"low":[-1.0,0.5,-3.0],"high":[2.0,1.0,-2.0]}"#;
        let bands: Bands = serde_json::from_str(json).unwrap();
        let window = windows(3).window(0);
        assert_eq!(
            bands.around(&[10.0, 10.0, 10.0], &window),
            [vec![9.0, 10.0, 7.0], vec![12.0, 11.0, 10.0]]
        );
    }
}
