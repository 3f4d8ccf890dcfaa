//! What is stored beside the weights of a classifier of series.

use burn::tensor::Device;
use burn_rnn_data::{SeriesColumns, SeriesFeatures};
use serde::{Deserialize, Serialize};

use super::HeldOut;
use crate::classes::{Pooling, SequenceClassifier};
use crate::limits::check_memory;
use crate::{NetworkConfig, TrainError};

/// All that is needed beside the weights to classify.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesSettings {
    /// The recurrent network.
    pub network: NetworkConfig,
    /// How its outputs become one vector.
    pub pooling: Pooling,
    /// The probability that a feature of that vector is dropped in training.
    pub dropout: f64,
    /// The labels, in the order of the head's outputs.
    pub labels: Vec<String>,
    /// How a series becomes frames.
    pub features: SeriesFeatures,
    /// The columns with the id, the label and the group; none but for a table that has them. The channels are those of the features.
    pub columns: SeriesColumns,
    /// What was held out, for evaluating it again.
    pub held_out: HeldOut,
}

impl SeriesSettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or beyond sense, the settings contradict one another, or as [`SequenceClassifier::new`].
    pub fn init(&self, device: &Device) -> Result<SequenceClassifier, TrainError> {
        let channels = self.features.channels.len();
        TrainError::check_lengths(&[
            (
                "the number of scalers",
                self.features.scalers.len(),
                channels,
            ),
            (
                "the number of columns",
                self.columns.channels.len(),
                channels,
            ),
        ])?;
        self.held_out.validate()?;
        self.network.check_input(channels)?;
        let labels = self.labels.len();
        SequenceClassifier::new(&self.network, self.pooling, self.dropout, labels, device)
    }

    /// Refuses `count` series at once of so many steps, where no memory holds what the network computes of them.
    pub(super) fn check_memory(&self, count: usize, steps: usize) -> Result<(), TrainError> {
        let widest = self.network.sizes()?.into_iter().max().unwrap_or(0);
        let widest = widest.max(self.features.channels.len());
        check_memory(
            "the size of a batch of the longest series",
            &[count, steps, widest],
        )
    }
}
