//! The figures of a model on the test part, and what a user has to be told of them.

use burn_rnn_data::{TableWindows, naive_error};

use super::score::{Score, baselines};
use super::{Bands, ForecastSettings};
use crate::learn::Point;
use crate::{TrainError, printable};

/// The most series whose errors are told one by one.
const SERIES_TOLD: usize = 8;
/// A training of fewer steps learnt next to nothing.
const FEW_STEPS: usize = 100;
/// Where the second half of a training still took so much off its score, there is more to gain.
const STILL_FALLING: f64 = 0.1;

/// The errors of a model and of forecasts without one.
pub(super) struct Figures {
    score: Score,
    naive: Score,
    seasonal: Option<Score>,
    mase: Option<f64>,
    coverage: Option<f64>,
    /// Names and errors in the series' own units, where there are few series.
    own_units: Vec<(String, Score)>,
}

impl Figures {
    /// Of the forecasts of `test`; `train_end` is the number of rows that the model learnt from.
    pub(super) fn of(
        forecasts: &[f32],
        test: &TableWindows,
        settings: &ForecastSettings,
        train_end: usize,
    ) -> Result<Self, TrainError> {
        let by_series = Score::by_series(forecasts, test);
        let (naive, seasonal) = baselines(test, settings.season)?;
        let names = &settings.table.columns;
        let scalers = settings.scalers.series();
        let told = if names.len() <= SERIES_TOLD {
            names.len()
        } else {
            0
        };
        let own_units = names[..told].iter().zip(&by_series).zip(scalers);
        Ok(Self {
            score: Score::mean(&by_series),
            naive,
            seasonal,
            mase: mase(&by_series, test, settings.season, train_end),
            coverage: settings
                .bands
                .as_ref()
                .map(|bands| bands.coverage(forecasts, test)),
            own_units: own_units
                .map(|((name, score), scaler)| (printable(name), score.times(scaler.spread())))
                .collect(),
        })
    }

    /// By their names.
    pub(super) fn named(&self) -> Vec<(String, f64)> {
        let mut figures = vec![
            ("test MSE".to_owned(), self.score.mse),
            ("test MAE".to_owned(), self.score.mae),
            ("test MSE, naive".to_owned(), self.naive.mse),
            ("test MAE, naive".to_owned(), self.naive.mae),
        ];
        if let Some(seasonal) = self.seasonal {
            figures.push(("test MSE, seasonal naive".to_owned(), seasonal.mse));
            figures.push(("test MAE, seasonal naive".to_owned(), seasonal.mae));
        }
        figures.extend(self.mase.map(|mase| ("test MASE".to_owned(), mase)));
        if let Some(coverage) = self.coverage {
            let name = format!("test share within {} % bands", Bands::LEVEL * 100.0);
            figures.push((name, coverage));
        }
        for (name, score) in &self.own_units {
            figures.push((format!("test MAE of {name}, unscaled"), score.mae));
            figures.push((format!("test RMSE of {name}, unscaled"), score.mse.sqrt()));
        }
        figures
    }

    /// Which forecasts without a model are better, in a line.
    pub(super) fn losses(&self) -> Option<String> {
        let baselines = [
            ("naive", Some(self.naive)),
            ("seasonal naive", self.seasonal),
        ];
        let better: Vec<String> = baselines
            .into_iter()
            .filter_map(|(name, score)| Some((name, score?)))
            .filter(|(_, score)| score.mse <= self.score.mse)
            .map(|(name, score)| format!("of the {name} forecast {:.4}", score.mse))
            .collect();
        (!better.is_empty()).then(|| {
            format!(
                "This model is of no use as it is: its test MSE is {:.4}, {}.",
                self.score.mse,
                better.join(" and ")
            )
        })
    }
}

/// The mean absolute scaled error (Hyndman & Koehler 2006): each series' error in units of what the naive forecast, or the
/// seasonal one where there is a season, errs by within the training part; the mean of the series. Nothing where a series
/// does not change there.
fn mase(
    by_series: &[Score],
    test: &TableWindows,
    season: Option<usize>,
    train_end: usize,
) -> Option<f64> {
    let window = test.window(0);
    let table = window.table();
    let known = table.values(0..train_end);
    let series = by_series.len();
    let errors = by_series.iter().enumerate().map(|(place, score)| {
        let values = known.iter().skip(place).step_by(series);
        let values: Vec<f64> = values.map(|value| f64::from(*value)).collect();
        Some(score.mae / naive_error(&values, season.unwrap_or(1))?)
    });
    let errors: Option<Vec<f64>> = errors.collect();
    errors.map(|errors| errors.iter().sum::<f64>() / series as f64)
}

/// That a training was too short, as its evaluations tell.
pub(crate) fn undertrained(curve: &[Point]) -> Option<String> {
    let last = curve.last()?;
    let best = |points: &[Point]| {
        let scores = points.iter().map(|point| point.scores[0]);
        scores.fold(f64::INFINITY, f64::min)
    };
    let half = curve.partition_point(|point| 2 * point.step <= last.step);
    let (before, end) = (best(&curve[..half]), best(curve));
    // A training that ran out of patience did not end with its best score.
    let falling = last.scores[0] <= end;
    if last.step < FEW_STEPS {
        return Some(format!(
            "This model is hardly trained, after {} step{}: make more with --steps or --epochs.",
            last.step,
            if last.step == 1 { "" } else { "s" }
        ));
    }
    (falling && half > 0 && end < (1.0 - STILL_FALLING) * before).then(|| {
        format!(
            "The training ended while the validation MSE was still falling, from {before:.4} halfway to {end:.4}: make more \
             steps with --steps or --epochs."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(usize, f64)]) -> Vec<Point> {
        let point = |&(step, score): &(usize, f64)| Point {
            step,
            train: 1.0,
            scores: vec![score, 1.0],
        };
        points.iter().map(point).collect()
    }

    #[test]
    fn short_trainings_and_falling_ones_are_told() {
        let told = |points: &[(usize, f64)]| undertrained(&curve(points)).unwrap_or_default();
        assert!(told(&[(10, 1.0), (20, 0.9)]).contains("after 20 steps"));
        let falling = told(&[(100, 2.0), (200, 1.0), (300, 0.8), (400, 0.5)]);
        assert!(
            falling.contains("from 1.0000 halfway to 0.5000"),
            "{falling}"
        );
        assert_eq!(
            told(&[(100, 2.0), (200, 1.0), (300, 0.97), (400, 0.95)]),
            ""
        );
        // It ran out of patience.
        assert_eq!(told(&[(100, 2.0), (200, 1.0), (300, 0.5), (400, 0.7)]), "");
    }

    #[test]
    fn a_model_that_loses_is_told_to() {
        let score = |mse| Score { mse, mae: 1.0 };
        let mut figures = Figures {
            score: score(0.5),
            naive: score(0.6),
            seasonal: Some(score(0.4)),
            mase: None,
            coverage: Some(0.8),
            own_units: vec![("a".to_owned(), score(4.0))],
        };
        let losses = figures.losses().unwrap();
        assert!(losses.ends_with("is 0.5000, of the seasonal naive forecast 0.4000."));
        let named = figures.named();
        assert_eq!(named[6], ("test share within 80 % bands".to_owned(), 0.8));
        assert_eq!(named[8], ("test RMSE of a, unscaled".to_owned(), 2.0));
        figures.seasonal = None;
        assert_eq!(figures.losses(), None);
    }
}
