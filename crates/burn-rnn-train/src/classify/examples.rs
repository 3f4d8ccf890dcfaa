//! Recordings as examples, changed a little at every pass.

use burn::data::dataset::{Dataset, DatasetError};
use std::sync::Arc;

use burn_rnn_data::{Augmentation, Recording};

use crate::TrainError;
use crate::classes::{Labelled, VARIANTS};
use crate::sounds::{Listener, place};

/// Every recording in many variants, as [`draw_variants`](crate::classes::draw_variants) numbers them.
pub(super) struct Variants {
    pub(super) recordings: Arc<Vec<Recording>>,
    /// The places of their labels.
    pub(super) labels: Vec<usize>,
    pub(super) listener: Listener,
    pub(super) augmentation: Augmentation,
}

impl Dataset<Labelled> for Variants {
    fn get(&self, index: usize) -> Result<Labelled, DatasetError> {
        let place = index % self.recordings.len();
        let sound = &self.recordings[place].sound;
        let samples = self.augmentation.sound(sound, index as u64);
        let mut frames = self.listener.samples(&samples);
        // Scaled, 0 is what the band mostly is.
        self.augmentation
            .mask(&mut frames, self.listener.bands(), 0.0, index as u64);
        Ok(Labelled {
            frames,
            label: self.labels[place],
        })
    }

    fn len(&self) -> usize {
        self.recordings.len() * VARIANTS
    }
}

/// Recordings as they are, with their labels' places among `labels`.
///
/// # Errors
///
/// Where a recording has another sample rate or a label that is none of `labels`.
pub(super) fn unchanged(
    recordings: &[Recording],
    labels: &[String],
    listener: &Listener,
) -> Result<Vec<Labelled>, TrainError> {
    let labelled = |recording: &Recording| {
        Ok(Labelled {
            frames: listener.sound(&recording.sound)?,
            label: place("the label", &recording.label, labels)?,
        })
    };
    recordings.iter().map(labelled).collect()
}
