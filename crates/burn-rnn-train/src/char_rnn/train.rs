//! The training loop: truncated back-propagation through time over streams of text.

use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::module::Module;
use burn::nn::loss::CrossEntropyLoss;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn::State;
use burn_rnn_data::{StreamWindow, Streams};

use super::{CharModel, CharModelConfig, Corpus};
use crate::{NetworkState, TrainError, clip_global_norm};

/// How long to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This number of optimizer steps, one a window.
    Steps(usize),
    /// This number of passes over the text.
    Epochs(usize),
}

/// The settings of the training loop.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainSettings {
    /// How long to train.
    pub length: Length,
    /// The number of streams that the text is cut into; fewer where it is too short for them.
    pub batch_size: usize,
    /// The number of characters that gradients flow back through.
    pub seq_len: usize,
    /// Adam's learning rate at the first step; it falls along a half cosine.
    pub lr: f64,
    /// The learning rate after the last step.
    pub final_lr: f64,
    /// The norm that all gradients together are clipped to.
    pub clip: f64,
    /// The number of steps between two looks at the held-out text.
    pub eval_every: usize,
}

/// What a look at the held-out text found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The optimizer steps made.
    pub step: usize,
    /// The mean loss since the last look on the text learnt from, in bits per character.
    pub train: f64,
    /// The mean loss on the held-out text, in bits per character.
    pub held_out: f64,
}

/// What watches a training run.
pub trait Observer {
    /// Before the first step: the number of steps to come.
    fn start(&mut self, steps: usize);

    /// Some steps were made; `train` is their mean loss in bits per character.
    fn steps(&mut self, made: usize, train: f64);

    /// The held-out text was looked at.
    ///
    /// # Errors
    ///
    /// An error ends the training.
    fn evaluation(&mut self, evaluation: Evaluation, model: &CharModel) -> Result<(), TrainError>;
}

/// The number of steps between two readings of the loss: each makes the device wait.
const READ_EVERY: usize = 10;

/// Trains a fresh model on `device` (without automatic differentiation; it is added here). The
/// state is carried from window to window, cut off from its gradients, and starts from zeros at
/// each pass over the text. Seed the device before for repeatable numbers.
///
/// # Errors
///
/// Where a setting or the text does not fit, the loss diverges, or the observer says so.
pub fn train(
    config: &CharModelConfig,
    corpus: &Corpus,
    settings: &TrainSettings,
    device: &Device,
    observer: &mut impl Observer,
) -> Result<CharModel, TrainError> {
    validate(settings)?;
    let device = device.clone().autodiff();
    let streams = Streams::fitting(&corpus.train, settings.batch_size, settings.seq_len)?;
    let held_out = Streams::fitting(&corpus.held_out, settings.batch_size, settings.seq_len)?;
    let total = match settings.length {
        Length::Steps(steps) => steps,
        Length::Epochs(epochs) => epochs * streams.windows(),
    };
    let schedule = CosineAnnealingLrSchedulerConfig::new(settings.lr, total);
    let mut schedule = schedule
        .with_min_lr(settings.final_lr)
        .init()
        .map_err(|reason| TrainError::Setting {
            name: "the learning rate",
            given: format!("{} falling to {}", settings.lr, settings.final_lr),
            expected: format!("a rate that Burn's cosine schedule takes ({reason})"),
        })?;
    // Burn's default ε of 1e-5 would make a smaller step than PyTorch's and Kingma & Ba's 1e-8.
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut model = config.init(corpus.vocabulary.len(), &device)?;

    observer.start(total);
    let mut state = None;
    let mut unread = MeanLoss::default();
    let mut since_evaluation = MeanLoss::default();
    for step in 1..=total {
        let window = (step - 1) % streams.windows();
        if window == 0 {
            state = None;
        }
        let (loss, next) = loss(&model, &streams, &streams.window(window), state, &device);
        state = Some(next.detach());
        unread.add(loss.clone().detach());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let gradients = clip_global_norm(gradients, &model, settings.clip);
        model = optimizer.step(schedule.step(), model, gradients);

        let evaluate = step % settings.eval_every == 0 || step == total;
        if evaluate || step % READ_EVERY == 0 {
            let steps = unread.count;
            let mean = unread.read();
            if !mean.is_finite() {
                return Err(TrainError::Diverged {
                    loss: mean,
                    steps: step,
                });
            }
            since_evaluation.add_read(mean, steps);
            observer.steps(step, mean);
        }
        if evaluate {
            let evaluation = Evaluation {
                step,
                train: since_evaluation.read(),
                held_out: bits_per_character(&model.valid(), &held_out),
            };
            observer.evaluation(evaluation, &model)?;
        }
    }
    Ok(model.valid())
}

/// The mean loss over all windows, with the state carried from one to the next.
pub fn bits_per_character(model: &CharModel, streams: &Streams) -> f64 {
    let device = model.embedding.weight.device();
    let mut state = None;
    let mut mean = MeanLoss::default();
    for window in 0..streams.windows() {
        let (loss, next) = loss(model, streams, &streams.window(window), state, &device);
        state = Some(next);
        mean.add(loss);
    }
    mean.read()
}

/// The mean cross entropy of a window, in nats.
fn loss(
    model: &CharModel,
    streams: &Streams,
    window: &StreamWindow,
    state: Option<NetworkState>,
    device: &Device,
) -> (Tensor<1>, NetworkState) {
    let shape = [streams.streams(), streams.seq_len()];
    let characters = shape[0] * shape[1];
    let data =
        |ids: &[u32]| TensorData::new(ids.iter().map(|&id| id as i32).collect(), [characters]);
    let inputs = Tensor::<1, burn::tensor::Int>::from_data(data(&window.inputs), device);
    let targets = Tensor::from_data(data(&window.targets), device);
    let (logits, state) = model.forward(inputs.reshape(shape), state);
    let width = logits.dims()[2];
    let loss =
        CrossEntropyLoss::new(None, device).forward(logits.reshape([characters, width]), targets);
    (loss, state)
}

/// A running mean of losses in nats that stays on the device until it is read in bits.
#[derive(Default)]
struct MeanLoss {
    sum: Option<Tensor<1>>,
    read: f64,
    count: usize,
}

impl MeanLoss {
    fn add(&mut self, loss: Tensor<1>) {
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + loss,
            None => loss,
        });
        self.count += 1;
    }

    /// Adds a mean of `count` losses that is already in bits.
    fn add_read(&mut self, mean: f64, count: usize) {
        self.read += mean * count as f64;
        self.count += count;
    }

    fn read(&mut self) -> f64 {
        let nats = self.sum.take().map_or(0.0, |sum| sum.into_scalar::<f64>());
        let bits = nats / core::f64::consts::LN_2 + self.read;
        let mean = bits / self.count as f64;
        *self = Self::default();
        mean
    }
}

fn validate(settings: &TrainSettings) -> Result<(), TrainError> {
    TrainError::check_counts(&[
        ("the batch size", settings.batch_size),
        ("the sequence length", settings.seq_len),
        (
            "the number of steps between evaluations",
            settings.eval_every,
        ),
        match settings.length {
            Length::Steps(steps) => ("the number of steps", steps),
            Length::Epochs(epochs) => ("the number of epochs", epochs),
        },
    ])?;
    TrainError::check_positive(&[("the clipping norm", settings.clip)])
}
