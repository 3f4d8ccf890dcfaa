//! The adding problem, a synthetic test of long memory.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::DataError;

/// An endless, seeded generator of the adding problem.
///
/// Each sequence has two features a step: a value, uniform in `[0, 1)`, and a marker, which is 1 at
/// exactly two steps, one in the first half of the sequence and one in the second (the middle step
/// of an odd length belongs to the second), and 0 elsewhere. The target is the sum of the two marked
/// values, so the network has to remember the first of them over about half the length. Predicting
/// 1 without looking gives [`CHANCE_MSE`](Self::CHANCE_MSE).
///
/// S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997),
/// experiment 4, with the values and marker positions that later work made customary (M. Arjovsky,
/// A. Shah and Y. Bengio, "Unitary evolution recurrent neural networks", 2016).
#[derive(Debug, Clone)]
pub struct AddingProblem {
    length: usize,
    rng: ChaCha8Rng,
}

/// Sequences of the adding problem with their targets.
#[derive(Debug, Clone, PartialEq)]
pub struct AddingBatch {
    /// Flat `[n, length, 2]` in row-major order: value and marker of each step.
    pub inputs: Vec<f32>,
    /// `[n]`: the sum of the two marked values of each sequence.
    pub targets: Vec<f32>,
}

impl AddingProblem {
    /// The mean squared error of predicting 1 always, 1/6: the variance of the sum of two uniform
    /// values. A network that learned nothing stays there.
    pub const CHANCE_MSE: f64 = 1.0 / 6.0;

    /// A generator of sequences of `length` steps. Equal lengths and seeds give equal sequences, on
    /// every platform.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where `length` is below 2: each half needs a step to mark.
    pub fn new(length: usize, seed: u64) -> Result<Self, DataError> {
        if length < 2 {
            return Err(DataError::invalid("length", length, "at least 2"));
        }
        Ok(Self {
            length,
            rng: ChaCha8Rng::seed_from_u64(seed),
        })
    }

    /// How many steps a sequence has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The next `n` sequences. One batch of two equals two batches of one.
    pub fn batch(&mut self, n: usize) -> AddingBatch {
        let mut inputs = Vec::with_capacity(n * self.length * 2);
        let mut targets = Vec::with_capacity(n);
        for _ in 0..n {
            let half = self.length / 2;
            let first = self.rng.random_range(0..half);
            let second = self.rng.random_range(half..self.length);
            let mut target = 0.0;
            for step in 0..self.length {
                let value: f32 = self.rng.random();
                let marked = step == first || step == second;
                if marked {
                    target += value;
                }
                inputs.extend([value, f32::from(u8::from(marked))]);
            }
            targets.push(target);
        }
        AddingBatch { inputs, targets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_half_has_one_marker_and_the_target_is_the_marked_sum() {
        for length in [2, 3, 10, 51] {
            let batch = AddingProblem::new(length, 7).unwrap().batch(200);
            assert_eq!(batch.inputs.len(), 200 * length * 2);
            assert_eq!(batch.targets.len(), 200);
            for (sequence, &target) in batch.inputs.chunks(length * 2).zip(&batch.targets) {
                let marked: Vec<usize> = (0..length)
                    .filter(|step| sequence[step * 2 + 1] == 1.0)
                    .collect();
                assert_eq!(marked.len(), 2);
                assert!(marked[0] < length / 2 && marked[1] >= length / 2);
                let markers: f32 = sequence.iter().skip(1).step_by(2).sum();
                assert_eq!(markers, 2.0);
                assert_eq!(target, sequence[marked[0] * 2] + sequence[marked[1] * 2]);
                let mut values = sequence.iter().step_by(2);
                assert!(values.all(|value| (0.0..1.0).contains(value)));
            }
        }
    }

    #[test]
    fn every_step_can_be_marked() {
        let batch = AddingProblem::new(6, 3).unwrap().batch(500);
        for step in 0..6 {
            let marked = batch.inputs.chunks(12).filter(|s| s[step * 2 + 1] == 1.0);
            let share = marked.count() as f64 / 500.0;
            assert!((share - 1.0 / 3.0).abs() < 0.1, "{step}: {share}");
        }
    }

    #[test]
    fn predicting_one_scores_the_chance_level() {
        let batch = AddingProblem::new(4, 11).unwrap().batch(20_000);
        let squares = batch.targets.iter().map(|t| f64::from(t - 1.0).powi(2));
        let mse = squares.sum::<f64>() / 20_000.0;
        assert!((mse - AddingProblem::CHANCE_MSE).abs() < 0.005, "{mse}");
    }

    #[test]
    fn the_seed_decides_and_batches_go_on() {
        let problem = |seed| AddingProblem::new(8, seed).unwrap();
        let both = problem(5).batch(2);
        let mut again = problem(5);
        let (first, second) = (again.batch(1), again.batch(1));
        assert_eq!([first.inputs, second.inputs].concat(), both.inputs);
        assert_eq!([first.targets, second.targets].concat(), both.targets);
        assert_ne!(problem(6).batch(2), both);
    }

    #[test]
    fn one_step_is_refused() {
        let error = AddingProblem::new(1, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "length is 1, expected at least 2: change length"
        );
        assert_eq!(AddingProblem::new(2, 0).unwrap().length(), 2);
    }
}
