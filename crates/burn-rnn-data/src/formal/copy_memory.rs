//! The copy memory problem, a synthetic test of storing a list.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::DataError;

/// An endless, seeded generator of the copy memory problem.
///
/// A sequence over ten symbols, `items` symbols to remember and a `delay`: the first `items` steps are
/// uniform among the symbols 0 to 7; `delay − 1` blanks (8) follow, a delimiter (9), and `items` blanks.
/// The target is a blank at each of the first `delay + items` steps, and then the remembered symbols in
/// their order. A sequence has `delay + 2·items` steps. Giving blanks and then guessing loses
/// [`chance_loss`](Self::chance_loss) a step and hits [`CHANCE_ACCURACY`](Self::CHANCE_ACCURACY) of the
/// remembered symbols.
///
/// M. Arjovsky, A. Shah and Y. Bengio, "Unitary evolution recurrent neural networks" (2016), section
/// 4.1, with 10 items; after S. Hochreiter and J. Schmidhuber (1997).
#[derive(Debug, Clone)]
pub struct CopyMemory {
    delay: usize,
    items: usize,
    rng: ChaCha8Rng,
}

/// Sequences of the copy memory problem with their targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyBatch {
    /// Flat `[n, steps]` in row-major order: the symbol of each step.
    pub inputs: Vec<u32>,
    /// `[n, steps]`: the symbol that is expected at each step.
    pub targets: Vec<u32>,
}

impl CopyMemory {
    /// How many symbols there are to remember.
    pub const SYMBOLS: usize = 8;
    /// The blank.
    pub const BLANK: u32 = 8;
    /// The symbol that asks for the answer.
    pub const DELIMITER: u32 = 9;
    /// How many symbols there are in all.
    pub const ALPHABET: usize = 10;
    /// The share of the remembered symbols that a guess hits.
    pub const CHANCE_ACCURACY: f64 = 1.0 / Self::SYMBOLS as f64;

    /// A generator of sequences of `items` symbols to remember over `delay` steps.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where one of them is zero.
    pub fn new(delay: usize, items: usize, seed: u64) -> Result<Self, DataError> {
        if delay == 0 {
            return Err(DataError::invalid("delay", delay, "at least 1"));
        }
        if items == 0 {
            return Err(DataError::invalid("items", items, "at least 1"));
        }
        Ok(Self {
            delay,
            items,
            rng: ChaCha8Rng::seed_from_u64(seed),
        })
    }

    /// How many steps a sequence has.
    pub fn steps(&self) -> usize {
        self.delay + 2 * self.items
    }

    /// The mean cross-entropy of a step in nats without memory: `items · ln 8 / steps`.
    pub fn chance_loss(&self) -> f64 {
        self.items as f64 * (Self::SYMBOLS as f64).ln() / self.steps() as f64
    }

    /// The next `n` sequences. One batch of two equals two batches of one.
    pub fn batch(&mut self, n: usize) -> CopyBatch {
        let mut inputs = Vec::with_capacity(n * self.steps());
        let mut targets = Vec::with_capacity(n * self.steps());
        let blanks = |count| core::iter::repeat_n(Self::BLANK, count);
        for _ in 0..n {
            let symbol = |_| self.rng.random_range(0..Self::SYMBOLS as u32);
            let items: Vec<u32> = (0..self.items).map(symbol).collect();
            inputs.extend_from_slice(&items);
            inputs.extend(blanks(self.delay - 1));
            inputs.push(Self::DELIMITER);
            inputs.extend(blanks(self.items));
            targets.extend(blanks(self.delay + self.items));
            targets.extend(items);
        }
        CopyBatch { inputs, targets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first_is_expected_last() {
        let mut problem = CopyMemory::new(4, 3, 1).unwrap();
        let CopyBatch { inputs, targets } = problem.batch(100);
        for (inputs, targets) in inputs.chunks(10).zip(targets.chunks(10)) {
            assert!(inputs[..3].iter().all(|&symbol| symbol < 8));
            assert_eq!(inputs[3..], [8, 8, 8, 9, 8, 8, 8]);
            assert_eq!(targets[..7], [8; 7]);
            assert_eq!(targets[7..], inputs[..3]);
        }
        let eighth = |symbol| inputs.iter().filter(|other| **other == symbol).count();
        assert!((0..8).all(|symbol| (15..70).contains(&eighth(symbol))));
    }

    #[test]
    fn chance_is_that_of_the_paper() {
        let problem = CopyMemory::new(100, 10, 0).unwrap();
        assert_eq!(problem.steps(), 120);
        assert!((problem.chance_loss() - 10.0 * 8f64.ln() / 120.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_remember_is_refused() {
        let message = |delay, items| CopyMemory::new(delay, items, 0).unwrap_err().to_string();
        assert!(message(0, 1).starts_with("delay is 0"));
        assert!(message(1, 0).starts_with("items is 0"));
    }
}
