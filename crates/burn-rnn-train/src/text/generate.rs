//! Writing text with a model.

use burn_rnn::HeadFloats;
use burn_rnn_data::Vocabulary;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::CharModel;
use crate::floats::floats;
use crate::{NetworkStream, TrainError};

/// How the next character is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// What the logits are divided by: below 1 the likely characters get likelier; 0 always takes
    /// the likeliest.
    pub temperature: f64,
    /// Where the random numbers start.
    pub seed: u64,
}

impl Sampling {
    /// # Errors
    ///
    /// Where the temperature is negative or not a number.
    pub fn validate(&self) -> Result<(), TrainError> {
        TrainError::check_not_negative(&[("the temperature", self.temperature)])
    }
}

/// An endless iterator over characters that continue a prompt.
pub struct Generator<'a> {
    vocabulary: &'a Vocabulary,
    temperature: f64,
    rng: ChaCha8Rng,
    /// The vectors of all characters, `[characters, d_embedding]` in row-major order.
    embedding: Vec<f32>,
    stream: NetworkStream,
    head: HeadFloats,
    /// What the model has not read yet.
    unread: Vec<u32>,
}

impl<'a> Generator<'a> {
    /// Continues `prompt`; an empty one stands for a line feed, or for the first character that the
    /// model knows.
    ///
    /// # Errors
    ///
    /// Where the prompt has a character that the model does not know, or the temperature makes no
    /// sense.
    pub fn new(
        model: &CharModel,
        vocabulary: &'a Vocabulary,
        prompt: &str,
        sampling: Sampling,
    ) -> Result<Self, TrainError> {
        sampling.validate()?;
        let unread = if prompt.is_empty() {
            vec![vocabulary.encode("\n").map_or(0, |ids| ids[0])]
        } else {
            vocabulary.encode(prompt)?
        };
        Ok(Self {
            embedding: floats(model.embedding.weight.val()),
            stream: model.network.stream(1),
            head: model.head.floats(1),
            vocabulary,
            temperature: sampling.temperature,
            rng: ChaCha8Rng::seed_from_u64(sampling.seed),
            unread,
        })
    }

    /// Reads what is unread and gives the logits of the next character.
    fn read(&mut self) -> &[f32] {
        let d_embedding = self.embedding.len() / self.vocabulary.chars().len();
        let mut hidden: &[f32] = &[];
        for id in self.unread.drain(..) {
            let at = id as usize * d_embedding;
            hidden = self
                .stream
                .step_floats(&self.embedding[at..at + d_embedding]);
        }
        self.head.logits(hidden)
    }
}

impl Iterator for Generator<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let (temperature, uniform) = (self.temperature, self.rng.random());
        let id = draw(self.read(), temperature, uniform) as u32;
        self.unread.push(id);
        Some(self.vocabulary.chars()[id as usize])
    }
}

/// The index that `uniform`, a number in `0..1`, falls on among the probabilities
/// `softmax(logits / temperature)`.
pub(crate) fn draw(logits: &[f32], temperature: f64, uniform: f64) -> usize {
    let order = |a: &usize, b: &usize| logits[*a].total_cmp(&logits[*b]);
    let likeliest = (0..logits.len()).max_by(order).unwrap_or(0);
    if temperature == 0.0 {
        return likeliest;
    }
    let largest = f64::from(logits[likeliest]);
    let weight = |logit: &f32| ((f64::from(*logit) - largest) / temperature).exp();
    let total: f64 = logits.iter().map(weight).sum();
    let mut rest = uniform * total;
    for (index, logit) in logits.iter().enumerate() {
        rest -= weight(logit);
        if rest < 0.0 {
            return index;
        }
    }
    likeliest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_probabilities() {
        let logits = [1f32.ln(), 2f32.ln(), 5f32.ln()];
        let counts = |temperature| {
            let mut counts = [0; 3];
            for at in 0..8000 {
                counts[draw(&logits, temperature, (f64::from(at) + 0.5) / 8000.0)] += 1;
            }
            counts
        };
        assert_eq!(counts(1.0), [1000, 2000, 5000]);
        // Half the temperature squares the odds: 1, 4, 25.
        assert_eq!(
            counts(0.5).map(|count: i32| (count * 30 + 4000) / 8000),
            [1, 4, 25]
        );
        assert_eq!(counts(0.0), [0, 0, 8000]);
    }
}
