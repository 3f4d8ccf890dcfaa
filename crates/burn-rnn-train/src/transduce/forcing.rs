//! What the decoder reads in training: the symbol that was wanted before, or its own.

use clap::ValueEnum;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::learn::Moment;

/// Teacher forcing (Williams & Zipser 1989) with scheduled sampling (Bengio et al. 2015): each symbol that
/// the decoder reads is with probability `ε` the one that was wanted, otherwise the one that the model
/// itself found likeliest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forcing {
    /// How `ε` goes on.
    pub decay: Decay,
    /// `ε` at the end of the training, and throughout where it is constant.
    pub last: f64,
}

impl Default for Forcing {
    /// The wanted symbol always.
    fn default() -> Self {
        Self {
            decay: Decay::Constant,
            last: 1.0,
        }
    }
}

impl Forcing {
    /// Refuses what is no probability.
    ///
    /// # Errors
    ///
    /// With the name of the option.
    pub fn validate(self) -> Result<(), TrainError> {
        match (0.0..=1.0).contains(&self.last) {
            true => Ok(()),
            false => Err(TrainError::setting(
                "--teacher-forcing",
                self.last,
                "a probability, 0 to 1",
            )),
        }
    }
}

/// How the probability of the wanted symbol goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// The same throughout
    Constant,
    /// Falls from 1 along a line
    Linear,
    /// Falls from 1, fastest in the middle of the training
    InverseSigmoid,
}

impl Forcing {
    /// `ε` where `progress`, 0 to 1, of the training lies behind.
    ///
    /// The inverse sigmoid is Bengio's `k / (k + exp(i / k))` with `k = 100` and the training scaled to
    /// `2 k ln k` of its steps, so that a half is in the middle: `1 / (1 + k^(2 progress − 1))`.
    pub fn probability(self, progress: f64) -> f64 {
        const K: f64 = 100.0;
        let share = match self.decay {
            Decay::Constant => 0.0,
            Decay::Linear => 1.0 - progress,
            Decay::InverseSigmoid => 1.0 / (1.0 + K.powf(2.0 * progress - 1.0)),
        };
        self.last + (1.0 - self.last) * share
    }

    /// For each of `symbols` symbols whether the wanted one is read, or none where all are. It follows
    /// from the moment's seed.
    pub fn draw(self, symbols: usize, moment: &Moment) -> Option<Vec<bool>> {
        let probability = self.probability(moment.progress());
        if probability >= 1.0 {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(moment.seed);
        let mut draw = || rng.random::<f64>() < probability;
        Some((0..symbols).map(|_| draw()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probability_falls_as_it_should() {
        let probability = |decay, last, progress| Forcing { decay, last }.probability(progress);
        assert_eq!(probability(Decay::Constant, 0.7, 0.3), 0.7);
        assert_eq!(probability(Decay::Linear, 0.2, 0.0), 1.0);
        assert!((probability(Decay::Linear, 0.2, 0.5) - 0.6).abs() < 1e-12);
        assert!((probability(Decay::Linear, 0.2, 1.0) - 0.2).abs() < 1e-12);
        let sigmoid = |progress| probability(Decay::InverseSigmoid, 0.0, progress);
        assert!(sigmoid(0.0) > 0.98 && sigmoid(1.0) < 0.02);
        assert_eq!(sigmoid(0.5), 0.5);
    }

    #[test]
    fn draws_follow_from_the_seed_and_are_as_likely_as_told() {
        let moment = Moment {
            step: 1,
            steps: 2,
            seed: 3,
        };
        let forcing = Forcing {
            decay: Decay::Linear,
            last: 0.5,
        };
        let drawn = forcing.draw(10_000, &moment).unwrap();
        assert_eq!(forcing.draw(10_000, &moment).unwrap(), drawn);
        let share = drawn.iter().filter(|wanted| **wanted).count();
        assert!((7300..7700).contains(&share), "{share}");
        assert_eq!(Forcing::default().draw(5, &moment), None);
    }
}
