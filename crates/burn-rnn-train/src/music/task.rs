//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn_data::{KEYS, PianoRolls, Piece, Pieces, bucketed, keys_of, pad, padded_runs};

use super::{MusicModel, MusicSettings};
use crate::TrainError;
use crate::learn::{Learnable, Lesson, Moment, NoState, Task};

/// Pieces as keys, `[batch, time, 88]`, padded at their ends.
#[derive(Clone, Debug)]
pub struct MusicBatch {
    /// The keys before each step, none before the first.
    before: Tensor<3>,
    /// The keys at each step.
    keys: Tensor<3>,
    /// 1 where there is a step, `[batch, time]`.
    mask: Tensor<2>,
    /// The number of steps.
    steps: usize,
    /// By how many semitones at most a piece is moved up or down in training.
    transpose: u8,
}

/// Music to learn: every step of every piece from those before it.
#[derive(Clone)]
pub struct MusicTask {
    settings: MusicSettings,
    train: Pieces,
    valid: Pieces,
    batch_size: usize,
    transpose: u8,
}

impl MusicTask {
    /// The pieces of `rolls` in batches of `batch_size`, in training moved by up to `transpose` semitones.
    pub fn new(
        settings: MusicSettings,
        rolls: &PianoRolls,
        batch_size: usize,
        transpose: u8,
    ) -> Self {
        Self {
            settings,
            train: rolls.train.clone(),
            valid: rolls.valid.clone(),
            batch_size,
            transpose,
        }
    }

    /// The mean negative log-likelihood of a step in nats, over all steps of all pieces.
    pub fn surprise(model: &MusicModel, pieces: &Pieces, device: &Device) -> f64 {
        const AT_ONCE: usize = 32;
        const STEPS: usize = 200_000;
        let (mut sum, mut steps) = (0.0, 0);
        let all: Vec<usize> = (0..pieces.len()).collect();
        for run in padded_runs(&all, |index| pieces.length(*index), AT_ONCE, STEPS) {
            let run = run.iter().map(|&index| pieces.piece(index)).collect();
            let batch = Rolls { transpose: 0 }.batch(run, device);
            let count = batch.steps;
            sum += loss(model, batch).into_scalar::<f64>() * count as f64;
            steps += count;
        }
        sum / steps.max(1) as f64
    }
}

/// The name of the score that chooses the best model.
pub(super) const VALIDATION: &str = "validation NLL per step";

/// The mean over the steps of a batch.
fn loss(model: &MusicModel, batch: MusicBatch) -> Tensor<1> {
    let (logits, _) = model.forward(batch.before, None);
    let surprise = MusicModel::surprise(logits, batch.keys);
    (surprise * batch.mask).sum() / batch.steps as f64
}

impl Learnable for MusicModel {
    type Batch = MusicBatch;
    type State = NoState;

    fn lesson(&self, batch: MusicBatch, _: Option<NoState>, moment: &Moment) -> Lesson {
        let targets = batch.steps;
        Lesson::new(loss(self, batch.moved(moment.seed)), targets)
    }
}

impl MusicBatch {
    /// The whole batch some semitones higher or lower. The keys that leave the piano at one end come
    /// back at the other, where no piece has notes.
    fn moved(self, seed: u64) -> Self {
        let choices = 2 * u64::from(self.transpose) + 1;
        let shift = (seed % choices) as i64 - i64::from(self.transpose);
        if shift == 0 {
            return self;
        }
        Self {
            before: self.before.roll_dim(shift, 2),
            keys: self.keys.roll_dim(shift, 2),
            ..self
        }
    }
}

/// Pieces, each unpacked when it is its turn.
struct Unpacked(Pieces);

