//! What the shared loop trains: every frame from those before it, with teacher forcing.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, InMemDataset};
use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use burn_rnn_data::{Recording, aligned_distance, bucketed, padded_runs};

use super::{SpeakSettings, SpeechModel, Wish, speak};
use crate::TrainError;
use crate::frames::Frames;
use crate::learn::{Learnable, Lesson, Moment, NoState, Task};
use crate::sounds::{Listener, Sounds, place};

/// A sound, and what it says by whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// Scaled frames, `[frames, bands]` in row-major order.
    pub frames: Vec<f32>,
    /// What it says by whom.
    pub wish: Wish,
}

/// Sounds of unequal lengths, and what they say.
#[derive(Clone, Debug)]
pub struct SpokenBatch {
    /// The frame before each, the mean frame before the first.
    before: Tensor<3>,
    frames: Frames,
    /// 1 at the last frame, `[batch, time]`.
    ends: Tensor<2>,
    labels: Tensor<1, Int>,
    speakers: Tensor<1, Int>,
    /// The number of frames.
    count: usize,
    noise: f64,
}

/// Sounds to learn to speak.
#[derive(Clone)]
pub struct SpeakTask {
    settings: SpeakSettings,
    train: Arc<InMemDataset<Spoken>>,
    /// Of the examples, in their order.
    lengths: Vec<usize>,
    valid: Arc<Vec<Spoken>>,
    batch_size: usize,
}

impl SpeakTask {
    /// The training part of `sounds` in batches of `batch_size`.
    ///
    /// # Errors
    ///
    /// Where a sound has another sample rate than the settings' features, or a label or speaker that they lack.
    pub fn new(
        settings: SpeakSettings,
        sounds: &Sounds,
        batch_size: usize,
    ) -> Result<Self, TrainError> {
        let listener = settings.features.listener()?;
        let train = spoken(&sounds.train, &settings, &listener)?;
        Ok(Self {
            lengths: train.iter().map(|sound| sound.frames.len()).collect(),
            train: Arc::new(InMemDataset::new(train)),
            valid: Arc::new(spoken(&sounds.valid, &settings, &listener)?),
            settings,
            batch_size,
        })
    }
}

/// Recordings as frames.
pub(super) fn spoken(
    recordings: &[Recording],
    settings: &SpeakSettings,
    listener: &Listener,
) -> Result<Vec<Spoken>, TrainError> {
    let spoken = |recording: &Recording| {
        Ok(Spoken {
            frames: listener.sound(&recording.sound)?,
            wish: Wish {
                label: place("the label", &recording.label, &settings.labels)?,
                speaker: place("the speaker", &recording.speaker, &settings.speakers)?,
            },
        })
    };
    recordings.iter().map(spoken).collect()
}

/// The mean square error of a value, and the mean negative log-likelihood of ending where it ends and
/// nowhere else, a frame; in scaled units and nats.
fn losses(model: &SpeechModel, batch: SpokenBatch, noise: f64) -> (Tensor<1>, Tensor<1>) {
    let SpokenBatch {
        mut before,
        frames,
        ends,
        labels,
        speakers,
        count,
        ..
    } = batch;
    if noise > 0.0 {
        before = before.clone() + before.random_like(Distribution::Normal(0.0, noise));
    }
    let wish = model.wish(labels, speakers);
    let (spoken, logits, _) = model.forward(before, wish, None);
    let bands = spoken.dims()[2];
    let [_, time, _] = frames.values.dims();
    let there = frames.lengths.mask(time, &frames.values.device()).float();
    let mask = there.clone().unsqueeze_dim::<3>(2);
    let squares = ((spoken - frames.values).square() * mask).sum() / (count * bands) as f64;
    // −(e ln σ(a) + (1 − e) ln σ(−a)) = (1 − e) a − ln σ(a)
    let surprise = (ends.neg() + 1.0) * logits.clone() - log_sigmoid(logits);
    (squares, (surprise * there).sum() / count as f64)
}

