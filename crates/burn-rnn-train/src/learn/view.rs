//! What is seen of a training: the lines of a report, or burn-train's dashboard.

use super::position::Point;

/// A step that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Its number, counted from 1.
    pub(super) step: usize,
    pub(super) steps: usize,
    /// The batches of the pass that are done.
    pub(super) batch: usize,
    /// In the task's unit.
    pub(super) loss: f64,
    pub(super) norm: f64,
    pub(super) rate: f64,
}

/// An evaluation.
pub(super) struct Evaluation<'a> {
    pub(super) point: &'a Point,
    /// Of the scores.
    pub(super) names: &'a [&'a str],
    /// Whether the model is the best so far.
    pub(super) best: bool,
    /// Since the start.
    pub(super) seconds: f64,
    /// Something to look at.
    pub(super) sample: Option<String>,
}

/// Nowhere: where another rank tells of the training.
pub(super) struct Silent;

impl View for Silent {
    fn step(&mut self, _step: Step) {}

    fn evaluation(&mut self, _evaluation: Evaluation) {}
}

/// Where a training shows itself.
pub(super) trait View {
    /// A training goes on from a step.
    fn resumed(&mut self, _step: usize, _steps: usize) {}

    /// A pass, counted from 0, over so many batches begins.
    fn begin_pass(&mut self, _pass: usize, _batches: usize) {}

    fn step(&mut self, step: Step);

    fn evaluation(&mut self, evaluation: Evaluation);

    fn end_pass(&mut self) {}

    /// Whether somebody asked here for the end.
    fn asks_for_the_end(&self) -> bool {
        false
    }
}