impl Dataset<Piece> for Unpacked {
    fn get(&self, index: usize) -> Result<Piece, DatasetError> {
        Ok(self.0.piece(index))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

struct Rolls {
    transpose: u8,
}

impl Batcher<Piece, MusicBatch> for Rolls {
    fn batch(&self, pieces: Vec<Piece>, device: &Device) -> MusicBatch {
        let keys: Vec<Vec<f32>> = pieces.iter().map(|piece| keys_of(piece, 0)).collect();
        let rows: Vec<&[f32]> = keys.iter().map(Vec::as_slice).collect();
        let (keys, time, mask) = pad(&rows, KEYS, 0.0);
        let batch = pieces.len();
        let keys = Tensor::<3>::from_data(TensorData::new(keys, [batch, time, KEYS]), device);
        let silence = Tensor::zeros([batch, 1, KEYS], device);
        MusicBatch {
            before: Tensor::cat(vec![silence, keys.clone().narrow(1, 0, time - 1)], 1),
            keys,
            mask: Tensor::from_data(TensorData::new(mask, [batch, time]), device),
            steps: pieces.iter().map(Vec::len).sum(),
            transpose: self.transpose,
        }
    }
}

impl Task for MusicTask {
    const NAME: &'static str = "music";
    type Item = Piece;
    type Model = MusicModel;
    type Settings = MusicSettings;

    fn settings(&self) -> MusicSettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<MusicModel, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<Piece>> {
        Arc::new(Unpacked(self.train.clone()))
    }

    fn batcher(&self) -> Arc<dyn Batcher<Piece, MusicBatch>> {
        Arc::new(Rolls {
            transpose: self.transpose,
        })
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        let pieces = 0..self.train.len();
        let lengths: Vec<usize> = pieces.map(|index| self.train.length(index)).collect();
        bucketed(&lengths, self.batch_size, seed)
    }

    fn score_names(&self) -> &'static [&'static str] {
        &[VALIDATION]
    }

    fn evaluate(&self, model: &MusicModel, device: &Device) -> Result<Vec<f64>, TrainError> {
        Ok(vec![Self::surprise(model, &self.valid, device)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Architecture, NetworkConfig};

    fn model() -> MusicModel {
        let network = NetworkConfig::new(Architecture::Gru, KEYS, 5);
        let settings = MusicSettings {
            network,
            dropout: 0.0,
        };
        settings.init(&Device::default()).unwrap()
    }

    /// The definition, key by key.
    #[test]
    fn the_surprise_is_the_sum_of_the_keys_cross_entropies() {
        let device = Device::default();
        let logits: Vec<f32> = (0..KEYS)
            .map(|key| (key as f32 * 0.7).sin() * 3.0)
            .collect();
        let keys: Vec<f32> = (0..KEYS)
            .map(|key| f32::from(u8::from(key % 3 == 0)))
            .collect();
        let expected: f32 = logits
            .iter()
            .zip(&keys)
            .map(|(logit, key)| {
                let p = 1.0 / (1.0 + (-logit).exp());
                -(key * p.ln() + (1.0 - key) * (1.0 - p).ln())
            })
            .sum();
        let tensor = |values: Vec<f32>| {
            Tensor::<3>::from_data(TensorData::new(values, [1, 1, KEYS]), &device)
        };
        let actual = MusicModel::surprise(tensor(logits), tensor(keys)).into_scalar::<f32>();
        assert!(
            (actual - expected).abs() < 1e-3,
            "{actual}, expected {expected}"
        );
    }

    #[test]
    fn padding_changes_nothing() {
        let device = Device::default();
        let model = model();
        let pieces = vec![vec![vec![60, 64]; 7], vec![vec![50]; 3]];
        let apart: f64 = pieces
            .iter()
            .map(|piece| {
                let alone = [piece.clone()].into_iter().collect();
                MusicTask::surprise(&model, &alone, &device) * piece.len() as f64
            })
            .sum();
        let together = MusicTask::surprise(&model, &pieces.into_iter().collect(), &device);
        assert!((together - apart / 10.0).abs() < 1e-4);
    }

    #[test]
    fn a_step_is_predicted_from_those_before_it_alone() {
        let device = Device::default();
        let batch = Rolls { transpose: 0 }.batch(vec![vec![vec![21], vec![22], vec![23]]], &device);
        let before = batch.before.into_data_as::<f32>();
        let before: Vec<f32> = before.try_into_vec().unwrap();
        let steps: Vec<Option<usize>> = before
            .chunks(KEYS)
            .map(|keys| keys.iter().position(|key| *key > 0.0))
            .collect();
        assert_eq!(steps, [None, Some(0), Some(1)]);
    }

    #[test]
    fn moving_moves_all_notes_alike() {
        let device = Device::default();
        let batch = Rolls { transpose: 3 }.batch(vec![vec![vec![60], vec![64]]], &device);
        let moved = batch.moved(6);
        let keys: Vec<f32> = moved.keys.into_data_as::<f32>().try_into_vec().unwrap();
        assert_eq!((keys[63 - 21], keys[KEYS + 67 - 21]), (1.0, 1.0));
    }
}
