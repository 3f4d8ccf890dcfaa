//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, InMemDataset};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn_data::{EmbeddedReber, REBER_SYMBOLS, bucketed, is_reber, pad};

use super::model::number;
use super::score::{ReberScore, told};
use super::{ReberModel, ReberSettings, one_hot, write_strings};
use crate::cross_entropy::cross_entropies;
use crate::floats::floats;
use crate::learn::{Learnable, Lesson, Moment, Task};
use crate::text::Sampling;
use crate::{NetworkState, TrainError};

/// The strings that choose the best model, as the grammar gives them: short ones, which were learnt, are
/// among them as often as elsewhere, and none can be predicted better than the grammar allows.
const VALID: usize = 1000;
/// The strings that the final figures come from, none of which was learnt.
const TEST: usize = 1000;

/// Strings, padded at their ends.
#[derive(Clone, Debug)]
pub struct ReberBatch {
    /// All symbols but the last, `[batch, time, 7]`.
    inputs: Tensor<3>,
    /// The symbol after each, `[batch, time]`.
    next: Tensor<2, Int>,
    /// 1 where there is one, `[batch, time]`.
    mask: Tensor<2>,
    /// How many there are.
    steps: usize,
}

/// Strings of the embedded Reber grammar to learn.
#[derive(Clone, Debug)]
pub struct ReberTask {
    settings: ReberSettings,
    train: Vec<String>,
    valid: Arc<Vec<String>>,
    batch_size: usize,
    seed: u64,
}

impl ReberTask {
    /// Learns the strings in batches of `batch_size`. They follow from the seed and their number.
    pub fn new(settings: ReberSettings, batch_size: usize, seed: u64) -> Self {
        let train = EmbeddedReber::new(seed).strings(settings.strings);
        let valid = EmbeddedReber::new(!seed).strings(VALID);
        Self {
            settings,
            train,
            valid: Arc::new(valid),
            batch_size,
            seed,
        }
    }

    /// The strings that the final figures come from: none of them was learnt or used to choose the model.
    pub fn test_strings(&self) -> Vec<String> {
        let known = [&self.train[..], &self.valid].concat();
        EmbeddedReber::new(self.seed.rotate_left(32) ^ 0x7E57).unseen(TEST, &known)
    }

    /// How well a model reads `strings`.
    pub fn score(model: &ReberModel, strings: &[String], device: &Device) -> ReberScore {
        let (mut divergence, mut steps) = (0.0, 0);
        let (mut right, mut remembered) = (0, 0);
        for strings in strings.chunks(256) {
            let batch = Strings.batch(strings.to_vec(), device);
            let values_a_string = batch.inputs.dims()[1] * REBER_SYMBOLS.len();
            steps += batch.steps;
            let (logits, _) = model.forward(batch.inputs, None);
            let logits = floats(logits);
            for (string, logits) in strings.iter().zip(logits.chunks(values_a_string)) {
                let told = told(string, logits);
                divergence += told.iter().map(|told| told.divergence).sum::<f64>();
                right += usize::from(told.iter().all(|told| told.right));
                // The last but one is told after the symbol before it.
                remembered += usize::from(told[told.len() - 2].right);
            }
        }
        let share = |count| count as f64 / strings.len().max(1) as f64;
        ReberScore {
            divergence: divergence / steps.max(1) as f64,
            right: share(right),
            remembered: share(remembered),
        }
    }
}

impl Learnable for ReberModel {
    type Batch = ReberBatch;

    fn lesson(&self, batch: ReberBatch, _: Option<NetworkState>, _: &Moment) -> Lesson {
        let (logits, _) = self.forward(batch.inputs, None);
        let losses = cross_entropies(logits, batch.next) * batch.mask;
        Lesson::new(losses.sum() / batch.steps as f64, batch.steps)
    }
}

struct Strings;

impl Batcher<String, ReberBatch> for Strings {
    fn batch(&self, strings: Vec<String>, device: &Device) -> ReberBatch {
        let symbols = REBER_SYMBOLS.len();
        let read: Vec<Vec<f32>> = strings.iter().map(|s| one_hot(&s[..s.len() - 1])).collect();
        let next: Vec<Vec<i32>> = strings
            .iter()
            .map(|string| {
                string
                    .chars()
                    .skip(1)
                    .map(|symbol| number(symbol) as i32)
                    .collect()
            })
            .collect();
        let rows: Vec<&[f32]> = read.iter().map(Vec::as_slice).collect();
        let (inputs, time, mask) = pad(&rows, symbols, 0.0);
        let rows: Vec<&[i32]> = next.iter().map(Vec::as_slice).collect();
        let (next, ..) = pad(&rows, 1, 0);
        let batch = strings.len();
        let steps = rows.iter().map(|row| row.len()).sum();
        ReberBatch {
            inputs: Tensor::from_data(TensorData::new(inputs, [batch, time, symbols]), device),
            next: Tensor::from_data(TensorData::new(next, [batch, time]), device),
            mask: Tensor::from_data(TensorData::new(mask, [batch, time]), device),
            steps,
        }
    }
}

impl Task for ReberTask {
    const NAME: &'static str = "reber";
    type Item = String;
    type Model = ReberModel;
    type Settings = ReberSettings;

    fn settings(&self) -> ReberSettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<ReberModel, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<String>> {
        Arc::new(InMemDataset::new(self.train.clone()))
    }

    fn batcher(&self) -> Arc<dyn Batcher<String, ReberBatch>> {
        Arc::new(Strings)
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        let lengths: Vec<usize> = self.train.iter().map(String::len).collect();
        bucketed(&lengths, self.batch_size, seed)
    }

    fn score_names(&self) -> &'static [&'static str] {
        &["validation divergence", "validation strings read right"]
    }

    fn evaluate(&self, model: &ReberModel, device: &Device) -> Result<Vec<f64>, TrainError> {
        let score = Self::score(model, &self.valid, device);
        Ok(vec![score.divergence, score.right])
    }

    fn sample(&self, model: &ReberModel, _device: &Device) -> Option<String> {
        let sampling = Sampling {
            temperature: 1.0,
            seed: self.seed,
        };
        let strings = write_strings(model, 3, sampling).ok()?;
        let told = strings.iter().map(|string| match is_reber(string) {
            true => format!("{string} (legal)"),
            false => format!("{string} (illegal)"),
        });
        Some(told.collect::<Vec<_>>().join("  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Architecture, NetworkConfig};

    fn settings() -> ReberSettings {
        let network = NetworkConfig::new(Architecture::Lstm, REBER_SYMBOLS.len(), 5);
        ReberSettings {
            network,
            strings: 300,
        }
    }

    #[test]
    fn padding_changes_nothing() {
        let device = Device::default();
        let model = settings().init(&device).unwrap();
        let strings = EmbeddedReber::new(1).strings(9);
        let together = ReberTask::score(&model, &strings, &device).divergence;
        let symbols: usize = strings.iter().map(|string| string.len() - 1).sum();
        let apart: f64 = strings
            .iter()
            .map(|string| {
                let score = ReberTask::score(&model, core::slice::from_ref(string), &device);
                score.divergence * (string.len() - 1) as f64
            })
            .sum();
        assert!((together - apart / symbols as f64).abs() < 1e-5);
    }

    #[test]
    fn test_strings_are_unseen() {
        let task = ReberTask::new(settings(), 8, 1);
        let test = task.test_strings();
        assert_eq!((test.len(), task.valid.len()), (TEST, VALID));
        let known = |string: &String| task.train.contains(string) || task.valid.contains(string);
        assert!(!test.iter().any(known));
    }
}
