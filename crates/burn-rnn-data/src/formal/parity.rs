//! Parity, a synthetic test of a bit that any step may turn.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::DataError;

/// An endless, seeded generator of the parity problem.
///
/// A sequence of bits, 0 or 1 with probability 1/2 each. The target after each step is 1 where the
/// number of ones so far is odd; the problem proper is the target after the **last** step. Each bit
/// alone, and any set of them but all, tells nothing about it: a guess hits
/// [`CHANCE_ACCURACY`](Self::CHANCE_ACCURACY) and loses [`CHANCE_LOSS`](Self::CHANCE_LOSS) at every step.
///
/// Y. Bengio, P. Simard and P. Frasconi, "Learning long-term dependencies with gradient descent is
/// difficult", IEEE Transactions on Neural Networks 5 (1994), section VI, with the target at the end alone.
/// That gives gradient descent nothing to go by beyond some dozen bits (S. Shalev-Shwartz, O.
/// Shamir and S. Shammah, "Failures of gradient-based deep learning", 2017), so the targets of
/// the steps before it are here too.
#[derive(Debug, Clone)]
pub struct Parity {
    length: usize,
    rng: ChaCha8Rng,
}

/// Sequences of the parity problem with their targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParityBatch {
    /// Flat `[n, length]` in row-major order: the bits.
    pub inputs: Vec<u32>,
    /// `[n, length]`: the parity of the bits up to each step, that one included.
    pub targets: Vec<u32>,
}

impl Parity {
    /// The share that a guess hits.
    pub const CHANCE_ACCURACY: f64 = 0.5;
    /// The cross-entropy of a guess in nats, ln 2.
    pub const CHANCE_LOSS: f64 = core::f64::consts::LN_2;

    /// A generator of sequences of `length` bits.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where `length` is zero.
    pub fn new(length: usize, seed: u64) -> Result<Self, DataError> {
        if length == 0 {
            return Err(DataError::invalid("length", length, "at least 1"));
        }
        Ok(Self {
            length,
            rng: ChaCha8Rng::seed_from_u64(seed),
        })
    }

    /// The next `n` sequences. One batch of two equals two batches of one.
    pub fn batch(&mut self, n: usize) -> ParityBatch {
        let bits = n * self.length;
        let inputs: Vec<u32> = (0..bits).map(|_| self.rng.random_range(0..2)).collect();
        let targets = inputs.chunks(self.length).flat_map(|bits| {
            bits.iter().scan(0, |parity, bit| {
                *parity ^= bit;
                Some(*parity)
            })
        });
        ParityBatch {
            targets: targets.collect(),
            inputs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_number_of_ones_modulo_two() {
        let batch = Parity::new(9, 2).unwrap().batch(200);
        for (bits, targets) in batch.inputs.chunks(9).zip(batch.targets.chunks(9)) {
            for (step, target) in targets.iter().enumerate() {
                assert_eq!(bits[..=step].iter().sum::<u32>() % 2, *target);
            }
        }
        let odd = batch.targets.chunks(9).filter(|targets| targets[8] == 1);
        assert!((70..130).contains(&odd.count()));
        assert!(Parity::new(0, 2).is_err());
    }
}
