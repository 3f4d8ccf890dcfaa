//! Where a training stands.

use core::fmt::Display;

use serde::{Deserialize, Serialize};

use super::bits;
use crate::CheckpointError;

/// Where a training stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The optimizer steps made.
    pub(super) step: usize,
    /// The pass over the examples, counted from 0.
    pub(super) pass: usize,
    /// The batches of this pass that are done.
    pub(super) batch: usize,
    /// All held-out scores of the best model; empty before there is one.
    #[serde(with = "bits::all")]
    pub(super) best_scores: Vec<f64>,
    /// The steps made when the best model was saved.
    pub(super) best_step: usize,
    /// The evaluations since then.
    pub(super) since_best: usize,
    /// What was seen at the evaluations.
    pub(super) curve: Vec<Point>,
    /// The sum of the losses since the last evaluation.
    #[serde(with = "bits")]
    pub(super) loss_sum: f64,
    /// Their number.
    pub(super) loss_count: usize,
    /// The seconds that the training has taken.
    pub(super) seconds: f64,
}

/// A point of the learning curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The optimizer steps made.
    pub step: usize,
    /// The mean training loss since the point before.
    #[serde(with = "bits")]
    pub train: f64,
    /// The held-out scores.
    #[serde(with = "bits::all")]
    pub scores: Vec<f64>,
}

impl Position {
    /// Refuses a place that a training of `steps` steps and `scores` held-out scores does not come to.
    pub(super) fn check(&self, steps: usize, scores: usize) -> Result<(), CheckpointError> {
        let refuse = |what: &str, found: &dyn Display, expected: String| {
            Err(CheckpointError::unfit("place", what, found, expected))
        };
        if !(1..=steps).contains(&self.step) {
            return refuse("step", &self.step, format!("1 to {steps}"));
        }
        for (name, count) in [
            ("pass", self.pass),
            ("number of losses", self.loss_count),
            ("step of the best model", self.best_step),
        ] {
            if count > self.step {
                let most = format!("at most {}, the steps made", self.step);
                return refuse(name, &count, most);
            }
        }
        let expected = match self.curve.is_empty() {
            true => 0,
            false => scores,
        };
        let wrong = |given: &&Vec<f64>| given.len() != expected;
        let curve = self.curve.iter().map(|point| &point.scores);
        if let Some(given) = curve.chain([&self.best_scores]).find(wrong) {
            return refuse("number of scores", &given.len(), expected.to_string());
        }
        let last = self.curve.last().map_or(0, |point| point.step);
        let rising = self.curve.is_sorted_by(|a, b| a.step < b.step);
        if !rising || last > self.step {
            let expected = "rising steps up to its own".to_owned();
            return refuse("learning curve", &"other", expected);
        }
        if self.since_best > self.curve.len() {
            let most = format!("at most {}", self.curve.len());
            let what = "evaluations without a better score";
            return refuse(what, &self.since_best, most);
        }
        if !(self.seconds >= 0.0 && self.seconds.is_finite() && self.loss_sum.is_finite()) {
            let given = format!("{} and {}", self.seconds, self.loss_sum);
            let expected = "finite numbers".to_owned();
            return refuse("seconds and sum of losses", &given, expected);
        }
        Ok(())
    }
}
