//! How the learning rate goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};

/// The kinds of schedules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScheduleKind {
    /// The same rate throughout.
    Constant {
        /// The rate.
        rate: f64,
    },
    /// Half a cosine from `first` to `last` (Loshchilov & Hutter 2017, without restarts).
    Cosine {
        /// The rate of the first step.
        first: f64,
        /// The rate of the last step.
        last: f64,
    },
    /// From a 25th of `highest` up to it over the first third, then down to `last`, both along half
    /// cosines (Smith 2018; PyTorch's `OneCycleLR`).
    OneCycle {
        /// The rate at the top.
        highest: f64,
        /// The rate of the last step.
        last: f64,
    },
    /// The rate halves where the best score has not improved for three evaluations (as PyTorch's
    /// `ReduceLROnPlateau` with `factor=0.5, patience=2`).
    Plateau {
        /// The rate of the first step.
        first: f64,
    },
}

const PLATEAU_PATIENCE: usize = 3;
const PLATEAU_FACTOR: f64 = 0.5;

/// A learning rate that goes on by step and, on a plateau, by the evaluations that the loop tells its
/// clone of.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    kind: ScheduleKind,
    steps: usize,
    made: usize,
    /// How often a plateau halved the rate. Shared with the loop, because the scheduler that does the
    /// steps is within burn-train's `Learner`, where nothing can reach it.
    halvings: Arc<AtomicUsize>,
}

impl Schedule {
    pub(super) fn new(kind: ScheduleKind, steps: usize) -> Self {
        Self {
            kind,
            steps,
            made: 0,
            halvings: Arc::default(),
        }
    }

    /// Tells of an evaluation, the `since_best`th in a row without improvement.
    pub(super) fn evaluated(&self, since_best: usize) {
        let plateau = matches!(self.kind, ScheduleKind::Plateau { .. });
        if plateau && since_best > 0 && since_best.is_multiple_of(PLATEAU_PATIENCE) {
            self.halvings.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The rate of a step, counted from 0.
    fn rate(&self, step: usize) -> f64 {
        let last_step = self.steps.saturating_sub(1).max(1) as f64;
        let progress = (step as f64 / last_step).min(1.0);
        match self.kind {
            ScheduleKind::Constant { rate } => rate,
            ScheduleKind::Cosine { first, last } => half_cosine(first, last, progress),
            ScheduleKind::OneCycle { highest, last } => {
                let top = 1.0 / 3.0;
                if progress < top {
                    half_cosine(highest / 25.0, highest, progress / top)
                } else {
                    half_cosine(highest, last, (progress - top) / (1.0 - top))
                }
            }
            ScheduleKind::Plateau { first } => {
                first * PLATEAU_FACTOR.powi(self.halvings.load(Ordering::Relaxed) as i32)
            }
        }
    }
}

fn half_cosine(from: f64, to: f64, progress: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (core::f64::consts::PI * progress).cos())
}

impl LrScheduler for Schedule {
    fn step(&mut self) -> f64 {
        let rate = self.rate(self.made);
        self.made += 1;
        rate
    }

    fn to_record(&self) -> LrSchedulerRecord {
        LrSchedulerRecord::new()
            .with_scalar("made", self.made as u64)
            .with_scalar("halvings", self.halvings.load(Ordering::Relaxed) as u64)
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        if let Some(made) = record.scalar::<u64>("made") {
            self.made = made as usize;
        }
        if let Some(halvings) = record.scalar::<u64>("halvings") {
            self.halvings.store(halvings as usize, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(kind: ScheduleKind, steps: usize) -> Vec<f64> {
        let mut schedule = Schedule::new(kind, steps);
        (0..steps).map(|_| schedule.step()).collect()
    }

    #[test]
    fn a_cosine_falls_from_the_first_to_the_last_rate() {
        let rates = rates(
            ScheduleKind::Cosine {
                first: 1.0,
                last: 0.1,
            },
            11,
        );
        assert!((rates[0] - 1.0).abs() < 1e-12 && (rates[10] - 0.1).abs() < 1e-12);
        assert!((rates[5] - 0.55).abs() < 1e-12);
        assert!(rates.windows(2).all(|pair| pair[1] < pair[0]));
    }

    #[test]
    fn one_cycle_is_at_its_top_after_a_third() {
        let rates = rates(
            ScheduleKind::OneCycle {
                highest: 1.0,
                last: 0.01,
            },
            31,
        );
        assert!((rates[0] - 0.04).abs() < 1e-12 && (rates[10] - 1.0).abs() < 1e-12);
        assert!((rates[30] - 0.01).abs() < 1e-12);
    }

    #[test]
    fn a_plateau_halves_and_the_record_keeps_it() {
        let mut schedule = Schedule::new(ScheduleKind::Plateau { first: 1.0 }, 100);
        for since_best in [0, 1, 2, 3, 4] {
            schedule.evaluated(since_best);
        }
        assert_eq!(schedule.step(), 0.5);
        let mut other = Schedule::new(ScheduleKind::Plateau { first: 1.0 }, 100);
        other.load_record(schedule.to_record());
        assert_eq!((other.step(), other.made), (0.5, 2));
    }
}
