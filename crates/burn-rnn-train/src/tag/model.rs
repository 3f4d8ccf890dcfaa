//! The network of the tagger.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Embedding, EmbeddingConfig};
use burn::tensor::{Device, Int, Tensor};
use burn_rnn::{Head, HeadConfig, Sequences};
use burn_rnn_data::{ConllColumns, SHAPES, TagVocabulary, TokenVocabulary};
use serde::{Deserialize, Serialize};

use super::TagBatch;
use crate::{Direction, Network, NetworkConfig, TrainError};

/// Embeddings of the token and of its last three letters, and what it looks like, side by side; recurrent
/// layers; a head that gives one logit a tag.
#[derive(Module, Debug)]
pub struct TagModel {
    /// `[tokens, d_embedding]`.
    pub tokens: Embedding,
    /// `[suffixes, d_suffix]`.
    pub suffixes: Embedding,
    /// Before the network and before the head.
    pub dropout: Dropout,
    /// The recurrent network.
    pub network: Network,
    /// From the hidden states to the tags.
    pub head: Head,
    /// In which direction the network reads.
    #[module(skip)]
    pub direction: Direction,
}

/// All that is needed beside the weights to tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagSettings {
    /// The recurrent network. Its number of inputs and its directions follow from the other settings; its dropout works before the first
    /// layer and before the head, too.
    #[serde(flatten)]
    pub network: NetworkConfig,
    /// The direction in which every layer reads.
    pub direction: Direction,
    /// The size of a token's embedding; that of a suffix is a quarter of it, at least 1.
    pub d_embedding: usize,
    /// The tokens that are known.
    pub tokens: TokenVocabulary,
    /// The last three letters that are known.
    pub suffixes: TokenVocabulary,
    /// The tags.
    pub tags: TagVocabulary,
    /// Where tokens and tags stood in the training file.
    pub columns: ConllColumns,
    /// How the sentences that the figures come from were found.
    pub held_out: HeldOut,
}

/// Which sentences of a file were not learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldOut {
    /// The last tenth of the training file.
    LastTenth,
    /// All of a file of their own.
    File,
}

impl TagSettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or beyond sense, or as [`NetworkConfig::init`].
    pub fn init(&self, device: &Device) -> Result<TagModel, TrainError> {
        TrainError::check_sizes(&[("--embedding", self.d_embedding)])?;
        let d_suffix = (self.d_embedding / 4).max(1);
        let d_input = self.d_embedding + d_suffix + SHAPES;
        let network = NetworkConfig {
            d_input,
            bidirectional: self.direction.is_both(),
            ..self.network.clone()
        }
        .init(device)?;
        let embedding = |size: usize, width| EmbeddingConfig::new(size, width).init(device);
        Ok(TagModel {
            tokens: embedding(self.tokens.size(), self.d_embedding),
            suffixes: embedding(self.suffixes.size(), d_suffix),
            dropout: DropoutConfig::new(self.network.dropout).init(),
            head: HeadConfig::new(network.d_output(), self.tags.tags().len()).try_init(device)?,
            network,
            direction: self.direction,
        })
    }
}

impl TagModel {
    /// The logits of the tags of every token, `[batch, time, tags]`; those of padding mean nothing.
    pub fn forward(&self, batch: &TagBatch) -> Tensor<3> {
        let embedded = |embedding: &Embedding, ids: &Tensor<2, Int>| embedding.forward(ids.clone());
        let features = vec![
            embedded(&self.tokens, &batch.tokens),
            embedded(&self.suffixes, &batch.suffixes),
            batch.shapes.clone(),
        ];
        let features = self.dropout.forward(Tensor::cat(features, 2));
        let sequences = Sequences::from(&batch.lengths);
        let direction = self.direction.of_run();
        let (hidden, _) = self.network.run(features, None, &sequences, direction);
        self.head.logits(self.dropout.forward(hidden))
    }
}