impl SpeechModel {
    /// The mean square error of a value of a frame that follows real ones, in scaled units.
    pub fn error(&self, sounds: &[Spoken], bands: usize, device: &Device) -> f64 {
        // Frames, padding included: five minutes.
        const AT_ONCE: usize = 32;
        const FRAMES: usize = 30_000;
        let (mut sum, mut frames) = (0.0, 0);
        let frames_of = |sound: &Spoken| sound.frames.len() / bands;
        for sounds in padded_runs(sounds, frames_of, AT_ONCE, FRAMES) {
            let batch = Rows { bands, noise: 0.0 }.batch(sounds.to_vec(), device);
            let count = batch.count;
            sum += losses(self, batch, 0.0).0.into_scalar::<f64>() * count as f64;
            frames += count;
        }
        sum / frames.max(1) as f64
    }

    /// The mean distance of each sound from what the model speaks for its wish, after aligning them
    /// ([`aligned_distance`]), in scaled units.
    pub fn distance(&self, sounds: &[Spoken], settings: &SpeakSettings, device: &Device) -> f64 {
        let mut wishes: Vec<Wish> = sounds.iter().map(|sound| sound.wish).collect();
        wishes.sort_by_key(|wish| (wish.label, wish.speaker));
        wishes.dedup();
        let words = speak(self, settings, &wishes, 0.0, 0, device);
        let distances = sounds.iter().map(|sound| {
            let word = wishes.iter().position(|wish| *wish == sound.wish);
            let word = &words[word.expect("every sound's wish was spoken")];
            aligned_distance(word, &sound.frames, settings.bands())
        });
        distances.sum::<f64>() / sounds.len().max(1) as f64
    }
}

impl Learnable for SpeechModel {
    type Batch = SpokenBatch;
    type State = NoState;

    /// The noise rises for the first half of the training: at first the model learns what follows what, then
    /// not to trust the frames before, which will be its own.
    fn lesson(&self, batch: SpokenBatch, _: Option<NoState>, moment: &Moment) -> Lesson {
        let noise = batch.noise * (2.0 * moment.progress()).min(1.0);
        let targets = batch.count;
        let (error, end) = losses(self, batch, noise);
        Lesson::new(error + end, targets)
    }
}

struct Rows {
    bands: usize,
    noise: f64,
}

impl Batcher<Spoken, SpokenBatch> for Rows {
    fn batch(&self, sounds: Vec<Spoken>, device: &Device) -> SpokenBatch {
        let rows: Vec<&[f32]> = sounds.iter().map(|sound| sound.frames.as_slice()).collect();
        let frames = Frames::new(&rows, self.bands, device);
        let [batch, time, bands] = frames.values.dims();
        let silence = Tensor::zeros([batch, 1, bands], device);
        let mut ends = vec![0.0f32; batch * time];
        for (row, sound) in rows.iter().enumerate() {
            ends[row * time + sound.len() / bands - 1] = 1.0;
        }
        let places = |of: fn(&Wish) -> usize| {
            let places: Vec<i32> = sounds.iter().map(|sound| of(&sound.wish) as i32).collect();
            Tensor::from_data(TensorData::new(places, [batch]), device)
        };
        SpokenBatch {
            before: match time {
                1 => silence,
                _ => Tensor::cat(
                    vec![silence, frames.values.clone().narrow(1, 0, time - 1)],
                    1,
                ),
            },
            ends: Tensor::from_data(TensorData::new(ends, [batch, time]), device),
            labels: places(|wish| wish.label),
            speakers: places(|wish| wish.speaker),
            count: rows.iter().map(|row| row.len() / bands).sum(),
            noise: self.noise,
            frames,
        }
    }
}

impl Task for SpeakTask {
    const NAME: &'static str = "speak";
    type Item = Spoken;
    type Model = SpeechModel;
    type Settings = SpeakSettings;

    fn settings(&self) -> SpeakSettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<SpeechModel, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<Spoken>> {
        self.train.clone()
    }

    fn batcher(&self) -> Arc<dyn Batcher<Spoken, SpokenBatch>> {
        Arc::new(Rows {
            bands: self.settings.bands(),
            noise: self.settings.noise,
        })
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        bucketed(&self.lengths, self.batch_size, seed)
    }

