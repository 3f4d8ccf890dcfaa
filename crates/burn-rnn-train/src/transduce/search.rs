//! Finding an answer: the likeliest symbol at each step, or several answers side by side.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};
use burn_rnn::State;
use burn_rnn_data::Symbols;
use serde::{Deserialize, Serialize};

use super::{Encoded, Seq2Seq, SequenceBatch};
use crate::TrainError;
use crate::floats::floats;

/// How an answer is searched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beam {
    /// The number of answers that are followed side by side; 1 is greedy search.
    pub width: usize,
    /// Answers are compared by their log-probability over their length to this power: at 0 short ones
    /// win, at 1 the one whose symbols are the likeliest on the average.
    pub length_power: f64,
}

impl Beam {
    /// Refuses a width of zero or beyond a thousand, and a power that is no number of at least 0.
    ///
    /// # Errors
    ///
    /// With the name of the option.
    pub fn validate(self) -> Result<(), TrainError> {
        // Without a bound all answers that there are would be followed.
        TrainError::check_at_most(1000, &[("--beam", self.width)])?;
        TrainError::check_not_negative(&[("--length-power", self.length_power)])
    }
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The symbols, the end included where it came.
    pub symbols: Vec<u32>,
    /// The logarithm of the probability that the model gives them.
    pub log_probability: f64,
}

impl Answer {
    /// What answers are compared by.
    pub fn score(&self, beam: Beam) -> f64 {
        self.log_probability / (self.symbols.len().max(1) as f64).powf(beam.length_power)
    }

    fn is_whole(&self) -> bool {
        self.symbols.last() == Some(&Symbols::END)
    }

    fn with(&self, symbol: u32, log_probability: f32) -> Self {
        Self {
            symbols: [&self.symbols[..], &[symbol]].concat(),
            log_probability: self.log_probability + f64::from(log_probability),
        }
    }
}

/// The answers to a batch of inputs, each the likeliest symbol step by step, `limit` symbols at most.
pub fn greedy(model: &Seq2Seq, inputs: &SequenceBatch, limit: usize) -> Vec<Answer> {
    let [batch, _] = inputs.symbols.dims();
    let mut encoded = model.encode(inputs);
    let mut answers = vec![Answer::default(); batch];
    let mut last = vec![Symbols::BEGIN; batch];
    for _ in 0..limit {
        let rows = next_symbols(model, &last, &mut encoded);
        for ((answer, last), row) in answers.iter_mut().zip(&mut last).zip(rows) {
            let (symbol, log_probability) = ranked(&row)[0];
            if !answer.is_whole() {
                *answer = answer.with(symbol, log_probability);
            }
            *last = symbol;
        }
        if answers.iter().all(Answer::is_whole) {
            break;
        }
    }
    answers
}

/// The best answer to the one input of a batch that beam search (Graves 2012; Sutskever et al. 2014)
/// finds, `limit` symbols at most. Answers that have ended keep their place in the beam.
pub fn beam_search(model: &Seq2Seq, input: &SequenceBatch, beam: Beam, limit: usize) -> Answer {
    let device = input.symbols.device();
    let mut encoded = model.encode(input);
    let mut open = vec![Answer::default()];
    let mut whole: Vec<Answer> = Vec::new();
    for _ in 0..limit {
        let last: Vec<u32> = open
            .iter()
            .map(|answer| *answer.symbols.last().unwrap_or(&Symbols::BEGIN))
            .collect();
        let rows = next_symbols(model, &last, &mut encoded);
        let mut longer: Vec<(usize, Answer)> = Vec::new();
        for (from, (answer, row)) in open.iter().zip(&rows).enumerate() {
            let likeliest = ranked(row).into_iter().take(beam.width);
            longer.extend(likeliest.map(|(symbol, log)| (from, answer.with(symbol, log))));
        }
        // All of them are equally long.
        longer.sort_by(|(_, a), (_, b)| b.log_probability.total_cmp(&a.log_probability));
        longer.truncate(beam.width - whole.len());
        let (ended, going): (Vec<_>, Vec<_>) = longer
            .into_iter()
            .partition(|(_, answer)| answer.is_whole());
        whole.extend(ended.into_iter().map(|(_, answer)| answer));
        if going.is_empty() {
            break;
        }
        let from: Vec<i32> = going.iter().map(|(from, _)| *from as i32).collect();
        let from = Tensor::<1, Int>::from_data(from.as_slice(), &device);
        encoded.state = encoded
            .state
            .map(&mut |tensor| tensor.select(0, from.clone()));
        encoded.memory = encoded
            .memory
            .map(|memory| memory.select_batch(from.clone()));
        open = going.into_iter().map(|(_, answer)| answer).collect();
    }
    if whole.is_empty() {
        whole = open;
    }
    let best = whole
        .into_iter()
        .max_by(|a, b| a.score(beam).total_cmp(&b.score(beam)));
    best.unwrap_or_default()
}

/// The log-probabilities of all symbols after the last of each answer, and the state goes on.
fn next_symbols(model: &Seq2Seq, last: &[u32], encoded: &mut Encoded) -> Vec<Vec<f32>> {
    let device = model.embedding.weight.device();
    let symbols: Vec<i32> = last.iter().map(|&symbol| symbol as i32).collect();
    let symbols = Tensor::<2, Int>::from_data(TensorData::new(symbols, [last.len(), 1]), &device);
    let state = encoded.state.clone();
    let (logits, _, state) = model.decode(symbols, state, encoded.memory.as_ref());
    encoded.state = state;
    let [_, _, width] = logits.dims();
    let logs = floats(log_softmax(logits, 2));
    logs.chunks(width).map(<[f32]>::to_vec).collect()
}

/// The symbols that may be said, the likeliest first. Filler and the begin never may.
fn ranked(logs: &[f32]) -> Vec<(u32, f32)> {
    let mut ranked: Vec<(u32, f32)> = (Symbols::END..)
        .zip(logs[Symbols::END as usize..].iter().copied())
        .collect();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked
}
