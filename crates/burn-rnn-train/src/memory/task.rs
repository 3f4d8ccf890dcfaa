//! What the shared loop trains.

use std::ops::Range;
use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn_data::{FreshExamples, MemoryExample, MemoryProblem};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{MemoryModel, MemorySettings};
use crate::TrainError;
use crate::cross_entropy::cross_entropies;
use crate::learn::{Learnable, Lesson, Moment, NoState, Task};

/// The seeds of the examples that choose the best model. Training draws from the lower half of all
/// seeds, so none of these comes there.
const VALID: Range<u64> = seeds(1 << 63, 500);
/// The seeds of the examples that the final figures come from.
const TEST: Range<u64> = seeds(3 << 62, 2000);
/// The steps of a pass; no example comes twice, so it is a matter of how often something is shown.
const BATCHES: usize = 100;

const fn seeds(from: u64, count: u64) -> Range<u64> {
    from..from + count
}

/// Sequences and what is expected.
#[derive(Clone, Debug)]
pub struct MemoryBatch {
    /// `[batch, time, features]`.
    inputs: Tensor<3>,
    /// `[batch, answers]`: values, or classes' numbers.
    answers: Tensor<2>,
}

/// How well a model answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryScore {
    /// The mean squared error, or the mean cross-entropy of an answer in nats.
    pub loss: f64,
    /// The share of right answers among those that need memory; of a value, that of errors below 0.04
    /// (as Hochreiter & Schmidhuber 1997 count).
    pub accuracy: f64,
}

/// A memory problem to learn, from examples that are made as they are needed.
#[derive(Clone, Debug)]
pub struct MemoryTask {
    settings: MemorySettings,
    batch_size: usize,
}

impl MemoryTask {
    /// Learns with batches of `batch_size`.
    pub fn new(settings: MemorySettings, batch_size: usize) -> Self {
        Self {
            settings,
            batch_size,
        }
    }

    /// The scores on the 2000 test examples of the model's problem, the same for every model of it.
    pub fn test(model: &MemoryModel, problem: MemoryProblem, device: &Device) -> MemoryScore {
        score(model, problem, TEST, device)
    }
}

fn score(
    model: &MemoryModel,
    problem: MemoryProblem,
    seeds: Range<u64>,
    device: &Device,
) -> MemoryScore {
    const AT_ONCE: usize = 250;
    let (mut loss_sum, mut right, mut counted, mut answered) = (0.0, 0.0, 0, 0);
    let seeds: Vec<u64> = seeds.collect();
    for seeds in seeds.chunks(AT_ONCE) {
        let examples = seeds.iter().map(|&seed| problem.example(seed)).collect();
        let batch = Stack(problem).batch(examples, device);
        let [rows, answers] = batch.answers.dims();
        let (losses, given) = answer(model, batch.clone());
        loss_sum += losses.sum().into_scalar::<f64>();
        answered += rows * answers;
        let last = problem.counted();
        let from = answers - last;
        let error = (given - batch.answers).abs().narrow(1, from, last);
        right += error.lower_elem(0.04).int().sum().into_scalar::<i64>() as f64;
        counted += rows * last;
    }
    MemoryScore {
        loss: loss_sum / answered as f64,
        accuracy: right / counted as f64,
    }
}

/// The loss of every answer, and what is answered: the value, or the number of the likeliest class.
fn answer(model: &MemoryModel, batch: MemoryBatch) -> (Tensor<2>, Tensor<2>) {
    let answers = batch.answers.dims()[1];
    let logits = model.forward(batch.inputs, answers);
    match logits.dims()[2] {
        1 => {
            let given = logits.squeeze_dim::<2>(2);
            ((given.clone() - batch.answers).square(), given)
        }
        _ => {
            let given = logits.clone().argmax(2).squeeze_dim::<2>(2).float();
            (cross_entropies(logits, batch.answers.int()), given)
        }
    }
}

impl Learnable for MemoryModel {
    type Batch = MemoryBatch;
    type State = NoState;

