//! Fitting a network to the training part of a series.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn_data::Windows;
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};

use super::{Forecaster, ForecasterKind};
use crate::{TrainError, clip_global_norm};

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

/// Trains a fresh network with Adam on the mean squared error and returns it as it was after the
/// epoch with the lowest validation loss. `epoch` is told of each epoch. Halves the learning rate
/// where half the patience is used up.
///
/// # Errors
///
/// Where a setting does not fit or the loss diverges.
pub fn fit(
    kind: &ForecasterKind,
    train: &Windows<'_>,
    validation: &Windows<'_>,
    settings: &FitSettings,
    device: &Device,
    mut epoch: impl FnMut(&Curve),
) -> Result<(Forecaster, Curve), TrainError> {
    validate(settings)?;
    device.seed(settings.seed);
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let learning = device.clone().autodiff();
    let mut model = kind.init(train.window(), train.horizon(), &learning)?;
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut order: Vec<usize> = (0..train.len()).collect();
    let mut curve = Curve::default();
    let mut best = (f64::INFINITY, model.valid());
    let mut lr = settings.lr;
    let mut waited = 0;
    for _ in 0..settings.epochs {
        order.shuffle(&mut rng);
        let mut sum = 0.0;
        for picks in order.chunks(settings.batch_size) {
            let (windows, targets) = batch(train, picks, &learning);
            let loss = model.loss(windows, targets);
            sum += loss.clone().into_scalar::<f64>() * picks.len() as f64;
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            let gradients = clip_global_norm(gradients, &model, settings.clip);
            model = optimizer.step(lr, model, gradients);
        }
        let frozen = model.valid();
        let loss = mean_squared_error(&frozen, validation, device);
        curve.train.push(sum / train.len() as f64);
        curve.validation.push(loss);
        epoch(&curve);
        if !(sum.is_finite() && loss.is_finite()) {
            return Err(TrainError::Diverged {
                loss,
                steps: curve.train.len() * train.len().div_ceil(settings.batch_size),
            });
        }
        if loss < best.0 {
            best = (loss, frozen);
            waited = 0;
        } else {
            waited += 1;
            if waited == settings.patience.div_ceil(2) {
                lr /= 2.0;
            }
            if waited == settings.patience {
                break;
            }
        }
    }
    Ok((best.1, curve))
}

/// The forecasts of all windows, in their order.
pub fn predict(model: &Forecaster, windows: &Windows<'_>, device: &Device) -> Vec<Vec<f32>> {
    let picks: Vec<usize> = (0..windows.len()).collect();
    let mut forecasts = Vec::with_capacity(windows.len());
    for picks in picks.chunks(EVALUATED_AT_ONCE) {
        let (inputs, _) = batch(windows, picks, device);
        let values = model.forward(inputs).into_data_as::<f32>();
        let values: Vec<f32> = values
            .try_into_vec()
            .expect("the data was asked for as f32");
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
