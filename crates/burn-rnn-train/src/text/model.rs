//! The network of the character model.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::{Device, Int, Tensor};
use burn_rnn::{Head, HeadConfig};
use serde::{Deserialize, Serialize};

use crate::{Network, NetworkConfig, NetworkState, TrainError};

/// Embedding, recurrent network, and a head that gives one logit a character.
#[derive(Module, Debug)]
pub struct CharModel {
    /// `[characters, d_embedding]`.
    pub embedding: Embedding,
    /// The recurrent network.
    pub network: Network,
    /// From the hidden state to the characters.
    pub head: Head,
}

/// The settings of a [`CharModel`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharModelConfig {
    /// The recurrent network; its number of inputs is the size of an embedding.
    #[serde(flatten)]
    pub network: NetworkConfig,
    /// The size of a character's embedding.
    pub d_embedding: usize,
}

impl CharModelConfig {
    /// A model over `characters` characters with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or beyond sense, or as [`NetworkConfig::init`].
    pub fn init(&self, characters: usize, device: &Device) -> Result<CharModel, TrainError> {
        TrainError::check_sizes(&[
            ("--embedding", self.d_embedding),
            ("the number of characters", characters),
        ])?;
        let network = NetworkConfig {
            d_input: self.d_embedding,
            // The next character is not to be seen.
            bidirectional: false,
            ..self.network.clone()
        }
        .init(device)?;
        Ok(CharModel {
            embedding: EmbeddingConfig::new(characters, self.d_embedding).init(device),
            head: HeadConfig::new(network.d_output(), characters).try_init(device)?,
            network,
        })
    }
}

impl CharModel {
    /// From characters `[batch, time]` to the logits of the character after each,
    /// `[batch, time, characters]`, and the state after the last.
    ///
    /// # Panics
    ///
    /// Where the state does not fit the batch.
    pub fn forward(
        &self,
        characters: Tensor<2, Int>,
        state: Option<NetworkState>,
    ) -> (Tensor<3>, NetworkState) {
        let embedded = self.embedding.forward(characters);
        let (hidden, state) = self.network.forward(embedded, state);
        (self.head.logits(hidden), state)
    }
}
