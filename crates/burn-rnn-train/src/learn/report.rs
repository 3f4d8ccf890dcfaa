//! What a training says while it runs, where there is no dashboard.

use core::fmt::Display;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::checkpoint::Point;
use crate::{say, warn};

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// Standard output.
    Output,
    /// Standard error: standard output is for machines.
    Error,
    /// Nowhere: the dashboard has the terminal.
    Nowhere,
}

/// Prints the lines.
pub(super) struct Report {
    to: To,
    spoken: Mutex<Instant>,
}

/// A line at least this often, so that nobody thinks that it hangs.
const SILENCE_AT_MOST: Duration = Duration::from_secs(10);

impl Report {
    pub(super) fn new(to: To) -> Self {
        Self {
            to,
            spoken: Mutex::new(Instant::now()),
        }
    }

    pub(super) fn line(&self, line: impl Display) {
        match self.to {
            // Where nobody takes it the training goes on: its model is worth more than its lines.
            To::Output => drop(say(line)),
            To::Error => warn(line),
            To::Nowhere => {}
        }
        *self.spoken.lock().expect("printing does not panic") = Instant::now();
    }

    pub(super) fn step(&self, step: usize, steps: usize, loss: f64, norm: f64, rate: f64) {
        let spoken = *self.spoken.lock().expect("printing does not panic");
        if spoken.elapsed() > SILENCE_AT_MOST {
            self.line(format_args!(
                "step {step:6} of {steps}  loss {loss:.4}  gradient norm {norm:.3}  rate {rate:.2e}"
            ));
        }
    }

    pub(super) fn evaluation(&self, point: &Point, names: &[&str], best: bool, seconds: f64) {
        let scores: Vec<String> = names
            .iter()
            .zip(&point.scores)
            .map(|(name, score)| format!("{name} {score:.4}"))
            .collect();
        self.line(format_args!(
            "step {:6}  training loss {:.4}  {}  {seconds:.0} s{}",
            point.step,
            point.train,
            scores.join("  "),
            if best { "  (best: saved)" } else { "" },
        ));
    }

    pub(super) fn sample(&self, sample: &str) {
        for line in sample.lines() {
            self.line(format_args!("    | {line}"));
        }
    }
}
