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
/// Every network sees the window twice, as it is and relative to its last value, and forecasts the
/// change from there, so that the naive forecast is where all begin.
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
        let last = windows.clone().narrow(1, window - 1, 1);
        // Relative to the last value it says where the series goes, by itself how far it can go.
        let relative = windows.clone() - last.clone();
        let input = Tensor::stack(vec![relative, windows], 2);
        let change = match self {
            Self::Recurrent(RecurrentForecaster { network, head }) => {
                let (hidden, _) = network.forward(input, None);
                head.logits(hidden.narrow(1, window - 1, 1))
            }
            Self::SlidingWindow(network) => network.forward(input),
        };
        change.squeeze_dim(1) + last
    }
}
