//! What the shared loop trains.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::{Dataset, InMemDataset};
use burn::tensor::Device;
use burn_rnn_data::{Pair, Pairs, bucketed, padded_runs};

use super::{Beam, Forcing, Pairing, Seq2Seq, TransduceBatch, TransduceSettings, Transducer};
use crate::TrainError;
use crate::learn::Task;

/// Inputs and outputs as symbols.
type Encoded = (Vec<u32>, Vec<u32>);

/// Pairs to learn.
#[derive(Clone)]
pub struct TransduceTask {
    settings: TransduceSettings,
    train: Arc<InMemDataset<Encoded>>,
    /// Of the examples, in their order.
    lengths: Vec<usize>,
    valid: Arc<Vec<Pair>>,
    batch_size: usize,
}

impl TransduceTask {
    /// The pairs in batches of `batch_size`.
    ///
    /// # Errors
    ///
    /// Where a pair has a character that the settings lack.
    pub fn new(
        settings: TransduceSettings,
        pairs: &Pairs,
        batch_size: usize,
    ) -> Result<Self, TrainError> {
        let train = encoded(&settings, &pairs.train)?;
        Ok(Self {
            lengths: train.iter().map(|(input, _)| input.len()).collect(),
            train: Arc::new(InMemDataset::new(train)),
            valid: Arc::new(pairs.valid.clone()),
            settings,
            batch_size,
        })
    }

    /// The mean negative log-likelihood of a symbol in nats, each given all before it.
    fn surprise(&self, model: &Seq2Seq, device: &Device) -> Result<f64, TrainError> {
        let (mut sum, mut symbols) = (0.0, 0);
        let pairing = Pairing {
            forcing: Forcing::default(),
        };
        let valid = encoded(&self.settings, &self.valid)?;
        let length = |(input, output): &Encoded| input.len().max(output.len());
        for pairs in padded_runs(&valid, length, Transducer::AT_ONCE, Transducer::SYMBOLS) {
            let batch = pairing.batch(pairs.to_vec(), device);
            sum += model.surprise(&batch).into_scalar::<f64>() * batch.targets as f64;
            symbols += batch.targets;
        }
        Ok(sum / symbols.max(1) as f64)
    }

    fn transducer<'a>(&'a self, model: &'a Seq2Seq, device: &'a Device) -> Transducer<'a> {
        Transducer {
            settings: &self.settings,
            model,
            device,
        }
    }
}

fn encoded(settings: &TransduceSettings, pairs: &[Pair]) -> Result<Vec<Encoded>, TrainError> {
    let encode = |pair: &Pair| {
        let input = settings.inputs.encode(&pair.input)?;
        Ok((input, settings.outputs.encode(&pair.output)?))
    };
    pairs.iter().map(encode).collect()
}

/// Greedy search is what is watched while a model learns.
const GREEDY: Beam = Beam {
    width: 1,
    length_power: 1.0,
};

/// The inputs of a sample while the model learns.
const SAMPLES: usize = 3;

impl Task for TransduceTask {
    const NAME: &'static str = "transduce";
    type Item = Encoded;
    type Model = Seq2Seq;
    type Settings = TransduceSettings;

    fn settings(&self) -> TransduceSettings {
        self.settings.clone()
    }

    fn init(&self, device: &Device) -> Result<Seq2Seq, TrainError> {
        self.settings.init(device)
    }

    fn examples(&self) -> Arc<dyn Dataset<Encoded>> {
        self.train.clone()
    }

    fn batcher(&self) -> Arc<dyn Batcher<Encoded, TransduceBatch>> {
        Arc::new(Pairing {
            forcing: self.settings.forcing,
        })
    }

    fn pass(&self, seed: u64) -> Vec<Vec<usize>> {
        bucketed(&self.lengths, self.batch_size, seed)
    }

    fn score_names(&self) -> &'static [&'static str] {
        &["validation loss", "validation exact match"]
    }

    fn evaluate(&self, model: &Seq2Seq, device: &Device) -> Result<Vec<f64>, TrainError> {
        let transducer = self.transducer(model, device);
        let (exact, _) = transducer.figures(&self.valid, GREEDY)?;
        Ok(vec![self.surprise(model, device)?, exact])
    }

    fn sample(&self, model: &Seq2Seq, device: &Device) -> Option<String> {
        let transducer = self.transducer(model, device);
        let inputs = self.valid.iter().take(SAMPLES);
        let inputs: Vec<&str> = inputs.map(|pair| pair.input.as_str()).collect();
        let answers = transducer.answers(&inputs, GREEDY).ok()?;
        let lines = inputs.iter().zip(&answers);
        let lines = lines.map(|(input, answer)| format!("{input} → {}", transducer.text(answer)));
        Some(lines.collect::<Vec<_>>().join("\n"))
    }
}
