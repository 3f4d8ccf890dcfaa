//! Pairs of strings in three parts.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{dates, numbers};
use crate::DataError;

/// A string and what it is to be turned into.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    /// What is given.
    pub input: String,
    /// What is wanted.
    pub output: String,
}

/// Pairs to learn from, to choose by and to be tested on. No two parts have an input in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// What is learnt from.
    pub train: Vec<Pair>,
    /// What chooses the best model.
    pub valid: Vec<Pair>,
    /// What is only tested on.
    pub test: Vec<Pair>,
}

impl Pairs {
    /// All pairs, part by part.
    pub fn iter(&self) -> impl Iterator<Item = &Pair> {
        self.train.iter().chain(&self.valid).chain(&self.test)
    }
}

/// The pairs that can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairKind {
    /// A date as people write it, to ISO 8601: "Tue 5 Jan 99" to "1999-01-05". Years from 1900 to
    /// 2099, those of two digits from 1950 to 2049; a day before its month where both are figures
    /// and the year stands behind.
    Dates,
    /// English number words to figures, 0 to 999 999: "four hundred and seven thousand twelve" to
    /// "407012".
    Numbers,
    /// Figures to English number words: "407,012" to "four hundred and seven thousand and twelve".
    Words,
}

/// The most pairs to learn from that are generated: there are few short numbers.
const MOST: usize = 200_000;

/// `examples` pairs to learn from, a tenth of that number each (at least one) for choosing and testing. No
/// input comes twice. The same seed gives the same pairs.
///
/// # Errors
///
/// [`DataError::InvalidArgument`] where `examples` is 0 or above 200 000.
pub fn generate_pairs(kind: PairKind, examples: usize, seed: u64) -> Result<Pairs, DataError> {
    if !(1..=MOST).contains(&examples) {
        let expected = format!("1 to {MOST}");
        return Err(DataError::invalid("examples", examples, expected));
    }
    let pair = match kind {
        PairKind::Dates => dates::pair,
        PairKind::Numbers => numbers::in_figures,
        PairKind::Words => numbers::in_words,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut seen = HashSet::new();
    let mut some = |count: usize| {
        let mut part = Vec::with_capacity(count);
        while part.len() < count {
            let pair = pair(&mut rng);
            if seen.insert(pair.input.clone()) {
                part.push(pair);
            }
        }
        part
    };
    let few = (examples / 10).max(1);
    Ok(Pairs {
        train: some(examples),
        valid: some(few),
        test: some(few),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_share_no_input_and_follow_from_the_seed() {
        for kind in [PairKind::Dates, PairKind::Numbers, PairKind::Words] {
            let pairs = generate_pairs(kind, 1000, 3).unwrap();
            let lengths = [pairs.train.len(), pairs.valid.len(), pairs.test.len()];
            assert_eq!(lengths, [1000, 100, 100]);
            let inputs: HashSet<&str> = pairs.iter().map(|pair| pair.input.as_str()).collect();
            assert_eq!(inputs.len(), 1200, "{kind:?}");
            assert_eq!(pairs, generate_pairs(kind, 1000, 3).unwrap());
            assert_ne!(pairs, generate_pairs(kind, 1000, 4).unwrap());
        }
        assert!(generate_pairs(PairKind::Dates, 0, 1).is_err());
    }
}
