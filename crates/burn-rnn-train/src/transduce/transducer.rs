//! A model at work.

use burn::tensor::Device;
use burn_rnn_data::{DataError, Pair, character_error_rate, exact_match};

use super::batch::integers;
use super::{Answer, Beam, Seq2Seq, SequenceBatch, TransduceSettings, beam_search, greedy};
use crate::TrainError;
use crate::floats::floats;

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
    /// The answers to some inputs, in their order.
    ///
    /// # Errors
    ///
    /// Where an input has a character that the model does not know, before the first search.
    pub fn answers(&self, inputs: &[&str], beam: Beam) -> Result<Vec<Answer>, TrainError> {
        const AT_ONCE: usize = 250;
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
        Ok(inputs.chunks(AT_ONCE).flat_map(search).collect())
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

    /// How much of each symbol of the input (the end last) the decoder read for each symbol of the
    /// answer; nothing where the model has no attention.
    ///
    /// # Errors
    ///
    /// As [`answers`](Transducer::answers).
    pub fn attention(
        &self,
        input: &str,
        answer: &Answer,
    ) -> Result<Option<Vec<Vec<f32>>>, TrainError> {
        let input = self.encode(input)?;
        let time = answer.symbols.len();
        let before = [&[burn_rnn_data::Symbols::BEGIN], &answer.symbols[..]].concat();
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
        self.settings.inputs.encode(input).map_err(|error| match error {
            DataError::UnknownCharacter {
                character,
                position,
            } => TrainError::Setting {
                name: "an input",
                given: format!("{input:?}"),
                expected: format!(
                    "characters that the model was trained on: {character:?} at position {position} is \
                     none of them"
                ),
            },
            other => other.into(),
        })
    }
}
