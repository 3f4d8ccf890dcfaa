//! Pairs of strings to learn to turn the one into the other: dates, numbers, or any from a file.

mod dates;
mod edits;
mod file;
mod numbers;
mod pairs;
mod symbols;

pub use edits::{character_error_rate, exact_match};
pub use file::read_pairs;
pub use pairs::{Pair, PairKind, Pairs, generate_pairs};
pub use symbols::Symbols;
