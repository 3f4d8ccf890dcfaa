//! The network of the classifier.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor};
use burn_rnn::{Direction, Head, HeadConfig, Sequences};
use serde::{Deserialize, Serialize};

use super::{Pool, Pooling};
use crate::frames::Frames;
use crate::sounds::SoundFeatures;
use crate::{Network, NetworkConfig, TrainError};

/// A recurrent network that reads frames, a pooling over its outputs, and a linear head that gives the log-odds
/// of the labels.
#[derive(Module, Debug)]
pub struct SoundClassifier {
    /// The recurrent network.
    pub network: Network,
    /// From the outputs at all steps to one vector.
    pub pool: Pool,
    /// On that vector.
    pub dropout: Dropout,
    /// From it to the labels.
    pub head: Head,
}

/// All that is needed beside the weights to classify.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierSettings {
    /// The recurrent network.
    pub network: NetworkConfig,
    /// How its outputs become one vector.
    pub pooling: Pooling,
    /// The probability that a feature of that vector is dropped in training.
    pub dropout: f64,
    /// The labels, in the order of the head's outputs.
    pub labels: Vec<String>,
    /// How a sound becomes frames.
    pub features: SoundFeatures,
    /// The takes that were held out, for evaluating it again.
    pub hold_out_takes: usize,
}

impl ClassifierSettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or beyond sense, the settings contradict one another, or as [`NetworkConfig::init`].
    pub fn init(&self, device: &Device) -> Result<SoundClassifier, TrainError> {
        TrainError::check_probabilities(&[("--output-dropout", self.dropout)])?;
        TrainError::check_sizes(&[("--hold-out-takes", self.hold_out_takes)])?;
        self.features.validate()?;
        self.network.check_input(self.features.scalers.len())?;
        let network = self.network.init(device)?;
        let width = network.d_output();
        Ok(SoundClassifier {
            pool: Pool::new(self.pooling, width, self.network.bidirectional, device),
            dropout: DropoutConfig::new(self.dropout).init(),
            head: HeadConfig::new(width, self.labels.len()).try_init(device)?,
            network,
        })
    }
}

impl SoundClassifier {
    /// From sequences of frames to the log-odds of their labels, `[batch, labels]`.
    pub fn forward(&self, frames: &Frames) -> Tensor<2> {
        let outputs = self.outputs(frames);
        let vector = self.pool.forward(outputs, &frames.lengths);
        self.head.logits(self.dropout.forward(vector))
    }

    /// The network's outputs at all frames, `[batch, time, features]`.
    pub(super) fn outputs(&self, frames: &Frames) -> Tensor<3> {
        let sequences = Sequences::from(&frames.lengths);
        let (values, direction) = (frames.values.clone(), Direction::Forward);
        self.network.run(values, None, &sequences, direction).0
    }
}
