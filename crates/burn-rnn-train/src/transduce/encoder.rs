//! The half that reads.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Embedding, EmbeddingConfig};
use burn::tensor::{Device, Tensor};

use super::SequenceBatch;
use crate::{Network, NetworkConfig, TrainError};

/// Embedding and recurrent layers over sequences of unequal lengths, in one direction or two. The
/// backward direction begins at each sequence's own end, so that filler changes nothing.
#[derive(Module, Debug)]
pub struct Encoder {
    /// `[symbols, d_embedding]`.
    pub embedding: Embedding,
    /// One layer each, from the first symbol to the last.
    pub forward: Vec<Network>,
    /// One layer each, from the last symbol to the first; empty where there is one direction.
    pub backward: Vec<Network>,
    /// Between the layers.
    pub dropout: Dropout,
}

impl Encoder {
    /// An encoder of `symbols` symbols with fresh parameters; `config.d_input` is the size of an
    /// embedding.
    ///
    /// # Errors
    ///
    /// Where a size is zero or the dropout is not a probability below 1.
    pub fn new(
        config: &NetworkConfig,
        symbols: usize,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let directions = 1 + usize::from(config.bidirectional);
        let layers = || -> Result<Vec<Network>, TrainError> {
            let layer = |layer| {
                let config = NetworkConfig {
                    d_input: match layer {
                        0 => config.d_input,
                        _ => config.d_hidden * directions,
                    },
                    layers: 1,
                    bidirectional: false,
                    ..config.clone()
                };
                Ok(config.init(device)?)
            };
            (0..config.layers).map(layer).collect()
        };
        Ok(Self {
            embedding: EmbeddingConfig::new(symbols, config.d_input).init(device),
            forward: layers()?,
            backward: match config.bidirectional {
                true => layers()?,
                false => Vec::new(),
            },
            dropout: DropoutConfig::new(config.dropout).init(),
        })
    }

    /// The number of features of an output.
    pub fn d_output(&self) -> usize {
        let last = [self.forward.last(), self.backward.last()];
        last.into_iter().flatten().map(Network::d_output).sum()
    }

    /// The outputs at all symbols, `[batch, time, d_output]`, and a summary of each sequence,
    /// `[batch, d_output]`: the forward direction's output at the last symbol beside the backward
    /// direction's at the first.
    pub fn read(&self, batch: &SequenceBatch) -> (Tensor<3>, Tensor<2>) {
        let mut x = self.embedding.forward(batch.symbols.clone());
        let mut summary = None;
        for (layer, forward) in self.forward.iter().enumerate() {
            if layer > 0 {
                x = self.dropout.forward(x);
            }
            let (output, _) = forward.forward(x.clone(), None);
            let ahead = rows(output.clone()).select(0, batch.last.clone());
            (x, summary) = match self.backward.get(layer) {
                None => (output, Some(ahead)),
                Some(backward) => {
                    let (back, _) = backward.forward(turned(x, batch), None);
                    let behind = rows(back.clone()).select(0, batch.last.clone());
                    let both = Tensor::cat(vec![output, turned(back, batch)], 2);
                    (both, Some(Tensor::cat(vec![ahead, behind], 1)))
                }
            };
        }
        (x, summary.expect("an encoder has at least one layer"))
    }
}

fn rows(x: Tensor<3>) -> Tensor<2> {
    let [batch, time, features] = x.dims();
    x.reshape([batch * time, features])
}

/// Every sequence turned around within its length.
fn turned(x: Tensor<3>, batch: &SequenceBatch) -> Tensor<3> {
    let dims = x.dims();
    rows(x).select(0, batch.reversed.clone()).reshape(dims)
}
