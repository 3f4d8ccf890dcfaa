//! The memory problems with one form of example.

use burn::data::dataset::{Dataset, DatasetError};
use serde::{Deserialize, Serialize};

use super::{CopyMemory, Parity, TemporalOrder};
use crate::{AddingProblem, DataError};

/// One of the memory problems, with its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MemoryProblem {
    /// The [`AddingProblem`].
    Adding {
        /// The steps of a sequence.
        length: usize,
    },
    /// The [`CopyMemory`] problem.
    Copy {
        /// The steps from the last symbol that is shown to the one that asks for the answer.
        delay: usize,
        /// The symbols to remember.
        items: usize,
    },
    /// The [`TemporalOrder`] problem.
    TemporalOrder {
        /// The steps of a sequence.
        length: usize,
        /// The symbols whose order matters, 2 or 3.
        relevant: usize,
    },
    /// The [`Parity`] problem.
    Parity {
        /// The bits of a sequence.
        length: usize,
    },
}

/// A sequence and what is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryExample {
    /// `[steps, features]` in row-major order; symbols stand as ones among zeros.
    pub inputs: Vec<f32>,
    /// What is expected at the last steps, as many as there are answers: a value, or a class's number.
    pub answers: Vec<f32>,
}

/// What somebody without memory gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// The mean squared error, or the mean cross-entropy of an answer in nats.
    pub loss: f64,
    /// The share of right answers among those that need memory; `None` where the answer is a value.
    pub accuracy: Option<f64>,
}

impl MemoryProblem {
    /// Refuses sizes that make no sense.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where a sequence has more than 65 536 steps, and as from the problem's own generator.
    pub fn validate(self) -> Result<(), DataError> {
        const LONGEST: usize = 1 << 16;
        let sizes = match self {
            Self::Copy { delay, items } => [delay, items],
            Self::Adding { length }
            | Self::TemporalOrder { length, .. }
            | Self::Parity { length } => [length, 0],
        };
        if let Some(size) = sizes.into_iter().find(|size| *size > LONGEST) {
            let expected = format!("at most {LONGEST} steps");
            return Err(DataError::invalid("length", size, expected));
        }
        match self {
            Self::Adding { length } => AddingProblem::new(length, 0).map(drop),
            Self::Copy { delay, items } => CopyMemory::new(delay, items, 0).map(drop),
            Self::TemporalOrder { length, relevant } => {
                TemporalOrder::new(length, relevant, 0).map(drop)
            }
            Self::Parity { length } => Parity::new(length, 0).map(drop),
        }
    }

    /// The features of a step.
    pub fn features(self) -> usize {
        match self {
            Self::Adding { .. } | Self::Parity { .. } => 2,
            Self::Copy { .. } => CopyMemory::ALPHABET,
            Self::TemporalOrder { .. } => TemporalOrder::SYMBOLS.len(),
        }
    }

    /// The number of classes; `None` where the answer is a value.
    pub fn classes(self) -> Option<usize> {
        match self {
            Self::Adding { .. } => None,
            Self::Copy { .. } => Some(CopyMemory::ALPHABET),
            Self::TemporalOrder { relevant, .. } => Some(1 << relevant),
            Self::Parity { .. } => Some(2),
        }
    }

    /// The steps of a sequence.
    pub fn steps(self) -> usize {
        match self {
            Self::Copy { delay, items } => delay + 2 * items,
            Self::Adding { length }
            | Self::TemporalOrder { length, .. }
            | Self::Parity { length } => length,
        }
    }

    /// How many of a sequence's last answers need memory and are counted in the accuracy: the copied
    /// symbols, or the last answer alone.
    pub fn counted(self) -> usize {
        match self {
            Self::Copy { items, .. } => items,
            _ => 1,
        }
    }

    /// What somebody without memory gets.
    ///
    /// # Panics
    ///
    /// As [`example`](Self::example).
    pub fn chance(self) -> Chance {
        let (loss, accuracy) = match self {
            Self::Adding { .. } => (AddingProblem::CHANCE_MSE, None),
            Self::Copy { delay, items } => (
                sound(CopyMemory::new(delay, items, 0)).chance_loss(),
                Some(CopyMemory::CHANCE_ACCURACY),
            ),
            Self::TemporalOrder { length, relevant } => {
                let problem = sound(TemporalOrder::new(length, relevant, 0));
                (problem.chance_loss(), Some(problem.chance_accuracy()))
            }
            Self::Parity { .. } => (Parity::CHANCE_LOSS, Some(Parity::CHANCE_ACCURACY)),
        };
        Chance { loss, accuracy }
    }

    /// The example of a seed.
    ///
    /// # Panics
    ///
    /// Where [`validate`](Self::validate) refuses the sizes.
    pub fn example(self, seed: u64) -> MemoryExample {
        let symbols = |inputs: &[u32], answers: &[u32]| MemoryExample {
            inputs: one_hot(inputs, self.features()),
            answers: answers.iter().map(|&answer| answer as f32).collect(),
        };
        match self {
            Self::Adding { length } => {
                let batch = sound(AddingProblem::new(length, seed)).batch(1);
                MemoryExample {
                    inputs: batch.inputs,
                    answers: batch.targets,
                }
            }
            Self::Copy { delay, items } => {
                let batch = sound(CopyMemory::new(delay, items, seed)).batch(1);
                symbols(&batch.inputs, &batch.targets)
            }
            Self::TemporalOrder { length, relevant } => {
                let batch = sound(TemporalOrder::new(length, relevant, seed)).batch(1);
                symbols(&batch.inputs, &batch.targets)
            }
            Self::Parity { length } => {
                let batch = sound(Parity::new(length, seed)).batch(1);
                symbols(&batch.inputs, &batch.targets)
            }
        }
    }
}

fn sound<T>(made: Result<T, DataError>) -> T {
    made.unwrap_or_else(|error| panic!("{error}"))
}

fn one_hot(symbols: &[u32], alphabet: usize) -> Vec<f32> {
    let mut values = vec![0.0; symbols.len() * alphabet];
    for (step, &symbol) in symbols.iter().enumerate() {
        values[step * alphabet + symbol as usize] = 1.0;
    }
    values
}

/// An endless data set: example `n` is that of the seed `n`, made when it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct FreshExamples(pub MemoryProblem);

impl Dataset<MemoryExample> for FreshExamples {
    fn get(&self, index: usize) -> Result<MemoryExample, DatasetError> {
        Ok(self.0.example(index as u64))
    }

    fn len(&self) -> usize {
        usize::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_have_the_sizes_that_the_problem_says() {
        for problem in [
            MemoryProblem::Adding { length: 7 },
            MemoryProblem::Copy { delay: 3, items: 2 },
            MemoryProblem::TemporalOrder {
                length: 12,
                relevant: 3,
            },
            MemoryProblem::Parity { length: 5 },
        ] {
            problem.validate().unwrap();
            let example = FreshExamples(problem).get(9).unwrap();
            assert_eq!(example.inputs.len(), problem.steps() * problem.features());
            assert!(example.answers.len() >= problem.counted());
            if let Some(classes) = problem.classes() {
                let known = |answer: &f32| (0.0..classes as f32).contains(answer);
                assert!(example.answers.iter().all(known), "{problem:?}");
            }
            assert_eq!(example, problem.example(9));
            assert_ne!(example, problem.example(10));
        }
        assert!(MemoryProblem::Parity { length: 0 }.validate().is_err());
    }
}