    fn lesson(&self, batch: MemoryBatch, _: Option<NoState>, _: &Moment) -> Lesson {
        let targets = batch.answers.dims().iter().product();
        let (losses, _) = answer(self, batch);
        Lesson::new(losses.mean(), targets)
    }
}

struct Stack(MemoryProblem);

impl Batcher<MemoryExample, MemoryBatch> for Stack {
    fn batch(&self, examples: Vec<MemoryExample>, device: &Device) -> MemoryBatch {
        let batch = examples.len();
        let inputs: Vec<f32> = examples.iter().flat_map(|e| e.inputs.clone()).collect();
        let answers: Vec<f32> = examples.iter().flat_map(|e| e.answers.clone()).collect();
        let shape = [batch, self.0.steps(), self.0.features()];
        let answered = [batch, answers.len() / batch];
        MemoryBatch {
            inputs: Tensor::from_data(TensorData::new(inputs, shape), device),
            answers: Tensor::from_data(TensorData::new(answers, answered), device),
        }
    }
}

impl Task for MemoryTask {
    const NAME: &'static str = "memory";
    type Item = MemoryExample;
    type Model = MemoryModel;
    type Settings = MemorySettings;

    fn settings(&self) -> MemorySettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<MemoryModel, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<MemoryExample>> {
        Arc::new(FreshExamples(self.settings.problem))
    }

    fn batcher(&self) -> Arc<dyn Batcher<MemoryExample, MemoryBatch>> {
        Arc::new(Stack(self.settings.problem))
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut fresh = || (rng.random::<u64>() >> 1) as usize;
        (0..BATCHES)
            .map(|_| (0..self.batch_size).map(|_| fresh()).collect())
            .collect()
    }

    fn score_names(&self) -> &'static [&'static str] {
        match self.settings.problem.classes() {
            None => &["validation MSE", "validation share within 0.04"],
            Some(_) => &["validation cross-entropy", "validation accuracy"],
        }
    }

    fn loss_name(&self) -> &'static str {
        match self.settings.problem.classes() {
            None => "MSE",
            Some(_) => "cross-entropy",
        }
    }

    fn evaluate(&self, model: &MemoryModel, device: &Device) -> Result<Vec<f64>, TrainError> {
        let score = score(model, self.settings.problem, VALID, device);
        Ok(vec![score.loss, score.accuracy])
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn_rnn::Initialization;

    use super::*;
    use crate::{Architecture, NetworkConfig};

    fn task(problem: MemoryProblem) -> MemoryTask {
        let network = NetworkConfig::new(Architecture::Gru, problem.features(), 6);
        let settings = MemorySettings {
            problem,
            network,
            initialization: Initialization::Chrono { t_max: 20 },
        };
        MemoryTask::new(settings, 4)
    }

    /// With a head of zeros the model gives 0, or every class alike.
    #[test]
    fn a_model_that_knows_nothing_is_near_chance() {
        let device = Device::default();
        for problem in [
            MemoryProblem::TemporalOrder {
                length: 20,
                relevant: 2,
            },
            MemoryProblem::Parity { length: 6 },
        ] {
            let mut model = task(problem).init(&device).unwrap();
            let weight = model.head.linear.weight.val();
            model.head.linear.weight = Param::from_tensor(weight.zeros_like());
            model.head.linear.bias = None;
            let score = MemoryTask::test(&model, problem, &device);
            let chance = problem.chance();
            assert!((score.loss - chance.loss).abs() < 1e-3, "{score:?}");
            assert!((score.accuracy - chance.accuracy.unwrap()).abs() < 0.05);
        }
    }

    #[test]
    fn examples_never_come_again() {
        let task = task(MemoryProblem::Adding { length: 5 });
        let mut all = [task.pass(1), task.pass(2)].concat().concat();
        assert_eq!(task.pass(1), task.pass(1));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * BATCHES * 4);
        assert!(all.iter().all(|&index| (index as u64) < VALID.start));
    }
}
