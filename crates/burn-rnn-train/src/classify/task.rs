//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::tensor::Device;
use burn_rnn_data::{Augmentation, Recording, bucketed};

use super::ClassifierSettings;
use super::examples::{Variants, unchanged};
use crate::TrainError;
use crate::classes::{Batching, Labelled, LabelledBatch, SequenceClassifier, draw_variants};
use crate::learn::Task;
use crate::sounds::{Sounds, place};

/// Sounds to tell apart.
#[derive(Clone)]
pub struct ClassifyTask {
    settings: ClassifierSettings,
    train: Arc<Variants>,
    lengths: Arc<Vec<usize>>,
    valid: Arc<Vec<Labelled>>,
    batch_size: usize,
    smoothing: f32,
}

impl ClassifyTask {
    /// The training part of `sounds` in batches of `batch_size`, every recording changed at every pass as
    /// `augmentation` says. `smoothing` is the share of a label's probability that the loss gives to all labels
    /// alike (Szegedy et al. 2016).
    ///
    /// # Errors
    ///
    /// Where a sound has another sample rate than the settings' features, or a label that they lack.
    pub fn new(
        settings: ClassifierSettings,
        sounds: &Sounds,
        batch_size: usize,
        augmentation: Augmentation,
        smoothing: f64,
    ) -> Result<Self, TrainError> {
        let listener = settings.features.listener()?;
        let valid = unchanged(&sounds.valid, &settings.labels, &listener)?;
        let label = |recording: &Recording| {
            listener.check(&recording.sound)?;
            place("the label", &recording.label, &settings.labels)
        };
        let labels: Result<Vec<_>, TrainError> = sounds.train.iter().map(label).collect();
        let lengths = sounds.train.iter().map(|recording| {
            let samples = recording.sound.samples.len();
            settings.features.log_mel.frames(samples)
        });
        Ok(Self {
            lengths: Arc::new(lengths.collect()),
            valid: Arc::new(valid),
            train: Arc::new(Variants {
                recordings: sounds.train.clone(),
                labels: labels?,
                listener,
                augmentation,
            }),
            settings,
            batch_size,
            smoothing: smoothing as f32,
        })
    }
}

impl Task for ClassifyTask {
    const NAME: &'static str = "classify";
    type Item = Labelled;
    type Model = SequenceClassifier;
    type Settings = ClassifierSettings;

    fn settings(&self) -> ClassifierSettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<SequenceClassifier, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<Labelled>> {
        self.train.clone()
    }

    fn batcher(&self) -> Arc<dyn Batcher<Labelled, LabelledBatch>> {
        Arc::new(Batching {
            width: self.settings.features.scalers.len(),
            smoothing: self.smoothing,
        })
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        let mut batches = bucketed(&self.lengths, self.batch_size, seed);
        draw_variants(&mut batches, self.lengths.len(), seed);
        batches
    }

    fn score_names(&self) -> &'static [&'static str] {
        &["validation loss", "validation accuracy"]
    }

    fn evaluate(
        &self,
        model: &SequenceClassifier,
        device: &Device,
    ) -> Result<Vec<f64>, TrainError> {
        let bands = self.settings.features.scalers.len();
        let examined = model.examine(&self.valid, bands, device);
        Ok(vec![examined.loss, examined.accuracy])
    }
}