    fn score_names(&self) -> &'static [&'static str] {
        &["validation distance", "validation error"]
    }

    fn evaluate(&self, model: &SpeechModel, device: &Device) -> Result<Vec<f64>, TrainError> {
        Ok(vec![
            model.distance(&self.valid, &self.settings, device),
            model.error(&self.valid, self.settings.bands(), device),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sounds::SoundFeatures;
    use crate::{Architecture, NetworkConfig};
    use burn::module::Param;
    use burn_rnn_data::{LogMel, Scaler, ScalerKind};

    fn model() -> (SpeakSettings, SpeechModel) {
        let settings = SpeakSettings {
            network: NetworkConfig::new(Architecture::Gru, 2 + 3, 6),
            d_wish: 3,
            dropout: 0.0,
            noise: 1.0,
            labels: ["a", "b"].map(str::to_owned).to_vec(),
            speakers: ["x", "y"].map(str::to_owned).to_vec(),
            features: SoundFeatures {
                log_mel: LogMel {
                    bands: 2,
                    ..LogMel::new(8000)
                },
                scalers: vec![Scaler::fit(ScalerKind::Standard, &[0.0]).unwrap(); 2],
            },
            longest: 10,
            hold_out_takes: 1,
        };
        let model = settings.init(&Device::default()).unwrap();
        (settings, model)
    }

    fn sound(frames: usize, label: usize) -> Spoken {
        Spoken {
            frames: (0..frames * 2).map(|i| (i as f32 * 0.8).sin()).collect(),
            wish: Wish { label, speaker: 1 },
        }
    }

    #[test]
    fn padding_changes_no_loss() {
        let device = Device::default();
        let (_, model) = model();
        let rows = Rows {
            bands: 2,
            noise: 0.0,
        };
        let both = |sounds: &[Spoken]| {
            let (error, end) = losses(&model, rows.batch(sounds.to_vec(), &device), 0.0);
            [error.into_scalar::<f64>(), end.into_scalar::<f64>()]
        };
        let (long, short) = (sound(9, 0), sound(1, 1));
        let apart = [&long, &short].map(|sound| both(core::slice::from_ref(sound)));
        for (index, together) in both(&[long, short]).into_iter().enumerate() {
            let apart = (9.0 * apart[0][index] + apart[1][index]) / 10.0;
            assert!((together - apart).abs() < 1e-5, "{together}, apart {apart}");
        }
    }

    #[test]
    fn a_frame_comes_from_those_before_it_alone() {
        let device = Device::default();
        let rows = Rows {
            bands: 2,
            noise: 0.0,
        };
        let batch = rows.batch(vec![sound(3, 0), sound(2, 0)], &device);
        let before: Vec<f32> = batch.before.into_data_as::<f32>().try_into_vec().unwrap();
        let frames = sound(3, 0).frames;
        assert_eq!(before[..2], [0.0, 0.0]);
        assert_eq!(before[2..6], frames[..4]);
        let ends: Vec<f32> = batch.ends.into_data_as::<f32>().try_into_vec().unwrap();
        assert_eq!(ends, [0.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn words_end_where_the_model_says_and_come_again_for_the_same_seed() {
        let device = Device::default();
        let (settings, mut model) = model();
        let wishes = [0, 1].map(|label| Wish { label, speaker: 0 });
        let mut say = |end: f32, noise, seed| {
            let bias = Tensor::from_data(TensorData::new(vec![end], [1]), &device);
            model.end.linear.bias = Some(Param::from_tensor(bias));
            speak(&model, &settings, &wishes, noise, seed, &device)
        };
        // It never says that it is over: half as long again as the longest, 10 frames of 2 bands.
        let words = say(-20.0, 1.0, 1);
        assert!(words.iter().all(|word| word.len() == 15 * 2));
        assert_eq!(words, say(-20.0, 1.0, 1));
        assert_ne!(words, say(-20.0, 1.0, 2));
        assert_ne!(words[0], words[1]);
        assert_eq!(say(-20.0, 0.0, 1), say(-20.0, 0.0, 2));
        assert!(say(20.0, 1.0, 1).iter().all(|word| word.len() == 2));
    }
}
