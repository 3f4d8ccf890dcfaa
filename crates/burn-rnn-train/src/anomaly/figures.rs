//! The figures of a model on the test part, and what a user has to be told of them.

use core::ops::Range;

use burn_rnn_data::{EventScore, PointScore, Table, stretches};

use super::calibration::Judged;
use crate::TrainError;

/// Where more of the test part is flagged, something is wrong with the threshold or the series.
const MOST_FLAGGED: f64 = 0.5;

/// What was found in the test part, and how well that agrees with labels.
pub(super) struct Figures {
    rows: usize,
    flagged: usize,
    stretches: usize,
    threshold: f64,
    /// Where there are labels.
    scores: Option<Scores>,
}

struct Scores {
    truths: usize,
    events: EventScore,
    points: PointScore,
    baseline: EventScore,
    baseline_points: PointScore,
}

impl Figures {
    pub(super) fn of(
        table: &Table,
        test: &Range<usize>,
        model: &Judged,
        baseline: &Judged,
    ) -> Result<Self, TrainError> {
        if test.is_empty() {
            let expected = "at least 1: give a --split with a test part";
            return Err(TrainError::setting(
                "the rows of the test part",
                0,
                expected,
            ));
        }
        let scores = table.labels().map(|labels| {
            let labels = &labels[test.clone()];
            // A true stretch is as it is labelled: no gap is closed.
            let truth = stretches(labels, 0);
            let truth: Vec<Range<usize>> = truth
                .into_iter()
                .map(|one| one.start + test.start..one.end + test.start)
                .collect();
            let events = |judged: &Judged| EventScore::new(&judged.within(test), &truth);
            let points = |judged: &Judged| PointScore::new(&judged.flags[test.clone()], labels);
            Scores {
                truths: truth.len(),
                events: events(model),
                points: points(model),
                baseline: events(baseline),
                baseline_points: points(baseline),
            }
        });
        let flags = &model.flags[test.clone()];
        Ok(Self {
            rows: test.len(),
            flagged: flags.iter().filter(|flag| **flag).count(),
            stretches: model.within(test).len(),
            threshold: model.threshold,
            scores,
        })
    }

    /// By their names. Without an anomaly among the labels only what is flagged can be told.
    pub(super) fn named(&self) -> Vec<(&'static str, f64)> {
        let mut figures = vec![
            ("threshold", self.threshold),
            ("test stretches flagged", self.stretches as f64),
            (
                "test share of rows flagged",
                self.flagged as f64 / self.rows as f64,
            ),
        ];
        if let Some(scores) = self.scores.as_ref().filter(|scores| scores.truths > 0) {
            figures.extend([
                ("test event F1", scores.events.f1()),
                ("test event precision", scores.events.precision()),
                ("test event recall", scores.events.recall()),
                ("test event F1, z-score", scores.baseline.f1()),
                ("test point F1", scores.points.f1()),
                ("test point precision", scores.points.precision()),
                ("test point recall", scores.points.recall()),
                ("test point F1, z-score", scores.baseline_points.f1()),
            ]);
        }
        figures
    }

    /// What makes the figures less than they seem, a line each.
    pub(super) fn told(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let share = self.flagged as f64 / self.rows as f64;
        if share > MOST_FLAGGED {
            lines.push(format!(
                "{:.0} % of the rows of the test part are flagged: the series is another there than in the training part, or the threshold \
                 {:.3} is too low (a smaller --risk makes it higher). The figures by events mean nothing then.",
                100.0 * share,
                self.threshold
            ));
        }
        if self.flagged == 0 {
            lines.push(format!(
                "No row of the test part is flagged: none has a score above the threshold {:.3} (a larger --risk makes it lower).",
                self.threshold
            ));
        }
        match &self.scores {
            Some(scores) if scores.truths == 0 => lines.push(format!(
                "The labels have no anomaly in the test part: there is no precision or recall to tell; {} stretches are flagged there.",
                self.stretches
            )),
            Some(scores) if scores.baseline.f1() >= scores.events.f1() => lines.push(format!(
                "This model is of no use as it is: its event F1 is {:.3}, that of the z-score without a model {:.3}.",
                scores.events.f1(),
                scores.baseline.f1()
            )),
            _ => {}
        }
        lines
    }
}
