//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::Device;
use burn_rnn_data::{Augmentation, bucketed};

use super::{SeriesParts, SeriesSettings};
use crate::TrainError;
use crate::classes::{
    Batching, Labelled, LabelledBatch, SequenceClassifier, VARIANTS, draw_variants,
};
use crate::learn::Task;

/// Series to tell apart.
#[derive(Clone)]
pub struct SeriesTask {
    settings: SeriesSettings,
    train: Arc<Variants>,
    lengths: Arc<Vec<usize>>,
    valid: Arc<Vec<Labelled>>,
    batch_size: usize,
    smoothing: f32,
}

impl SeriesTask {
    /// The part to learn from in batches of `batch_size`, every series changed at every pass as `augmentation` says. `smoothing` is the
    /// share of a label's probability that the loss gives to all labels alike (Szegedy et al. 2016).
    ///
    /// # Errors
    ///
    /// Where no memory holds a batch of the longest series.
    pub fn new(
        settings: SeriesSettings,
        series: &SeriesParts,
        batch_size: usize,
        augmentation: Augmentation,
        smoothing: f64,
    ) -> Result<Self, TrainError> {
        let width = settings.features.channels.len();
        let train = series.labelled(&series.parts.train, &settings)?;
        let lengths: Vec<usize> = train.iter().map(|one| one.frames.len() / width).collect();
        let longest = lengths.iter().max().copied().unwrap_or(0);
        settings.check_memory(batch_size.min(train.len()), longest)?;
        Ok(Self {
            valid: Arc::new(series.labelled(&series.parts.valid, &settings)?),
            lengths: Arc::new(lengths),
            train: Arc::new(Variants {
                series: train,
                width,
                augmentation,
            }),
            settings,
            batch_size,
            smoothing: smoothing as f32,
        })
    }
}

/// Every series in many variants, as [`draw_variants`] numbers them.
struct Variants {
    series: Vec<Labelled>,
    width: usize,
    augmentation: Augmentation,
}

impl Dataset<Labelled> for Variants {
    fn get(&self, index: usize) -> Result<Labelled, DatasetError> {
        let series = &self.series[index % self.series.len()];
        let frames = &series.frames;
        Ok(Labelled {
            frames: self.augmentation.series(frames, self.width, index as u64),
            label: series.label,
        })
    }

    fn len(&self) -> usize {
        self.series.len() * VARIANTS
    }
}

impl Task for SeriesTask {
    const NAME: &'static str = "classify-series";
    type Item = Labelled;
    type Model = SequenceClassifier;
    type Settings = SeriesSettings;

    fn settings(&self) -> SeriesSettings {
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
            width: self.train.width,
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
        let examined = model.examine(&self.valid, self.train.width, device);
        Ok(vec![examined.loss, examined.accuracy])
    }
}
