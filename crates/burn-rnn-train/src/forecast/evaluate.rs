//! Walk-forward comparison of forecasts.

use core::ops::Range;

use burn::tensor::Device;
use burn_rnn_data::{
    Fold, Scaler, ScalerKind, WalkForward, Windows, detect_season, naive, seasonal_naive,
};

use super::{Curve, FitSettings, ForecasterKind, Lessons, fit, predict};
use crate::TrainError;

/// What is compared, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// The number of values that are forecast at once.
    pub horizon: usize,
    /// The number of values that a network sees. Where not given it is one season, if there is one no
    /// longer than an eighth of the first training part, or else four horizons.
    pub window: Option<usize>,
    /// How each training part is scaled.
    pub scaler: ScalerKind,
    /// The number of folds; the last ends with the series.
    pub folds: usize,
    /// The number of values of a fold's test part, and of its validation part before that.
    pub test_len: usize,
    /// The season of the seasonal naive forecast; found in the first training part where not given.
    pub season: Option<usize>,
    /// The networks, the one that matters first.
    pub networks: Vec<ForecasterKind>,
    /// The number of networks of a kind, of which the mean forecast counts (Lakshminarayanan et al.
    /// 2017): they differ in their seed alone, so it takes out the luck of the draw.
    pub members: usize,
    /// How the networks are trained; the seed is that of the first member.
    pub fit: FitSettings,
}

/// What of an [`Experiment`] depends on the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The parts of the series, the earliest fold first.
    pub folds: Vec<Fold>,
    /// The season of the seasonal naive forecast; without one there is no such forecast.
    pub season: Option<usize>,
    /// The number of values that a network sees.
    pub window: usize,
}

impl Experiment {
    /// Splits the series, and finds the season and the window where they are not given.
    ///
    /// # Errors
    ///
    /// Where the series is too short, or a setting does not fit.
    pub fn plan(&self, series: &[f64]) -> Result<Plan, TrainError> {
        let split = WalkForward::new(self.folds, self.test_len).with_validation_len(self.test_len);
        let first = split.split(series.len())?[0].train.clone();
        let season = self
            .season
            .or_else(|| detect_season(&series[first.clone()], first.len() / 3));
        let window = self.window.unwrap_or_else(|| {
            season
                .filter(|season| (2 * self.horizon..=first.len() / 8).contains(season))
                .unwrap_or(4 * self.horizon)
        });
        let split = split.with_min_train(window + self.horizon);
        Ok(Plan {
            folds: split.split(series.len())?,
            season,
            window,
        })
    }
}

/// The errors of one way to forecast, in the units of the series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// The mean absolute error.
    pub mae: f64,
    /// The root of the mean squared error.
    pub rmse: f64,
}

/// A forecast and where in the series it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The index of the first value that is forecast.
    pub start: usize,
    /// The values, in the units of the series.
    pub values: Vec<f64>,
}

/// What one fold gave.
#[derive(Clone, Debug)]
pub struct FoldReport {
    /// The parts of the series.
    pub fold: Fold,
    /// The errors by the names of the forecasts, the networks first.
    pub scores: Vec<(String, Scores)>,
    /// The losses of each network's first member by name.
    pub curves: Vec<(String, Curve)>,
    /// The first network's forecasts, one after another without overlap.
    pub forecasts: Vec<Forecast>,
}

/// What all folds gave.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The season of the seasonal naive forecast; without one there is no such forecast.
    pub season: Option<usize>,
    /// The folds, the earliest first.
    pub folds: Vec<FoldReport>,
}

impl Comparison {
    /// The errors over all folds: they have the same number of forecasts, so the mean of the
    /// absolute errors, and the root of the mean of the squares.
    pub fn scores(&self) -> Vec<(String, Scores)> {
        let count = self.folds.len() as f64;
        let names = self.folds[0].scores.iter().map(|(name, _)| name);
        names
            .enumerate()
            .map(|(index, name)| {
                let folds = || self.folds.iter().map(|fold| fold.scores[index].1);
                let mae = folds().map(|scores| scores.mae).sum::<f64>() / count;
                let squares = folds().map(|scores| scores.rmse.powi(2)).sum::<f64>();
                let rmse = (squares / count).sqrt();
                (name.clone(), Scores { mae, rmse })
            })
            .collect()
    }
}

