//! Fitting a network to the training part of a series.

use burn::nn::loss::{MseLoss, Reduction};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn_data::Windows;
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};

use super::average::ParameterAverage;
use super::clip::clip_global_norm;
use super::{Forecaster, ForecasterKind};
use crate::TrainError;
use crate::floats::floats;

/// The settings of [`fit`].
#[derive(Clone, Debug, PartialEq)]
pub struct FitSettings {
    /// The number of passes over the training windows.
    pub epochs: usize,
    /// The number of windows of a step.
    pub batch_size: usize,
    /// Adam's learning rate.
    pub lr: f64,
    /// The norm that all gradients together are clipped to.
    pub clip: f64,
    /// Training ends after this number of epochs without a better validation loss.
    pub patience: usize,
    /// Where the random numbers start.
    pub seed: u64,
}

/// The loss epoch by epoch: the mean squared error of the scaled series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// On the windows that are learnt from.
    pub train: Vec<f64>,
    /// On the windows that decide which epoch was the best.
    pub validation: Vec<f64>,
}

/// The windows that a network learns from.
pub struct Lessons<'a> {
    /// What is learnt from while the number of epochs is sought.
    pub train: Windows<'a>,
    /// What tells the best number of epochs.
    pub validation: Windows<'a>,
    /// Both together: what the network is learnt from in the end.
    pub all: Windows<'a>,
}

/// Trains a network with Adam on the mean squared error, in two rounds: the first learns from the
/// training windows and finds the number of epochs with the lowest validation loss, the second learns
/// from all windows, the most recent among them, for that number of epochs (Goodfellow et al. 2016,
/// algorithm 7.2). A recurrent network learns from its forecasts at every step of a window. In both the network that counts has the running average of the parameters.
/// `epoch` is told of each epoch of the first round.
///
/// # Errors
///
/// Where a setting does not fit or the loss diverges.
pub fn fit(
    kind: &ForecasterKind,
    lessons: &Lessons<'_>,
    settings: &FitSettings,
    device: &Device,
    mut epoch: impl FnMut(&Curve),
) -> Result<(Forecaster, Curve), TrainError> {
    validate(settings)?;
    let mut curve = Curve::default();
    let mut best = (f64::INFINITY, 0);
    let mut learner = Learner::new(kind, &lessons.train, settings, device)?;
    for made in 1..=settings.epochs {
        curve.train.push(learner.epoch(&lessons.train)?);
        let loss = mean_squared_error(&learner.averaged(), &lessons.validation, device);
        curve.validation.push(loss);
        epoch(&curve);
        if loss < best.0 {
            best = (loss, made);
        }
        if made - best.1 == settings.patience {
            break;
        }
    }
    let mut learner = Learner::new(kind, &lessons.all, settings, device)?;
    for _ in 0..best.1 {
        learner.epoch(&lessons.all)?;
    }
    Ok((learner.averaged(), curve))
}

/// The share of the average that stays at each step: it spans about the last fifty.
const AVERAGE_DECAY: f64 = 0.98;

/// A network that is being trained.
struct Learner<'a> {
    model: Forecaster,
    average: ParameterAverage,
    optimizer: ModuleOptimizer,
    settings: &'a FitSettings,
    device: Device,
    rng: StdRng,
    order: Vec<usize>,
    epochs: usize,
}

impl<'a> Learner<'a> {
    fn new(
        kind: &ForecasterKind,
        windows: &Windows<'_>,
        settings: &'a FitSettings,
        device: &Device,
    ) -> Result<Self, TrainError> {
        device.seed(settings.seed);
        let device = device.clone().autodiff();
        Ok(Self {
            model: kind.init(windows.window(), windows.horizon(), &device)?,
            average: ParameterAverage::new(AVERAGE_DECAY),
            optimizer: AdamConfig::new().with_epsilon(1e-8).init(),
            settings,
            device,
            rng: StdRng::seed_from_u64(settings.seed),
            order: (0..windows.len()).collect(),
            epochs: 0,
        })
    }

