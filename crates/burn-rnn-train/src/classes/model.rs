//! The network of a classifier.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use burn_rnn::{Direction, Head, HeadConfig, Sequences};
use burn_rnn_data::padded_runs;

use super::{Pool, Pooling};
use crate::floats::floats;
use crate::frames::Frames;
use crate::{Network, NetworkConfig, TrainError};

/// A recurrent network that reads frames, a pooling over its outputs, and a linear head that gives the log-odds
/// of the labels.
#[derive(Module, Debug)]
pub struct SequenceClassifier {
    /// The recurrent network.
    pub network: Network,
    /// From the outputs at all steps to one vector.
    pub pool: Pool,
    /// On that vector.
    pub dropout: Dropout,
    /// From it to the labels.
    pub head: Head,
}

impl SequenceClassifier {
    /// A model with fresh parameters; `dropout` is the probability that a feature of the pooled vector is dropped in training.
    ///
    /// # Errors
    ///
    /// Where the probability is none, a size is zero or beyond sense, or as [`NetworkConfig::init`].
    pub fn new(
        network: &NetworkConfig,
        pooling: Pooling,
        dropout: f64,
        labels: usize,
        device: &Device,
    ) -> Result<Self, TrainError> {
        TrainError::check_probabilities(&[("--output-dropout", dropout)])?;
        let bidirectional = network.bidirectional;
        let network = network.init(device)?;
        let width = network.d_output();
        Ok(Self {
            pool: Pool::new(pooling, width, bidirectional, device),
            dropout: DropoutConfig::new(dropout).init(),
            head: HeadConfig::new(width, labels).try_init(device)?,
            network,
        })
    }

    /// From sequences of frames to the log-odds of their labels, `[batch, labels]`.
    pub fn forward(&self, frames: &Frames) -> Tensor<2> {
        let outputs = self.outputs(frames);
        let vector = self.pool.forward(outputs, &frames.lengths);
        self.head.logits(self.dropout.forward(vector))
    }

    /// The network's outputs at all frames, `[batch, time, features]`.
    fn outputs(&self, frames: &Frames) -> Tensor<3> {
        let sequences = Sequences::from(&frames.lengths);
        let (values, direction) = (frames.values.clone(), Direction::Forward);
        self.network.run(values, None, &sequences, direction).0
    }

    /// The probabilities of the labels, for every sequence of scaled frames of `width` values.
    pub fn probabilities(&self, frames: &[&[f32]], width: usize, device: &Device) -> Vec<Vec<f32>> {
        // Frames, padding included: of sounds five minutes.
        const AT_ONCE: usize = 32;
        const FRAMES: usize = 30_000;
        let mut probabilities = Vec::with_capacity(frames.len());
        for some in padded_runs(frames, |sequence| sequence.len() / width, AT_ONCE, FRAMES) {
            let logits = self.forward(&Frames::new(some, width, device));
            let [_, labels] = logits.dims();
            let values = floats(softmax(logits, 1));
            probabilities.extend(values.chunks(labels).map(<[f32]>::to_vec));
        }
        probabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Architecture;
    use crate::drawn::drawn;

    fn model(pooling: Pooling, bidirectional: bool) -> SequenceClassifier {
        let network = NetworkConfig {
            layers: 2,
            bidirectional,
            ..NetworkConfig::new(Architecture::Lstm, 3, 5)
        };
        let model = SequenceClassifier::new(&network, pooling, 0.0, 2, &Device::default());
        drawn(model.unwrap(), 1.0)
    }

    #[test]
    fn padding_changes_nothing_whatever_the_pooling() {
        let device = Device::default();
        let sequences: Vec<Vec<f32>> = [9, 2, 5]
            .map(|frames| {
                // None begins as another one does: they would have the same maxima.
                (0..frames * 3)
                    .map(|i| ((i + frames) as f32 * 0.9).cos() - 0.4)
                    .collect()
            })
            .to_vec();
        let rows: Vec<&[f32]> = sequences.iter().map(Vec::as_slice).collect();
        for pooling in [
            Pooling::Last,
            Pooling::Mean,
            Pooling::Max,
            Pooling::Attention,
        ] {
            for bidirectional in [false, true] {
                let model = model(pooling, bidirectional);
                let together = model.probabilities(&rows, 3, &device);
                for (row, together) in rows.iter().zip(&together) {
                    let alone = &model.probabilities(&[row], 3, &device)[0];
                    assert!(
                        (together[0] - alone[0]).abs() < 1e-5,
                        "{pooling:?} {bidirectional}: {together:?}, alone {alone:?}"
                    );
                }
                assert!((together[0][0] - together[1][0]).abs() > 1e-5);
            }
        }
    }

    /// Both directions of a network that runs in two, one sequence: h_T and h'_1.
    #[test]
    fn last_is_where_each_direction_ends() {
        let device = Device::default();
        let model = model(Pooling::Last, true);
        let frames: Vec<f32> = (0..12).map(|i| (i as f32 * 1.7).sin()).collect();
        let sequences = Frames::new(&[&frames], 3, &device);
        let outputs = model.outputs(&sequences);
        let pooled = model.pool.forward(outputs.clone(), &sequences.lengths);
        let expected = Tensor::cat(
            vec![
                outputs.clone().slice([0..1, 3..4, 0..5]),
                outputs.slice([0..1, 0..1, 5..10]),
            ],
            2,
        );
        let difference = (pooled - expected.reshape([1, 10])).abs().max();
        assert_eq!(difference.into_scalar::<f32>(), 0.0);
    }
}
