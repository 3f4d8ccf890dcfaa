//! Recordings as examples, changed a little at every pass.

use burn::data::dataset::{Dataset, DatasetError};
use std::sync::Arc;

use burn_rnn_data::{Augmentation, Recording};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::TrainError;
use crate::classes::Labelled;
use crate::sounds::{Listener, place};

/// How many variants of a recording there are to draw from.
const VARIANTS: usize = 1 << 20;

/// Every recording in many variants: example `recording + recordings · variant`. They are computed when they
/// are asked for, by the threads that prepare batches, and an index gives the same example always, so that a
/// training goes on after a break as if there had been none.
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

/// Batches of recordings as batches of variants of them.
pub(super) fn draw_variants(batches: &mut [Vec<usize>], recordings: usize, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for index in batches.iter_mut().flatten() {
        *index += recordings * rng.random_range(0..VARIANTS);
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
