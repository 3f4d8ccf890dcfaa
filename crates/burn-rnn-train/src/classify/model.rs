//! What is stored beside the weights of a classifier of sounds.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::classes::{Pooling, SequenceClassifier};
use crate::sounds::SoundFeatures;
use crate::{NetworkConfig, TrainError};

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
    /// Where a size is zero or beyond sense, the settings contradict one another, or as [`SequenceClassifier::new`].
    pub fn init(&self, device: &Device) -> Result<SequenceClassifier, TrainError> {
        TrainError::check_sizes(&[("--hold-out-takes", self.hold_out_takes)])?;
        self.features.validate()?;
        self.network.check_input(self.features.scalers.len())?;
        let labels = self.labels.len();
        SequenceClassifier::new(&self.network, self.pooling, self.dropout, labels, device)
    }
}