    /// One pass over the windows in a random order; its mean loss.
    fn epoch(&mut self, windows: &Windows<'_>) -> Result<f64, TrainError> {
        self.order.shuffle(&mut self.rng);
        let mut sum = 0.0;
        for picks in self.order.chunks(self.settings.batch_size) {
            let (inputs, targets) = batch(windows, picks, &self.device);
            let forecasts = self.model.forward_all(inputs.clone());
            let targets = targets_of_all(inputs, targets, forecasts.dims()[1]);
            let loss = MseLoss::new().forward(forecasts, targets, Reduction::Mean);
            sum += loss.clone().into_scalar::<f64>() * picks.len() as f64;
            let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
            let gradients = clip_global_norm(gradients, &self.model, self.settings.clip);
            let model = self.model.clone();
            self.model = self.optimizer.step(self.settings.lr, model, gradients);
            self.average.update(&self.model);
        }
        self.epochs += 1;
        let loss = sum / windows.len() as f64;
        if loss.is_finite() {
            return Ok(loss);
        }
        Err(TrainError::Diverged {
            loss,
            steps: self.epochs * windows.len().div_ceil(self.settings.batch_size),
        })
    }

    fn averaged(&self) -> Forecaster {
        self.average.apply(&self.model)
    }
}

/// The forecasts of all windows, in their order.
pub fn predict(model: &Forecaster, windows: &Windows<'_>, device: &Device) -> Vec<Vec<f32>> {
    let picks: Vec<usize> = (0..windows.len()).collect();
    let mut forecasts = Vec::with_capacity(windows.len());
    for picks in picks.chunks(EVALUATED_AT_ONCE) {
        let (inputs, _) = batch(windows, picks, device);
        let values = floats(model.forward(inputs));
        forecasts.extend(values.chunks(windows.horizon()).map(<[f32]>::to_vec));
    }
    forecasts
}

const EVALUATED_AT_ONCE: usize = 256;

fn mean_squared_error(model: &Forecaster, windows: &Windows<'_>, device: &Device) -> f64 {
    let forecasts = predict(model, windows, device);
    let squares = forecasts
        .iter()
        .zip(windows.iter())
        .map(|(forecast, (_, target))| {
            let errors = forecast.iter().zip(target).map(|(f, t)| f64::from(f - t));
            errors.map(|error| error * error).sum::<f64>()
        });
    squares.sum::<f64>() / (windows.len() * windows.horizon()) as f64
}

/// The windows and targets at `picks`, `[batch, window]` and `[batch, horizon]`.
fn batch(windows: &Windows<'_>, picks: &[usize], device: &Device) -> (Tensor<2>, Tensor<2>) {
    let mut inputs = Vec::with_capacity(picks.len() * windows.window());
    let mut targets = Vec::with_capacity(picks.len() * windows.horizon());
    for &pick in picks {
        let (input, target) = windows.get(pick);
        inputs.extend_from_slice(input);
        targets.extend_from_slice(target);
    }
    let inputs = TensorData::new(inputs, [picks.len(), windows.window()]);
    let targets = TensorData::new(targets, [picks.len(), windows.horizon()]);
    (
        Tensor::from_data(inputs, device),
        Tensor::from_data(targets, device),
    )
}

/// What follows each of the last `steps` steps of `inputs`, `[batch, steps, horizon]`.
fn targets_of_all(inputs: Tensor<2>, targets: Tensor<2>, steps: usize) -> Tensor<3> {
    let [_, window] = inputs.dims();
    let [_, horizon] = targets.dims();
    Tensor::cat(vec![inputs, targets], 1)
        .narrow(1, window + 1 - steps, steps + horizon - 1)
        .unfold(1, horizon, 1)
}

fn validate(settings: &FitSettings) -> Result<(), TrainError> {
    TrainError::check_counts(&[
        ("the number of epochs", settings.epochs),
        ("the batch size", settings.batch_size),
        ("the patience", settings.patience),
    ])?;
    TrainError::check_positive(&[
        ("the learning rate", settings.lr),
        ("the clipping norm", settings.clip),
    ])
}
