//! The networks that forecast.

use burn::module::Module;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use burn_rnn::{Head, HeadConfig, SlidingWindow, SlidingWindowConfig};

use crate::{Architecture, Network, NetworkConfig, TrainError};

/// Which network forecasts.
#[derive(Clone, Debug, PartialEq)]
pub enum ForecasterKind {
    /// A recurrent network whose hidden state a linear head reads at every step, beside a linear
    /// autoregression (Lai et al. 2018, "LSTNet", whose highway it is).
    Recurrent {
        /// The architecture.
        architecture: Architecture,
        /// The number of layers.
        layers: usize,
        /// The number of hidden units of each layer.
        d_hidden: usize,
        /// The probability that an output between two layers is dropped in training.
        dropout: f64,
        /// The number of values that the autoregression sees, at most those of the window; 0 leaves
        /// it out.
        lags: usize,
    },
    /// The feed-forward network that sees the whole window at once and has no memory: one hidden
    /// layer.
    SlidingWindow {
        /// The number of hidden units.
        d_hidden: usize,
    },
}

/// A network from the last `window` values of a series to the next `horizon` ones.
///
/// Every network forecasts the change from the value that it saw last, so that the naive forecast is
/// where all begin.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // There are a handful, not a vector of them.
pub enum Forecaster {
    /// The recurrent one.
    Recurrent(RecurrentForecaster),
    /// Feed-forward network over the whole window.
    SlidingWindow(SlidingWindow),
}

/// A recurrent network, the head that reads its hidden state and an autoregression beside them:
///
/// ```text
/// y_t = x_t + head(h_t) + A [x_{t-lags+1} - x_t, …, x_{t-1} - x_t]
/// ```
///
/// The network sees each value and how far it lies from the one before.
#[derive(Module, Debug)]
pub struct RecurrentForecaster {
    /// The network.
    pub network: Network,
    /// From the hidden state to the forecast.
    pub head: Head,
    /// `A`; it starts at zero.
    pub autoregression: Option<Linear>,
}

impl ForecasterKind {
    /// The name that reports use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Recurrent { architecture, .. } => architecture.name(),
            Self::SlidingWindow { .. } => "sliding window",
        }
    }

    /// A network with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or the dropout is not a probability below 1.
    pub fn init(
        &self,
        window: usize,
        horizon: usize,
        device: &Device,
    ) -> Result<Forecaster, TrainError> {
        match *self {
            Self::Recurrent {
                architecture,
                layers,
                d_hidden,
                dropout,
                lags,
            } => {
                let network = NetworkConfig {
                    layers,
                    dropout,
                    ..NetworkConfig::new(architecture, 2, d_hidden)
                };
                let network = network.init(device)?;
                let head = HeadConfig::new(network.d_output(), horizon).try_init(device)?;
                // The last of them is the value that the others are relative to.
                let lags = lags.min(window).saturating_sub(1);
                let autoregression = (lags > 0).then(|| {
                    LinearConfig::new(lags, horizon)
                        .with_bias(false)
                        .with_initializer(Initializer::Zeros)
                        .init(device)
                });
                Ok(Forecaster::Recurrent(RecurrentForecaster {
                    network,
                    head,
                    autoregression,
                }))
            }
            Self::SlidingWindow { d_hidden } => {
                let config = SlidingWindowConfig::new(window, 2, horizon);
                let network = config.with_hidden_sizes([d_hidden]).try_init(device)?;
                Ok(Forecaster::SlidingWindow(network))
            }
        }
    }
}

impl Forecaster {
    /// From windows `[batch, window]` to forecasts `[batch, horizon]`.
    ///
    /// # Panics
    ///
    /// Where the windows have another length than a network without memory was made for.
    pub fn forward(&self, windows: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Recurrent(network) => network.forward(windows, 1).squeeze_dim(1),
            Self::SlidingWindow(network) => over_window(network, windows),
        }
    }

    /// From windows `[batch, window]` to the forecasts of all steps that a network forecasts at,
    /// `[batch, steps, horizon]`: a recurrent one at every step of the window, each of which it can
    /// learn from, a feed-forward one at the last.
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn forward_all(&self, windows: Tensor<2>) -> Tensor<3> {
        match self {
            Self::Recurrent(network) => {
                let [_, window] = windows.dims();
                network.forward(windows, window)
            }
            Self::SlidingWindow(network) => over_window(network, windows).unsqueeze_dim(1),
        }
    }
}

impl RecurrentForecaster {
    /// The forecasts at the last `steps` steps of windows `[batch, window]`: `[batch, steps, horizon]`.
    fn forward(&self, windows: Tensor<2>, steps: usize) -> Tensor<3> {
        let [_, window] = windows.dims();
        let first = windows.clone().narrow(1, 0, 1);
        let before = Tensor::cat(vec![first.clone(), windows.clone()], 1).narrow(1, 0, window);
        let input = Tensor::stack(vec![windows.clone() - before, windows.clone()], 2);
        let (hidden, _) = self.network.forward(input, None);
        let forecasts = self.head.logits(hidden.narrow(1, window - steps, steps));
        let seen: Tensor<3> = windows
            .clone()
            .narrow(1, window - steps, steps)
            .unsqueeze_dim(2);
        let forecasts = forecasts + seen.clone();
        let Some(autoregression) = &self.autoregression else {
            return forecasts;
        };
        let [lags, _] = autoregression.weight.dims();
        // Before the window everything is as at its first step.
        let longer = Tensor::cat(vec![first.repeat_dim(1, lags), windows], 1);
        let past: Tensor<3> = longer
            .narrow(1, window - steps, steps + lags - 1)
            .unfold(1, lags, 1);
        forecasts + autoregression.forward(past - seen)
    }
}

/// It sees the window twice: relative to its last value, which says where the series goes, and as it
/// is, which says how far it can go.
fn over_window(network: &SlidingWindow, windows: Tensor<2>) -> Tensor<2> {
    let [_, window] = windows.dims();
    let last = windows.clone().narrow(1, window - 1, 1);
    let input = Tensor::stack(vec![windows.clone() - last.clone(), windows], 2);
    network.forward(input).squeeze_dim(1) + last
}
