//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn_data::{Augmentation, Recording, bucketed, padded_runs};

use super::examples::{Variants, draw_variants, unchanged};
use super::{ClassifierSettings, SoundClassifier};
use crate::TrainError;
use crate::floats::floats;
use crate::frames::Frames;
use crate::learn::{Learnable, Lesson, Moment, NoState, Task};
use crate::sounds::{Sounds, place};

/// A sound as scaled frames, and its label's place among the labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// `[frames, bands]` in row-major order.
    pub frames: Vec<f32>,
    /// The place of the label.
    pub label: usize,
}

/// Sounds of unequal lengths and their labels.
#[derive(Clone, Debug)]
pub struct LabelledBatch {
    frames: Frames,
    labels: Tensor<1, Int>,
    smoothing: f32,
}

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

impl SoundClassifier {
    /// The probabilities of the labels, for every sound of scaled frames.
    pub fn probabilities(&self, frames: &[&[f32]], bands: usize, device: &Device) -> Vec<Vec<f32>> {
        // Frames, padding included: five minutes.
        const AT_ONCE: usize = 32;
        const FRAMES: usize = 30_000;
        let mut probabilities = Vec::with_capacity(frames.len());
        for some in padded_runs(frames, |sound| sound.len() / bands, AT_ONCE, FRAMES) {
            let logits = self.forward(&Frames::new(some, bands, device));
            let [_, labels] = logits.dims();
            let values = floats(softmax(logits, 1));
            probabilities.extend(values.chunks(labels).map(<[f32]>::to_vec));
        }
        probabilities
    }

    /// The mean negative log-likelihood of the labels in nats, and the label that each sound is taken for.
    pub fn examine(&self, sounds: &[Labelled], bands: usize, device: &Device) -> (f64, Vec<usize>) {
        let frames: Vec<&[f32]> = sounds.iter().map(|sound| sound.frames.as_slice()).collect();
        let probabilities = self.probabilities(&frames, bands, device);
        let likelihoods = probabilities.iter().zip(sounds);
        let loss: f64 = likelihoods
            .map(|(probabilities, sound)| -f64::from(probabilities[sound.label].max(1e-30)).ln())
            .sum();
        let taken_for = probabilities.iter().map(|probabilities| {
            let places = probabilities.iter().enumerate();
            places
                .max_by(|(_, a), (_, b)| a.total_cmp(b))
                .map_or(0, |(place, _)| place)
        });
        (loss / sounds.len().max(1) as f64, taken_for.collect())
    }
}

impl Learnable for SoundClassifier {
    type Batch = LabelledBatch;
    type State = NoState;

    fn lesson(&self, batch: LabelledBatch, _: Option<NoState>, _: &Moment) -> Lesson {
        let logits = self.forward(&batch.frames);
        let targets = logits.dims()[0];
        let loss = CrossEntropyLossConfig::new()
            .with_smoothing((batch.smoothing > 0.0).then_some(batch.smoothing))
            .init(&logits.device())
            .forward(logits, batch.labels);
        Lesson::new(loss, targets)
    }
}

struct Rows {
    bands: usize,
    smoothing: f32,
}

impl Batcher<Labelled, LabelledBatch> for Rows {
    fn batch(&self, sounds: Vec<Labelled>, device: &Device) -> LabelledBatch {
        let frames: Vec<&[f32]> = sounds.iter().map(|sound| sound.frames.as_slice()).collect();
        let labels: Vec<i32> = sounds.iter().map(|sound| sound.label as i32).collect();
        LabelledBatch {
            frames: Frames::new(&frames, self.bands, device),
            labels: Tensor::from_data(TensorData::new(labels, [sounds.len()]), device),
            smoothing: self.smoothing,
        }
    }
}

impl Task for ClassifyTask {
    const NAME: &'static str = "classify";
    type Item = Labelled;
    type Model = SoundClassifier;
    type Settings = ClassifierSettings;

    fn settings(&self) -> ClassifierSettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<SoundClassifier, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<Labelled>> {
        self.train.clone()
    }

    fn batcher(&self) -> Arc<dyn Batcher<Labelled, LabelledBatch>> {
        Arc::new(Rows {
            bands: self.settings.features.scalers.len(),
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

    fn evaluate(&self, model: &SoundClassifier, device: &Device) -> Result<Vec<f64>, TrainError> {
        let bands = self.settings.features.scalers.len();
        let (loss, taken_for) = model.examine(&self.valid, bands, device);
        Ok(vec![loss, share_right(&self.valid, &taken_for)])
    }
}

/// The share of sounds that are taken for what they are.
pub(super) fn share_right(sounds: &[Labelled], taken_for: &[usize]) -> f64 {
    let right = sounds
        .iter()
        .zip(taken_for)
        .filter(|(sound, label)| sound.label == **label);
    right.count() as f64 / sounds.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Pooling;
    use crate::drawn::drawn;
    use crate::sounds::SoundFeatures;
    use crate::{Architecture, NetworkConfig};
    use burn_rnn_data::{LogMel, Scaler, ScalerKind};

    fn model(pooling: Pooling, bidirectional: bool) -> SoundClassifier {
        let settings = ClassifierSettings {
            network: NetworkConfig {
                layers: 2,
                bidirectional,
                ..NetworkConfig::new(Architecture::Lstm, 3, 5)
            },
            pooling,
            dropout: 0.0,
            labels: ["a", "b"].map(str::to_owned).to_vec(),
            features: SoundFeatures {
                log_mel: LogMel {
                    bands: 3,
                    ..LogMel::new(8000)
                },
                scalers: vec![Scaler::fit(ScalerKind::Standard, &[0.0]).unwrap(); 3],
            },
            hold_out_takes: 1,
        };
        drawn(settings.init(&Device::default()).unwrap(), 1.0)
    }

    #[test]
    fn padding_changes_nothing_whatever_the_pooling() {
        let device = Device::default();
        let sounds: Vec<Vec<f32>> = [9, 2, 5]
            .map(|frames| {
                // None begins as another one does: they would have the same maxima.
                (0..frames * 3)
                    .map(|i| ((i + frames) as f32 * 0.9).cos() - 0.4)
                    .collect()
            })
            .to_vec();
        let rows: Vec<&[f32]> = sounds.iter().map(Vec::as_slice).collect();
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
