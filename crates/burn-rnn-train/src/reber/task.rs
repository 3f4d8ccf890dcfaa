//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, InMemDataset};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn_data::{EmbeddedReber, REBER_SYMBOLS, ReberWalk, bucketed, is_reber, pad};

use super::model::number;
use super::{ReberModel, ReberSettings, one_hot, write_strings};
use crate::char_rnn::Sampling;
use crate::cross_entropy::cross_entropies;
use crate::learn::{Learnable, Lesson, Moment, Task};
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

/// How well a model reads strings of the grammar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReberScore {
    /// How far the model's probabilities are from the grammar's, the mean over the steps of their
    /// Kullback-Leibler divergence in nats: `Σ 1/k · ln((1/k) / p)` over the `k` symbols that may come next.
    pub divergence: f64,
    /// The share of strings read right: after **every** symbol but the last, each of the symbols that may
    /// come next has a higher output than each of those that may not. This is the criterion of Hochreiter
    /// & Schmidhuber (1997).
    pub right: f64,
    /// The share of strings in which this holds for the last symbol but one, the one that is to be
    /// remembered from the beginning; one half without memory.
    pub remembered: f64,
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
            let logits: Vec<f32> = logits
                .into_data_as::<f32>()
                .try_into_vec()
                .expect("the data was asked for as f32");
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

/// What a model says of the next symbol.
struct Told {
    /// Whether the legal ones are all above the illegal ones.
    right: bool,
    /// From the grammar's probabilities, in nats.
    divergence: f64,
}

/// After each symbol but the last.
fn told(string: &str, logits: &[f32]) -> Vec<Told> {
    let mut walk = ReberWalk::start();
    let steps = string.len() - 1;
    string
        .chars()
        .zip(logits.chunks(REBER_SYMBOLS.len()))
        .take(steps)
        .map(|(symbol, logits)| {
            walk = walk.step(symbol).expect("the string is one of the grammar");
            let legal = walk.legal();
            let symbols = REBER_SYMBOLS.iter().zip(logits);
            let (legal, other): (Vec<_>, Vec<_>) =
                symbols.partition(|(symbol, _)| legal.contains(symbol));
            let values = |of: &[(&char, &f32)]| -> Vec<f64> {
                of.iter().map(|(_, logit)| f64::from(**logit)).collect()
            };
            let (legal, other) = (values(&legal), values(&other));
            let lowest = legal.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = other.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let top = lowest.max(highest);
            let all = legal.iter().chain(&other);
            let log_sum = top + all.map(|logit| (logit - top).exp()).sum::<f64>().ln();
            let count = legal.len() as f64;
            let surprise = log_sum - legal.iter().sum::<f64>() / count;
            Told {
                right: lowest > highest,
                divergence: surprise - count.ln(),
            }
        })
        .collect()
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

    fn sample(&self, model: &ReberModel, device: &Device) -> Option<String> {
        let sampling = Sampling {
            temperature: 1.0,
            seed: self.seed,
        };
        let strings = write_strings(model, 3, sampling, device).ok()?;
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
        let network = NetworkConfig {
            architecture: Architecture::Lstm,
            d_input: REBER_SYMBOLS.len(),
            d_hidden: 5,
            layers: 1,
            bidirectional: false,
            dropout: 0.0,
        };
        ReberSettings {
            network,
            strings: 300,
        }
    }

    /// An oracle, one that has forgotten the second symbol, and one that likes `X` too much.
    #[test]
    fn strings_are_read_right_where_the_legal_symbols_are_above_the_others() {
        let string = "BPBTXSEPE";
        let logits = |score: fn(usize, char, bool) -> f32| -> Vec<f32> {
            let prefix = |end| ReberWalk::after(&string[..end]).unwrap().legal();
            (1..string.len())
                .flat_map(|end| {
                    let legal = prefix(end);
                    REBER_SYMBOLS.map(|symbol| score(end, symbol, legal.contains(&symbol)))
                })
                .collect()
        };
        let right = |logits: &[f32]| -> Vec<bool> {
            told(string, logits).iter().map(|told| told.right).collect()
        };
        let oracle = logits(|_, _, legal| f32::from(u8::from(legal)));
        assert_eq!(right(&oracle), [true; 8]);
        // 1 against 0 for six or five others: the probabilities of the legal are e / (e + 6), …
        let e = core::f64::consts::E;
        let divergences = told(string, &oracle);
        assert!((divergences[1].divergence - (1.0 + 6.0 / e).ln()).abs() < 1e-6);
        assert!((divergences[0].divergence - (1.0 + 2.5 / e).ln()).abs() < 1e-6);
        let forgot = logits(|end, symbol, legal| match end == 7 {
            true => f32::from(u8::from(symbol == 'T' || symbol == 'P')),
            false => f32::from(u8::from(legal)),
        });
        let mut all_but_one = [true; 8];
        all_but_one[6] = false;
        assert_eq!(right(&forgot), all_but_one);
        // X may come after BPBT and after BPBTX.
        let x = logits(|_, symbol, legal| f32::from(u8::from(legal || symbol == 'X')));
        assert_eq!(
            right(&x),
            [false, false, false, true, true, false, false, false]
        );
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
