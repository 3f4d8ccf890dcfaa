//! Writing text with a model.

use burn::tensor::{Int, Tensor, TensorData};
use burn_rnn_data::Vocabulary;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::CharModel;
use crate::{NetworkState, TrainError};

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
        if self.temperature >= 0.0 && self.temperature.is_finite() {
            return Ok(());
        }
        Err(TrainError::Setting {
            name: "the temperature",
            given: self.temperature.to_string(),
            expected: "a number of at least 0".to_owned(),
        })
    }
}

/// An endless iterator over characters that continue a prompt.
pub struct Generator<'a> {
    model: &'a CharModel,
    vocabulary: &'a Vocabulary,
    temperature: f64,
    rng: ChaCha8Rng,
    state: Option<NetworkState>,
    /// What the model has not read yet.
    unread: Vec<u32>,
}

impl<'a> Generator<'a> {
    /// Continues `prompt`; an empty one stands for a line feed, or for the first character that the
    /// model knows. Give it a model without automatic differentiation (`model.valid()`).
    ///
    /// # Errors
    ///
    /// Where the prompt has a character that the model does not know, or the temperature makes no
    /// sense.
    pub fn new(
        model: &'a CharModel,
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
            model,
            vocabulary,
            temperature: sampling.temperature,
            rng: ChaCha8Rng::seed_from_u64(sampling.seed),
            state: None,
            unread,
        })
    }

    /// Reads what is unread and gives the logits of the next character.
    fn read(&mut self) -> Vec<f32> {
        let device = self.model.embedding.weight.device();
        let ids: Vec<i32> = self.unread.iter().map(|&id| id as i32).collect();
        let time = ids.len();
        let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [1, time]), &device);
        let (logits, state) = self.model.forward(ids, self.state.take());
        self.state = Some(state);
        let last = logits.narrow(1, time - 1, 1).into_data_as::<f32>();
        last.try_into_vec().expect("the data was asked for as f32")
    }
}

impl Iterator for Generator<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let logits = self.read();
        let id = draw(&logits, self.temperature, self.rng.random()) as u32;
        self.unread = vec![id];
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
