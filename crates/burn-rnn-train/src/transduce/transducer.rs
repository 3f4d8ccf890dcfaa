//! A model at work.

use burn::tensor::Device;
use burn_rnn_data::{DataError, Pair, Symbols, character_error_rate, exact_match, padded_runs};

use super::batch::integers;
use super::{Answer, Beam, Seq2Seq, SequenceBatch, TransduceSettings, beam_search, greedy};
use crate::floats::floats;
use crate::{TrainError, cell};

/// A model with its settings, to turn strings into others.
#[derive(Clone, Copy, Debug)]
pub struct Transducer<'a> {
    /// The settings that the model was made by.
    pub settings: &'a TransduceSettings,
    /// The model.
    pub model: &'a Seq2Seq,
    /// Where the model is.
    pub device: &'a Device,
}

impl Transducer<'_> {
    /// The sequences that are read at once.
    pub(super) const AT_ONCE: usize = 250;
    /// The symbols that are read at once, filler included, where it is more than one sequence.
    pub(super) const SYMBOLS: usize = 50_000;

    /// The answers to some inputs, in their order.
    ///
    /// # Errors
    ///
    /// Where an input has a character that the model does not know or more than [`Symbols::LONGEST`], before the first
    /// search.
    pub fn answers(&self, inputs: &[&str], beam: Beam) -> Result<Vec<Answer>, TrainError> {
        let inputs = inputs.iter().map(|input| self.encode(input));
        let inputs: Vec<Vec<u32>> = inputs.collect::<Result<_, _>>()?;
        let limit = self.settings.limit;
        if beam.width > 1 {
            let search = |input: &Vec<u32>| {
                let input = SequenceBatch::new(&[input], self.device);
                beam_search(self.model, &input, beam, limit)
            };
            return Ok(inputs.iter().map(search).collect());
        }
        let search = |inputs: &[Vec<u32>]| {
            let inputs: Vec<&[u32]> = inputs.iter().map(Vec::as_slice).collect();
            greedy(self.model, &SequenceBatch::new(&inputs, self.device), limit)
        };
        let runs = padded_runs(&inputs, Vec::len, Self::AT_ONCE, Self::SYMBOLS);
        Ok(runs.flat_map(search).collect())
    }

    /// The answer as text.
    pub fn text(&self, answer: &Answer) -> String {
        self.settings.outputs.decode(&answer.symbols)
    }

    /// The shares of outputs that are wholly right, and of characters that are wrong.
    ///
    /// # Errors
    ///
    /// As [`answers`](Transducer::answers).
    pub fn figures(&self, pairs: &[Pair], beam: Beam) -> Result<(f64, f64), TrainError> {
        let inputs: Vec<&str> = pairs.iter().map(|pair| pair.input.as_str()).collect();
        let answers = self.answers(&inputs, beam)?;
        let answers: Vec<String> = answers.iter().map(|answer| self.text(answer)).collect();
        let wanted: Vec<String> = pairs.iter().map(|pair| pair.output.clone()).collect();
        Ok((
            exact_match(&answers, &wanted),
            character_error_rate(&answers, &wanted),
        ))
    }

    /// How much of each symbol of the input (the end last) the decoder read for each of the first `most` symbols of the
    /// answer; nothing where the model has no attention.
    ///
    /// # Errors
    ///
    /// As [`answers`](Transducer::answers).
    pub fn attention(
        &self,
        input: &str,
        answer: &Answer,
        most: usize,
    ) -> Result<Option<Vec<Vec<f32>>>, TrainError> {
        let input = self.encode(input)?;
        let time = answer.symbols.len().min(most);
        let before = [&[Symbols::BEGIN], &answer.symbols[..]].concat();
        let before = integers(&before[..time], [1, time], self.device);
        let encoded = self
            .model
            .encode(&SequenceBatch::new(&[&input], self.device));
        let (_, weights, _) = self
            .model
            .decode(before, encoded.state, encoded.memory.as_ref());
        Ok(weights.map(|weights| {
            let weights = floats(weights);
            weights.chunks(input.len()).map(<[f32]>::to_vec).collect()
        }))
    }

    fn encode(&self, input: &str) -> Result<Vec<u32>, TrainError> {
        let refuse = |expected: String| {
            TrainError::setting("an input", format!("`{}`", cell(input, 60)), expected)
        };
        let length = input.chars().count();
        if length > Symbols::LONGEST {
            return Err(refuse(format!(
                "at most {} characters, and it has {length}: cut it",
                Symbols::LONGEST
            )));
        }
        self.settings.inputs.encode(input).map_err(|error| match error {
            DataError::UnknownCharacter {
                character,
                position,
            } => refuse(format!(
                "characters that the model was trained on: {character:?} at position {position} is none of \
                 them"
            )),
            other => other.into(),
        })
    }
}
