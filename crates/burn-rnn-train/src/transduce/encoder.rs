//! The half that reads.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::Tensor;
use burn_rnn::{Pooling, Sequences};

use super::SequenceBatch;
use crate::{Direction, Network};

/// Embedding and recurrent network over sequences of unequal lengths, in one direction or two. Filler
/// changes nothing.
#[derive(Module, Debug)]
pub struct Encoder {
    /// `[symbols, d_embedding]`.
    pub embedding: Embedding,
    /// The recurrent network.
    pub network: Network,
    /// In which direction it reads.
    #[module(skip)]
    pub direction: Direction,
}

impl Encoder {
    /// The number of features of an output.
    pub fn d_output(&self) -> usize {
        self.network.d_output()
    }

    /// The outputs at all symbols, `[batch, time, d_output]`, and a summary of each sequence,
    /// `[batch, d_output]`: what each direction gives where it ends, at the last symbol or the first.
    pub fn read(&self, batch: &SequenceBatch) -> (Tensor<3>, Tensor<2>) {
        let embedded = self.embedding.forward(batch.symbols.clone());
        let sequences = Sequences::from(&batch.lengths);
        let direction = self.direction.of_run();
        let (outputs, _) = self.network.run(embedded, None, &sequences, direction);
        let [_, _, features] = outputs.dims();
        let forward = match self.direction {
            Direction::Both => features / 2,
            Direction::Forward => features,
            Direction::Backward => 0,
        };
        let mut ends = Vec::new();
        if forward > 0 {
            let last = outputs.clone().narrow(2, 0, forward);
            ends.push(Pooling::Last.forward(last, &batch.lengths));
        }
        if forward < features {
            let first = outputs.clone().narrow(1, 0, 1).squeeze_dim::<2>(1);
            ends.push(first.narrow(1, forward, features - forward));
        }
        (outputs, Tensor::cat(ends, 1))
    }
}
