//! A model as burn-train's `Learner` wants it.

use std::sync::Arc;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{ExecutionError, Tensor};
use burn::train::metric::{Adaptor, LossInput};
use burn::train::{InferenceStep, ItemLazy, TrainOutput, TrainStep};
use burn_rnn::State;

use super::{Learnable, Moment};
use crate::{NetworkState, TrainError};

/// The model between `Learner` and the task.
#[derive(Module, Debug)]
pub(super) struct Student<M: Module + ModuleDisplay> {
    pub(super) model: M,
}

/// One batch and what belongs to it.
pub(super) struct Exercise<B> {
    pub(super) batch: B,
    pub(super) carried: Option<NetworkState>,
    pub(super) moment: Moment,
    /// Its place among the batches of the step: several devices answer in any order.
    pub(super) part: usize,
}

/// What came of a batch beside its gradients.
#[derive(Clone)]
pub(super) struct Taught {
    pub(super) loss: Tensor<1>,
    pub(super) targets: usize,
    pub(super) carried: Option<NetworkState>,
    pub(super) part: usize,
}

impl ItemLazy for Taught {
    fn sync(self) -> Result<Self, ExecutionError> {
        Ok(self)
    }
}

impl Adaptor<LossInput> for Taught {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.loss.clone())
    }
}

impl<M: Learnable> TrainStep for Student<M> {
    type Input = Exercise<M::Batch>;
    type Output = Taught;

    /// The gradients are those of the sum over the targets: batches of unequal sizes then add up, and
    /// the loop divides by the number of all.
    fn step(&self, exercise: Self::Input) -> TrainOutput<Taught> {
        let Exercise {
            batch,
            carried,
            moment,
            part,
        } = exercise;
        let lesson = self.model.lesson(batch, carried, &moment);
        let taught = Taught {
            loss: lesson.loss.clone().inner(),
            targets: lesson.targets,
            carried: lesson.carried.map(State::detach),
            part,
        };
        let sum = lesson.loss * lesson.targets as f32;
        TrainOutput::new(self, sum.backward(), taught)
    }
}

/// Finds a model's held-out scores.
pub(super) struct Examination<M> {
    #[allow(clippy::type_complexity)]
    pub(super) evaluate: Arc<dyn Fn(&M) -> Result<Vec<f64>, TrainError> + Send + Sync>,
}

/// Held-out scores.
pub(super) struct Marks {
    pub(super) scores: Result<Vec<f64>, TrainError>,
}

impl ItemLazy for Marks {
    fn sync(self) -> Result<Self, ExecutionError> {
        Ok(self)
    }
}

/// What the metrics of the dashboard read.
#[derive(Clone, Debug)]
pub(super) struct Scores(pub(super) Vec<f64>);

impl Adaptor<Scores> for Marks {
    fn adapt(&self) -> Scores {
        Scores(self.scores.as_ref().map_or(Vec::new(), Vec::clone))
    }
}

impl<M: Learnable> InferenceStep for Student<M> {
    type Input = Examination<M>;
    type Output = Marks;

    fn step(&self, examination: Self::Input) -> Marks {
        Marks {
            scores: (examination.evaluate)(&self.model),
        }
    }
}
