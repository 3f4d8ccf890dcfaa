//! From errors to a threshold: what is usual, by a part of the data that the weights were not learnt from.

use core::ops::Range;

use burn_rnn_data::{PeaksOverThreshold, stretches};
use serde::{Deserialize, Serialize};

use super::scores::{Errors, Scores};
use crate::TrainError;

/// How scores are made, and from when on they are an anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// The share of usual rows that is to lie above the threshold.
    pub(super) risk: f64,
    /// The span of the exponentially weighted mean of errors, in rows.
    pub(super) smoothing: usize,
    /// The most rows between two flagged ones of one stretch.
    pub(super) gap: usize,
}

impl Rule {
    pub(super) fn validate(&self) -> Result<(), TrainError> {
        TrainError::check_sizes(&[("--smoothing", self.smoothing)])?;
        TrainError::check_positive(&[("--risk", self.risk)])?;
        TrainError::check_probabilities(&[("--risk", self.risk)])
    }

    /// What is usual in `rows`, whose errors these are.
    pub(super) fn calibrate(
        &self,
        errors: &Errors,
        rows: &[usize],
    ) -> Result<Calibration, TrainError> {
        let spreads = errors.spreads(rows);
        let scores = errors.scores(&spreads, self.smoothing);
        let usual: Vec<f64> = rows.iter().map(|row| scores.values[*row]).collect();
        let threshold = PeaksOverThreshold { risk: self.risk }.threshold(&usual)?;
        Ok(Calibration { spreads, threshold })
    }
}

/// What errors are usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The root of the mean square error of each channel.
    pub spreads: Vec<f64>,
    /// The score from which on a row is flagged.
    pub threshold: f64,
}

impl Calibration {
    pub(super) fn validate(&self, channels: usize) -> Result<(), TrainError> {
        TrainError::check_lengths(&[("the number of spreads", self.spreads.len(), channels)])?;
        for spread in &self.spreads {
            TrainError::check_positive(&[("the spread of a channel", *spread)])?;
        }
        match self.threshold.is_finite() && self.threshold >= 0.0 {
            true => Ok(()),
            false => Err(TrainError::setting(
                "the threshold",
                self.threshold,
                "a number of at least 0",
            )),
        }
    }

    /// What of a table is an anomaly, by errors of all of its rows.
    pub(super) fn judge(&self, errors: &Errors, rule: Rule) -> Judged {
        let scores = errors.scores(&self.spreads, rule.smoothing);
        let flags = scores.flags(self.threshold);
        Judged {
            stretches: stretches(&flags, rule.gap),
            flags,
            scores,
            threshold: self.threshold,
        }
    }
}

/// What was found in a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) scores: Scores,
    pub(super) threshold: f64,
    pub(super) flags: Vec<bool>,
    pub(super) stretches: Vec<Range<usize>>,
}

impl Judged {
    /// The stretches that lie in `rows`, as far as they do.
    pub(super) fn within(&self, rows: &Range<usize>) -> Vec<Range<usize>> {
        let cut = |one: &Range<usize>| one.start.max(rows.start)..one.end.min(rows.end);
        let cut = self.stretches.iter().map(cut);
        cut.filter(|one| one.start < one.end).collect()
    }

    /// The row of a stretch with the highest score.
    pub(super) fn peak(&self, stretch: &Range<usize>) -> usize {
        let rows = stretch.clone();
        let scores = &self.scores.values;
        rows.max_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(b.cmp(a)))
            .unwrap_or(stretch.start)
    }
}
