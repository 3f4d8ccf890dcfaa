//! What a model and a task have to say for the shared training loop to train them.

use core::fmt::Debug;
use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use burn_rnn::State;
use burn_rnn_ranks::Part;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::TrainError;

/// Where in the training a lesson stands: for scheduled sampling and everything else that changes
/// while a model learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The optimizer steps made before this one.
    pub step: usize,
    /// The optimizer steps that the whole training makes.
    pub steps: usize,
    /// A number that differs from step to step and is the same again for the same seed: the source
    /// of random choices within the lesson. All ranks that train together have the same.
    pub seed: u64,
}

impl Moment {
    /// How much of the training lies behind, from 0 to 1.
    pub fn progress(&self) -> f64 {
        self.step as f64 / self.steps.max(1) as f64
    }
}

/// The state of a model that carries none from batch to batch.
#[derive(Clone, Debug)]
pub struct NoState;

impl State for NoState {
    fn map(self, _: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self {
        self
    }
}

/// What a model makes of a batch.
#[derive(Debug)]
pub struct Lesson<S = NoState> {
    /// The mean loss over the targets, one number: what the gradient is taken of.
    pub loss: Tensor<1>,
    /// The number of targets in the batch (predicted steps, labels, …): the weight of its loss among
    /// batches of other sizes.
    pub targets: usize,
    /// The state after the batch, for models that go on with it in the next one (truncated
    /// back-propagation through time). The loop detaches it.
    pub carried: Option<S>,
}

impl<S> Lesson<S> {
    /// A lesson that carries no state to the next one.
    pub fn new(loss: Tensor<1>, targets: usize) -> Self {
        Self {
            loss,
            targets,
            carried: None,
        }
    }
}

/// A model that can be trained.
pub trait Learnable: Module + ModuleDisplay + 'static {
    /// What it learns from at once.
    type Batch: Clone + Debug + Send + 'static;

    /// What it carries from batch to batch, of the library's cells or of one's own; [`NoState`] for
    /// models that start anew with each batch.
    type State: State + 'static;

    /// Forward pass and loss. `carried` is what the lesson before it carried, `None` at the start of
    /// a pass over the examples.
    fn lesson(
        &self,
        batch: Self::Batch,
        carried: Option<Self::State>,
        moment: &Moment,
    ) -> Lesson<Self::State>;

    /// The state before the first step of `batch`, for models that carry one: what a checkpoint's state
    /// has to look like.
    fn zero_state(&self, _batch: &Self::Batch) -> Option<Self::State> {
        None
    }
}

/// What is learnt: examples, a model for them, and scores that tell how good it is. A clone is made for every
/// evaluation, so that data belongs in an [`Arc`].
pub trait Task: Clone + Send + Sync + 'static {
    /// The name that model files and the command line use, in lower case.
    const NAME: &'static str;
    /// One example.
    type Item: Clone + Debug + Send + Sync + 'static;
    /// The model.
    type Model: Learnable;
    /// All that is needed beside the weights to use the model: sizes, vocabulary, scalers.
    type Settings: Serialize + DeserializeOwned;

    /// What is stored beside the weights.
    fn settings(&self) -> Self::Settings;

    /// A model with fresh parameters. The device was seeded before.
    ///
    /// # Errors
    ///
    /// Where a setting makes no sense.
    fn init(&self, device: &Device) -> Result<Self::Model, TrainError>;

    /// The training examples.
    fn examples(&self) -> Arc<dyn Dataset<Self::Item>>;

    /// Makes a batch of some of them.
    fn batcher(&self) -> Arc<dyn Batcher<Self::Item, <Self::Model as Learnable>::Batch>>;

    /// The batches of one pass over the examples, each as its examples' indices, in their order. The
    /// same seed gives the same order; every pass has another seed. See
    /// [`burn_rnn_data::shuffled`] and [`burn_rnn_data::bucketed`].
    fn pass(&self, seed: u64) -> Vec<Vec<usize>>;

    /// The task with a part of the rows of every batch, where [`pass`](Self::pass) has the same batches for all parts:
    /// for a model that carries a state, whose rows go on from batch to batch. Nothing, where the examples of each
    /// batch can be dealt out: ranks that train together do that by themselves.
    ///
    /// # Errors
    ///
    /// Where there are fewer rows than parts.
    fn part(&self, _part: Part) -> Result<Option<Self>, TrainError> {
        Ok(None)
    }

    /// The names of the held-out scores; the first decides which model is the best, and is the
    /// better the lower it is.
    fn score_names(&self) -> &'static [&'static str];

    /// The held-out scores of a model (without automatic differentiation), in the order of their
    /// names, on the part of the data that chooses the best model.
    ///
    /// # Errors
    ///
    /// Where the data does not fit.
    fn evaluate(&self, model: &Self::Model, device: &Device) -> Result<Vec<f64>, TrainError>;

    /// What the training loss measures. Where the name of a held-out score ends with it ("validation MSE"
    /// with "MSE"), both are the same quantity, and the learning curve has them on one axis.
    fn loss_name(&self) -> &'static str {
        "loss"
    }

    /// A training loss as it is shown: nats as bits, for instance.
    fn shown_loss(&self, loss: f64) -> f64 {
        loss
    }

    /// Something to look at while the model learns, a sample for instance; told after every
    /// evaluation.
    fn sample(&self, _model: &Self::Model, _device: &Device) -> Option<String> {
        None
    }
}
