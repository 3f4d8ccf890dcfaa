//! What a training says while it runs, where there is no dashboard.

use core::fmt::Display;
use std::time::{Duration, Instant};

use super::view::{Evaluation, Step, View};
use crate::{printable, say, warn};

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// Standard output.
    Output,
    /// Standard error: standard output is for machines.
    Error,
}

/// Prints the lines.
pub(super) struct Report {
    to: To,
    spoken: Instant,
}

/// A line at least this often, so that nobody thinks that it hangs.
const SILENCE_AT_MOST: Duration = Duration::from_secs(10);

impl Report {
    pub(super) fn new(to: To) -> Self {
        Self {
            to,
            spoken: Instant::now(),
        }
    }

    pub(super) fn line(&mut self, line: impl Display) {
        self.spoken = Instant::now();
        match self.to {
            // Where nobody takes it the training goes on: its model is worth more than its lines.
            To::Output => drop(say(line)),
            To::Error => warn(line),
        }
    }
}

impl View for Report {
    fn resumed(&mut self, step: usize, steps: usize) {
        self.line(format_args!("Going on from step {step} of {steps}."));
    }

    fn step(&mut self, step: Step) {
        if self.spoken.elapsed() <= SILENCE_AT_MOST {
            return;
        }
        self.line(format_args!(
            "step {:6} of {}  loss {:.4}  gradient norm {:.3}  rate {:.2e}",
            step.step, step.steps, step.loss, step.norm, step.rate
        ));
    }

    fn evaluation(&mut self, evaluation: Evaluation) {
        let point = evaluation.point;
        let scores = evaluation.names.iter().zip(&point.scores);
        let scores: Vec<String> = scores
            .map(|(name, score)| format!("{name} {score:.4}"))
            .collect();
        self.line(format_args!(
            "step {:6}  training loss {:.4}  {}  {:.0} s{}",
            point.step,
            point.train,
            scores.join("  "),
            evaluation.seconds,
            if evaluation.best {
                "  (best: saved)"
            } else {
                ""
            },
        ));
        for line in evaluation.sample.iter().flat_map(|sample| sample.lines()) {
            self.line(format_args!("    | {}", printable(line)));
        }
    }
}
