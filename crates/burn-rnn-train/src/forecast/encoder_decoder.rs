//! The recurrent network of a forecaster.

use burn::module::Module;
use burn::nn::Dropout;
use burn::tensor::{Distribution, Tensor};
use burn_rnn::Head;

use super::ForecasterConfig;
use crate::{Network, NetworkState};

/// An encoder that reads the window segment by segment, and what writes the horizon.
#[derive(Module, Debug)]
pub struct EncoderDecoder {
    /// Reads the window.
    pub encoder: Network,
    /// Writes the horizon segment by segment, from the encoder's final state; each layer of a bidirectional
    /// encoder hands over the mean of its two directions. Without it the head writes all at once.
    pub decoder: Option<Network>,
    /// On what the head reads.
    pub dropout: Dropout,
    /// From a hidden state to a segment, or to the whole horizon.
    pub head: Head,
}

/// The true continuation, for a decoder that is being taught.
pub(super) struct Truth {
    /// `[batch, horizon, series]`.
    pub(super) target: Tensor<3>,
    /// The probability that the decoder reads it in place of what it wrote.
    pub(super) probability: f64,
}

impl EncoderDecoder {
    /// From `[rows, window, channels]` to `[rows, horizon, channels]`.
    pub(super) fn forward(
        &self,
        x: Tensor<3>,
        times: Option<Tensor<3>>,
        truth: Option<Truth>,
        config: &ForecasterConfig,
    ) -> Tensor<3> {
        let [rows, window, channels] = x.dims();
        let width = config.segment * channels;
        let steps = window / config.segment;
        let segments = x.reshape([rows, steps, width]);
        let last = segments.clone().narrow(1, steps - 1, 1);
        let read = match times {
            Some(times) => Tensor::cat(vec![segments, times], 2),
            None => segments,
        };
        let (hidden, state) = self.encoder.forward(read, None);
        let Some(decoder) = &self.decoder else {
            let summary = self.summary(hidden, config);
            let y = self.head.logits(self.dropout.forward(summary));
            return y.reshape([rows, config.horizon, channels]);
        };
        let count = config.horizon.div_ceil(config.segment);
        let truth = truth.filter(|truth| truth.probability > 0.0);
        let state = state.one_direction();
        let written = match truth {
            Some(truth) if truth.probability >= 1.0 => {
                let before = before(last, &truth.target, count);
                let (hidden, _) = decoder.forward(before, Some(state));
                self.head.logits(self.dropout.forward(hidden))
            }
            truth => self.write(decoder, last, state, truth, count),
        };
        written
            .reshape([rows, count * config.segment, channels])
            .narrow(1, 0, config.horizon)
    }

    /// Writes `count` segments, each after reading the one before: its own, or the true one where a coin
    /// says so.
    fn write(
        &self,
        decoder: &Network,
        last: Tensor<3>,
        state: NetworkState,
        truth: Option<Truth>,
        count: usize,
    ) -> Tensor<3> {
        let [rows, ..] = last.dims();
        let device = last.device();
        let truth = truth.map(|truth| {
            let before = before(last.clone(), &truth.target, count);
            (before, truth.probability)
        });
        let mut state = state;
        let mut read = last;
        let mut written = Vec::with_capacity(count);
        for step in 0..count {
            if let (Some((before, probability)), true) = (&truth, step > 0) {
                let coins = Distribution::Bernoulli(*probability);
                let coins = Tensor::<3>::random([rows, 1, 1], coins, &device);
                let taught = before.clone().narrow(1, step, 1);
                read = taught * coins.clone() + read * (coins.neg() + 1.0);
            }
            let (hidden, next) = decoder.forward(read, Some(state));
            state = next;
            read = self.head.logits(self.dropout.forward(hidden));
            written.push(read.clone());
        }
        Tensor::cat(written, 1)
    }

    /// What each direction knows when it has read everything, `[rows, 1, features]`.
    fn summary(&self, hidden: Tensor<3>, config: &ForecasterConfig) -> Tensor<3> {
        let [_, steps, features] = hidden.dims();
        let last = hidden.clone().narrow(1, steps - 1, 1);
        if !config.network.bidirectional {
            return last;
        }
        // The backward direction ends at the first step.
        let half = features / 2;
        let backward = hidden.narrow(1, 0, 1).narrow(2, half, half);
        Tensor::cat(vec![last.narrow(2, 0, half), backward], 2)
    }
}

/// The true segment before each of `count` segments; `last` stands before the first.
fn before(last: Tensor<3>, target: &Tensor<3>, count: usize) -> Tensor<3> {
    let [rows, _, width] = last.dims();
    if count == 1 {
        return last;
    }
    let [_, _, channels] = target.dims();
    let known = (count - 1) * width / channels;
    let target = target.clone().narrow(1, 0, known);
    Tensor::cat(vec![last, target.reshape([rows, count - 1, width])], 1)
}
