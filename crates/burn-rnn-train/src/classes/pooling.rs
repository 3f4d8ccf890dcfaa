//! From the outputs at all steps to one vector.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use burn_rnn::Lengths;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How the outputs `h_1 … h_T` of a sequence become one vector. Padding counts for nothing in any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// h_T; of a backward direction its own last output, that at the first step
    Last,
    /// The mean over the steps
    Mean,
    /// The maximum of each feature over the steps
    Max,
    /// A weighted mean, Σ α_t h_t: the weights are learnt
    Attention,
}

/// A [`Pooling`] with its parameters, if it has any.
///
/// Attention is that of Yang et al. (2016): `u_t = tanh(W h_t + b)`, `α = softmax(v · u_t)` over the steps,
/// `Σ α_t h_t`, with `u` half as wide as `h`.
#[derive(Module, Debug)]
pub struct Pool {
    /// `W` and `b` of attention.
    pub hidden: Option<Linear>,
    /// `v` of attention.
    pub score: Option<Linear>,
    /// Which it is.
    #[module(skip)]
    pub pooling: Pooling,
    /// Whether the second half of the features comes from a backward direction.
    #[module(skip)]
    pub bidirectional: bool,
}

impl Pool {
    /// Over outputs of `d_output` features.
    pub fn new(pooling: Pooling, d_output: usize, bidirectional: bool, device: &Device) -> Self {
        let width = d_output.div_ceil(2);
        let attention = |from, to| {
            (pooling == Pooling::Attention).then(|| LinearConfig::new(from, to).init(device))
        };
        Self {
            hidden: attention(d_output, width),
            score: attention(width, 1),
            pooling,
            bidirectional,
        }
    }

    /// From the outputs `[batch, time, features]` of sequences of these lengths to `[batch, features]`.
    pub fn forward(&self, outputs: Tensor<3>, lengths: &Lengths) -> Tensor<2> {
        let [_, time, features] = outputs.dims();
        match (self.pooling, &self.hidden, &self.score) {
            (Pooling::Last, ..) if self.bidirectional => {
                let half = features / 2;
                let forward = outputs.clone().narrow(2, 0, half);
                let backward = outputs.narrow(2, half, features - half);
                let first = backward.narrow(1, 0, 1).squeeze_dim(1);
                let last = burn_rnn::Pooling::Last.forward(forward, lengths);
                Tensor::cat(vec![last, first], 1)
            }
            (Pooling::Max, ..) => burn_rnn::Pooling::Max.forward(outputs, lengths),
            (Pooling::Mean, ..) => burn_rnn::Pooling::Mean.forward(outputs, lengths),
            (Pooling::Attention, Some(hidden), Some(score)) => {
                let scores = score.forward(hidden.forward(outputs.clone()).tanh());
                let missing = lengths.mask(time, &scores.device()).bool_not();
                let scores = scores.mask_fill(missing.unsqueeze_dim(2), f32::NEG_INFINITY);
                let weights = softmax(scores, 1);
                (outputs * weights).sum_dim(1).squeeze_dim(1)
            }
            _ => burn_rnn::Pooling::Last.forward(outputs, lengths),
        }
    }
}
