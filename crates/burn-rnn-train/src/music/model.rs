//! The network of the music model.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Device, Tensor};
use burn_rnn::{Head, HeadConfig};
use burn_rnn_data::KEYS;
use serde::{Deserialize, Serialize};

use crate::{Network, NetworkConfig, NetworkState, TrainError};

/// A recurrent network that reads 88 keys and gives the log-odds of each key at the next step.
#[derive(Module, Debug)]
pub struct MusicModel {
    /// The recurrent network.
    pub network: Network,
    /// On the keys that are read and on the hidden states.
    pub dropout: Dropout,
    /// From the hidden state to the keys.
    pub head: Head,
}

/// All that is needed beside the weights to compose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MusicSettings {
    /// The recurrent network.
    pub network: NetworkConfig,
    /// The probability that a hidden unit is dropped before the head in training.
    pub dropout: f64,
}

impl MusicSettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where the network does not read keys or the dropout is not a probability below 1, or as [`NetworkConfig::init`].
    pub fn init(&self, device: &Device) -> Result<MusicModel, TrainError> {
        TrainError::check_probabilities(&[("--output-dropout", self.dropout)])?;
        self.network.check_input(KEYS)?;
        let network = self.network.init(device)?;
        Ok(MusicModel {
            head: HeadConfig::new(network.d_output(), KEYS).try_init(device)?,
            dropout: DropoutConfig::new(self.dropout).init(),
            network,
        })
    }
}

/// The number of hidden units of each layer with which the network and its head have about 20 000 parameters, as those of Chung et al.
/// (2014).
pub fn matched_hidden(network: &NetworkConfig) -> usize {
    const PARAMETERS: usize = 20_100;
    let mut best = (usize::MAX, 1);
    for d_hidden in 1..=KEYS {
        let config = NetworkConfig {
            d_hidden,
            ..network.clone()
        };
        // Heads of a cell, for instance, fit some numbers of units alone.
        let Ok(network) = config.init(&Device::default()) else {
            continue;
        };
        let parameters = network.parameters() + (network.d_output() + 1) * KEYS;
        best = best.min((parameters.abs_diff(PARAMETERS), d_hidden));
    }
    best.1
}

impl MusicModel {
    /// From keys `[batch, time, 88]` to the log-odds of the keys at the step after each, of the same shape,
    /// and the state after the last.
    pub fn forward(
        &self,
        keys: Tensor<3>,
        state: Option<NetworkState>,
    ) -> (Tensor<3>, NetworkState) {
        let (hidden, state) = self.network.forward(keys, state);
        (self.head.logits(self.dropout.forward(hidden)), state)
    }

    /// The negative log-likelihood of each step in nats, summed over the keys as Boulanger-Lewandowski et
    /// al. (2012) do: `[batch, time]`. `keys` are those that came.
    pub(super) fn surprise(logits: Tensor<3>, keys: Tensor<3>) -> Tensor<2> {
        // −(k ln σ(a) + (1 − k) ln σ(−a)) = (1 − k) a − ln σ(a)
        let missed = (keys.neg() + 1.0) * logits.clone();
        (missed - log_sigmoid(logits)).sum_dim(2).squeeze_dim(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;

    /// The sizes that the figures of the README were measured with.
    #[test]
    fn networks_of_all_cells_have_about_as_many_parameters() {
        for (architecture, d_hidden) in [
            (Architecture::Simple, 78),
            (Architecture::Lstm, 34),
            (Architecture::Peephole, 34),
            (Architecture::Coupled, 42),
            (Architecture::Gru, 42),
            (Architecture::Ugrnn, 54),
        ] {
            let network = NetworkConfig::new(architecture, KEYS, 0);
            assert_eq!(matched_hidden(&network), d_hidden, "{architecture:?}");
        }
    }
}
