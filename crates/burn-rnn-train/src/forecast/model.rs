//! The networks that forecast.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_rnn::{ConfigError, Head, HeadConfig, SlidingWindow, SlidingWindowConfig};

use crate::{Architecture, Network, NetworkConfig};

/// Which network forecasts.
#[derive(Clone, Debug, PartialEq)]
pub enum ForecasterKind {
    /// A recurrent network whose last hidden state a linear head reads.
    Recurrent {
        /// The architecture.
        architecture: Architecture,
        /// The number of layers.
        layers: usize,
        /// The number of hidden units of each layer.
        d_hidden: usize,
        /// The probability that an output between two layers is dropped in training.
        dropout: f64,
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
/// Every network sees the values and their changes, and forecasts the change from the last value, so
/// that the naive forecast is where all begin.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // There are a handful, not a vector of them.
pub enum Forecaster {
    /// The recurrent one.
    Recurrent(RecurrentForecaster),
    /// Feed-forward network over the whole window.
    SlidingWindow(SlidingWindow),
}

/// A recurrent network and the head that reads its last hidden state.
#[derive(Module, Debug)]
pub struct RecurrentForecaster {
    /// The network.
    pub network: Network,
    /// From the hidden state to the forecast.
    pub head: Head,
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
    ) -> Result<Forecaster, ConfigError> {
        match *self {
            Self::Recurrent {
                architecture,
                layers,
                d_hidden,
                dropout,
            } => {
                let network = NetworkConfig {
                    architecture,
                    d_input: 2,
                    d_hidden,
                    layers,
                    bidirectional: false,
                    dropout,
                };
                let network = network.init(device)?;
                let head = HeadConfig::new(network.d_output(), horizon).try_init(device)?;
                Ok(Forecaster::Recurrent(RecurrentForecaster { network, head }))
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
        let [_, window] = windows.dims();
        match self {
            Self::Recurrent(network) => {
                let all = network.forward(windows);
                all.narrow(1, window - 1, 1).squeeze_dim(1)
            }
            Self::SlidingWindow(network) => {
                let last = windows.clone().narrow(1, window - 1, 1);
                network.forward(features(windows)).squeeze_dim(1) + last
            }
        }
    }

    /// The mean squared error of forecasts from `windows` `[batch, window]` against the values that
    /// follow, `targets` `[batch, horizon]`.
    ///
    /// A recurrent network forecasts at every step of a window, so it learns from each of the later
    /// half, where it has seen enough, and not from the last alone.
    pub fn loss(&self, windows: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Recurrent(network) => {
                let [_, window] = windows.dims();
                let [_, horizon] = targets.dims();
                let series = Tensor::cat(vec![windows.clone(), targets], 1);
                let from = window / 2;
                let ahead = |step: usize| series.clone().narrow(1, from + step, window - from);
                let targets = Tensor::stack((1..=horizon).map(ahead).collect(), 2);
                let forecasts = network.forward(windows).narrow(1, from, window - from);
                (forecasts - targets).square().mean()
            }
            Self::SlidingWindow(_) => (self.forward(windows) - targets).square().mean(),
        }
    }
}

impl RecurrentForecaster {
    /// From windows `[batch, window]` to forecasts after each of their steps, `[batch, window, horizon]`.
    pub fn forward(&self, windows: Tensor<2>) -> Tensor<3> {
        let (hidden, _) = self.network.forward(features(windows.clone()), None);
        self.head.logits(hidden) + windows.unsqueeze_dim(2)
    }
}

/// What the networks see of a window `[batch, window]`: each value and the change from the one before,
/// `[batch, window, 2]`. The first change is zero.
fn features(windows: Tensor<2>) -> Tensor<3> {
    let [_, window] = windows.dims();
    let first = windows.clone().narrow(1, 0, 1);
    let before = Tensor::cat(vec![first, windows.clone().narrow(1, 0, window - 1)], 1);
    let change = windows.clone() - before;
    Tensor::stack(vec![windows, change], 2)
}
