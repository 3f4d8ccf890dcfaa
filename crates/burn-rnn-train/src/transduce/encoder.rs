//! The half that reads.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Embedding, EmbeddingConfig};
use burn::tensor::{Device, Tensor};
use burn_rnn::Pooling;

use super::SequenceBatch;
use crate::{DirectionLayer, DirectionsConfig, Network, TrainError};

/// Embedding and recurrent layers over sequences of unequal lengths, in one direction or two. Filler
/// changes nothing.
#[derive(Module, Debug)]
pub struct Encoder {
    /// `[symbols, d_embedding]`.
    pub embedding: Embedding,
    /// The layers, the one that reads the embeddings first.
    pub layers: Vec<DirectionLayer>,
    /// Between the layers.
    pub dropout: Dropout,
}

impl Encoder {
    /// An encoder of `symbols` symbols with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero.
    pub fn new(
        directions: &DirectionsConfig,
        symbols: usize,
        d_embedding: usize,
        dropout: f64,
        device: &Device,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            embedding: EmbeddingConfig::new(symbols, d_embedding).init(device),
            layers: directions.init(d_embedding, device)?,
            dropout: DropoutConfig::new(dropout).init(),
        })
    }

    /// The number of features of an output.
    pub fn d_output(&self) -> usize {
        self.layers.last().map_or(0, DirectionLayer::d_output)
    }

    /// The outputs at all symbols, `[batch, time, d_output]`, and a summary of each sequence,
    /// `[batch, d_output]`: what each direction gives where it ends, at the last symbol or the first.
    pub fn read(&self, batch: &SequenceBatch) -> (Tensor<3>, Tensor<2>) {
        let mut x = self.embedding.forward(batch.symbols.clone());
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                x = self.dropout.forward(x);
            }
            x = layer.forward(x, &batch.lengths);
        }
        let [_, _, features] = x.dims();
        let forward = self.layers.last().and_then(|layer| layer.forward.as_ref());
        let forward = forward.map_or(0, Network::d_output);
        let mut ends = Vec::new();
        if forward > 0 {
            let last = x.clone().narrow(2, 0, forward);
            ends.push(Pooling::Last.forward(last, &batch.lengths));
        }
        if forward < features {
            let first = x.clone().narrow(1, 0, 1).squeeze_dim::<2>(1);
            ends.push(first.narrow(1, forward, features - forward));
        }
        (x, Tensor::cat(ends, 1))
    }
}
