//! The temporal order problem, a synthetic test of remembering what came first.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::DataError;

/// An endless, seeded generator of the temporal order problem.
///
/// A sequence over eight symbols begins with `E`, ends with `B` and is uniform among `a`, `b`, `c` and
/// `d` between, but for two (or three) steps that are `X` or `Y`, each with probability 1/2. Which of them
/// came in which order is the class, asked for after the last step: 4 (or 8) classes, the number whose
/// bits are 0 for `X` and 1 for `Y`, the first to come the highest. Of `L` steps, the places of the two are
/// uniform from `L/10` to `2L/10` and from `5L/10` to `6L/10`; those of three from `L/10` to `2L/10`,
/// `3L/10` to `4L/10` and `6L/10` to `7L/10` (rounded down, ends included).
///
/// S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997),
/// experiments 6a (two) and 6b (three): there the length is 100 to 110 and the second and third place
/// of three begin at 33 and 66; here the length is fixed and may be any.
#[derive(Debug, Clone)]
pub struct TemporalOrder {
    length: usize,
    places: &'static [usize],
    rng: ChaCha8Rng,
}

/// Sequences of the temporal order problem with their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalOrderBatch {
    /// Flat `[n, length]` in row-major order: the number of each step's symbol in
    /// [`TemporalOrder::SYMBOLS`].
    pub inputs: Vec<u32>,
    /// `[n]`: the class.
    pub targets: Vec<u32>,
}

impl TemporalOrder {
    /// The symbols; the position of each is its number.
    pub const SYMBOLS: [char; 8] = ['a', 'b', 'c', 'd', 'X', 'Y', 'B', 'E'];

    /// A generator of sequences of `length` steps in which the order of `relevant` symbols matters.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where `length` is below 10, or `relevant` neither 2 nor 3.
    pub fn new(length: usize, relevant: usize, seed: u64) -> Result<Self, DataError> {
        if length < 10 {
            return Err(DataError::invalid("length", length, "at least 10"));
        }
        let places: &[usize] = match relevant {
            2 => &[1, 5],
            3 => &[1, 3, 6],
            _ => return Err(DataError::invalid("relevant", relevant, "2 or 3")),
        };
        Ok(Self {
            length,
            places,
            rng: ChaCha8Rng::seed_from_u64(seed),
        })
    }

    /// How many classes there are, 4 or 8.
    pub fn classes(&self) -> usize {
        1 << self.places.len()
    }

    /// The cross-entropy of a guess in nats, ln 4 or ln 8.
    pub fn chance_loss(&self) -> f64 {
        (self.classes() as f64).ln()
    }

    /// The share that a guess hits, 1/4 or 1/8.
    pub fn chance_accuracy(&self) -> f64 {
        1.0 / self.classes() as f64
    }

    /// The next `n` sequences. One batch of two equals two batches of one.
    pub fn batch(&mut self, n: usize) -> TemporalOrderBatch {
        let mut inputs = Vec::with_capacity(n * self.length);
        let mut targets = Vec::with_capacity(n);
        let last = self.length - 1;
        for _ in 0..n {
            let mut symbols: Vec<u32> = (0..=last).map(|_| self.rng.random_range(0..4)).collect();
            symbols[0] = 7;
            symbols[last] = 6;
            let mut class = 0;
            for tenth in self.places {
                let (from, to) = (tenth * self.length / 10, (tenth + 1) * self.length / 10);
                let bit = self.rng.random_range(0..2);
                symbols[self.rng.random_range(from..=to)] = 4 + bit;
                class = 2 * class + bit;
            }
            inputs.extend(symbols);
            targets.push(class);
        }
        TemporalOrderBatch { inputs, targets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_the_order_of_the_relevant_symbols() {
        for (length, relevant) in [(10, 2), (10, 3), (23, 2), (23, 3), (100, 3)] {
            let mut problem = TemporalOrder::new(length, relevant, 4).unwrap();
            let batch = problem.batch(300);
            let mut seen = vec![0; problem.classes()];
            for (symbols, &class) in batch.inputs.chunks(length).zip(&batch.targets) {
                assert_eq!((symbols[0], symbols[length - 1]), (7, 6));
                let inner = &symbols[1..length - 1];
                assert!(inner.iter().all(|&symbol| symbol < 6));
                let bits = inner.iter().filter(|&&symbol| symbol > 3);
                let bits: Vec<u32> = bits.map(|symbol| symbol - 4).collect();
                assert_eq!(bits.len(), relevant);
                assert_eq!(bits.iter().fold(0, |class, bit| 2 * class + bit), class);
                seen[class as usize] += 1;
            }
            assert!(seen.iter().all(|&count| count > 15), "{seen:?}");
        }
    }

    #[test]
    fn settings_without_sense_are_refused() {
        let message = |length, relevant| TemporalOrder::new(length, relevant, 0).unwrap_err();
        assert!(message(9, 2).to_string().starts_with("length is 9"));
        assert!(message(10, 4).to_string().starts_with("relevant is 4"));
    }
}