/// Trains and tests every network and every naive forecast on every fold. A network sees nothing of
/// a fold's test part while it learns: the series is scaled by the training part alone, and the number
/// of epochs is chosen on the validation part, as [`fit`] says. `epoch` is told of fold, network and losses after each
/// epoch.
///
/// # Errors
///
/// Where the series is too short, or a setting does not fit.
pub fn evaluate(
    series: &[f64],
    experiment: &Experiment,
    plan: &Plan,
    device: &Device,
    mut epoch: impl FnMut(usize, &ForecasterKind, &Curve),
) -> Result<Comparison, TrainError> {
    let Plan {
        folds,
        season,
        window,
    } = plan.clone();
    let horizon = experiment.horizon;
    TrainError::check_counts(&[("the number of members", experiment.members)])?;
    let mut reports = Vec::with_capacity(folds.len());
    for (index, fold) in folds.into_iter().enumerate() {
        let scaler = Scaler::fit(experiment.scaler, &series[fold.train.clone()])?;
        let scaled = scaler.transform(series);
        let windows = |targets: Range<usize>| Windows::new(&scaled, targets, window, horizon);
        // The first `window` values have no past to be forecast from.
        let lessons = Lessons {
            train: windows(window..fold.train.end)?,
            validation: windows(fold.validation.clone())?,
            all: windows(window..fold.validation.end)?,
        };
        let test = windows(fold.test.clone())?;

        let mut report = FoldReport {
            fold,
            scores: Vec::new(),
            curves: Vec::new(),
            forecasts: Vec::new(),
        };
        for network in &experiment.networks {
            let mut curve = Curve::default();
            let mut values: Vec<Vec<f32>> = Vec::new();
            for member in 0..experiment.members {
                let mut settings = experiment.fit.clone();
                settings.seed += member as u64;
                let (model, losses) = fit(network, &lessons, &settings, device, |curve| {
                    epoch(index, network, curve);
                })?;
                add(&mut values, predict(&model, &test, device));
                if member == 0 {
                    curve = losses;
                }
            }
            let mean = |sum: &f32| sum / experiment.members as f32;
            let forecasts: Vec<Forecast> = values
                .iter()
                .enumerate()
                .map(|(pick, sums)| Forecast {
                    start: test.target_start(pick),
                    values: scaler.inverse(&sums.iter().map(mean).collect::<Vec<_>>()),
                })
                .collect();
            let name = network.name().to_owned();
            report
                .scores
                .push((name.clone(), scores(series, &forecasts)));
            report.curves.push((name, curve));
            if report.forecasts.is_empty() {
                report.forecasts = forecasts.into_iter().step_by(horizon).collect();
            }
        }

        let starts = || (0..test.len()).map(|pick| test.target_start(pick));
        let naive: Vec<Forecast> = starts()
            .map(|start| Forecast {
                start,
                values: naive(&series[..start], horizon),
            })
            .collect();
        report
            .scores
            .push(("naive".to_owned(), scores(series, &naive)));
        if let Some(season) = season {
            let seasonal: Result<Vec<Forecast>, TrainError> = starts()
                .map(|start| {
                    let values = seasonal_naive(&series[..start], season, horizon)?;
                    Ok(Forecast { start, values })
                })
                .collect();
            let name = format!("seasonal naive ({season})");
            report.scores.push((name, scores(series, &seasonal?)));
        }
        reports.push(report);
    }
    Ok(Comparison {
        season,
        folds: reports,
    })
}

/// Adds `forecasts` to `sums`, which is empty before the first.
fn add(sums: &mut Vec<Vec<f32>>, forecasts: Vec<Vec<f32>>) {
    if sums.is_empty() {
        *sums = forecasts;
        return;
    }
    for (sum, forecast) in sums.iter_mut().flatten().zip(forecasts.iter().flatten()) {
        *sum += forecast;
    }
}

fn scores(series: &[f64], forecasts: &[Forecast]) -> Scores {
    let mut absolute = 0.0;
    let mut squares = 0.0;
    let mut count = 0;
    for forecast in forecasts {
        let truth = &series[forecast.start..forecast.start + forecast.values.len()];
        for (forecast, truth) in forecast.values.iter().zip(truth) {
            let error = forecast - truth;
            absolute += error.abs();
            squares += error * error;
            count += 1;
        }
    }
    Scores {
        mae: absolute / count as f64,
        rmse: (squares / count as f64).sqrt(),
    }
}
