//! How the learning rate goes on.

use crate::CheckpointError;
use burn::lr_scheduler::LrSchedulerRecord;

/// The kinds of schedules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ScheduleKind {
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

/// The names of what goes into a record. The group of parameters comes first: there is one, of all.
const MADE: &str = "0.made";
const HALVINGS: &str = "0.halvings";

/// A learning rate that goes on by step and, on a plateau, by the evaluations that it is told of.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    kind: ScheduleKind,
    steps: usize,
    made: usize,
    /// How often a plateau halved the rate.
    halvings: usize,
}

impl Schedule {
    pub(super) fn new(kind: ScheduleKind, steps: usize) -> Self {
        Self {
            kind,
            steps,
            made: 0,
            halvings: 0,
        }
    }

    /// Tells of an evaluation, the `since_best`th in a row without improvement.
    pub(super) fn evaluated(&mut self, since_best: usize) {
        let plateau = matches!(self.kind, ScheduleKind::Plateau { .. });
        if plateau && since_best > 0 && since_best.is_multiple_of(PLATEAU_PATIENCE) {
            self.halvings += 1;
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
            ScheduleKind::Plateau { first } => first * PLATEAU_FACTOR.powi(self.halvings as i32),
        }
    }

    /// The rate of the next step.
    pub(super) fn step(&mut self) -> f64 {
        let rate = self.rate(self.made);
        self.made += 1;
        rate
    }

    pub(super) fn to_record(&self) -> LrSchedulerRecord {
        LrSchedulerRecord::new()
            .with_scalar(MADE, self.made as u64)
            .with_scalar(HALVINGS, self.halvings as u64)
    }

    /// The schedule at the place of a record, which has to be after so many steps and evaluations.
    pub(super) fn at(
        &self,
        record: &LrSchedulerRecord,
        steps: usize,
        evaluations: usize,
    ) -> Result<Self, CheckpointError> {
        let number = |name, range: core::ops::RangeInclusive<usize>| {
            let number = record.scalar::<u64>(name);
            let found = number.map_or("missing".to_owned(), |number| number.to_string());
            let expected = format!("{} to {}", range.start(), range.end());
            number
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| range.contains(number))
                .ok_or_else(|| CheckpointError::unfit("schedule", name, found, expected))
        };
        Ok(Self {
            made: number(MADE, steps..=steps)?,
            halvings: number(HALVINGS, 0..=evaluations)?,
            ..self.clone()
        })
    }
}

fn half_cosine(from: f64, to: f64, progress: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (core::f64::consts::PI * progress).cos())
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
        let other = Schedule::new(ScheduleKind::Plateau { first: 1.0 }, 100);
        let mut other = other.at(&schedule.to_record(), 1, 5).unwrap();
        assert_eq!((other.step(), other.made), (0.5, 2));
    }

    #[test]
    fn records_of_other_places_are_refused() {
        let schedule = Schedule::new(ScheduleKind::Constant { rate: 1.0 }, 100);
        let message =
            |record: &LrSchedulerRecord| schedule.at(record, 7, 2).unwrap_err().to_string();
        assert_eq!(
            message(&LrSchedulerRecord::new()),
            "its schedule: 0.made is missing, expected 7 to 7"
        );
        let halved = |made: u64, halvings: u64| {
            let record = LrSchedulerRecord::new().with_scalar(MADE, made);
            record.with_scalar(HALVINGS, halvings)
        };
        assert!(message(&halved(8, 0)).contains("0.made is 8"));
        assert!(message(&halved(7, 3)).contains("0.halvings is 3, expected 0 to 2"));
    }
}
