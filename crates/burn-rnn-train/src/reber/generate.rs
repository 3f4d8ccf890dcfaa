//! Drawing strings from a model.

use burn_rnn_data::REBER_SYMBOLS;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{ReberModel, one_hot};
use crate::TrainError;
use crate::text::{Sampling, draw};

/// A string that has not come to its end by here is given up; the grammar has one as long once in 10¹².
const LONGEST: usize = 100;

/// Draws `count` strings, each from `B` on, one symbol after the other from the model's probabilities, up
/// to the second `E` (a legal string has two and ends with the second) or 100 symbols.
///
/// # Errors
///
/// Where the temperature makes no sense.
pub fn write_strings(
    model: &ReberModel,
    count: usize,
    sampling: Sampling,
) -> Result<Vec<String>, TrainError> {
    sampling.validate()?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut rng = ChaCha8Rng::seed_from_u64(sampling.seed);
    let symbols = REBER_SYMBOLS.len();
    let mut strings = vec!["B".to_owned(); count];
    let (mut stream, mut head) = (model.network.stream(count), model.head.floats(count));
    while strings.iter().any(|string| !is_done(string)) {
        let last: Vec<f32> = strings
            .iter()
            .flat_map(|string| one_hot(&string[string.len() - 1..]))
            .collect();
        let logits = head.logits(stream.step_floats(&last));
        for (string, logits) in strings.iter_mut().zip(logits.chunks(symbols)) {
            // Drawn for finished strings too: a string then depends on its place, not on its neighbours.
            let uniform = rng.random();
            if !is_done(string) {
                string.push(REBER_SYMBOLS[draw(logits, sampling.temperature, uniform)]);
            }
        }
    }
    Ok(strings)
}

fn is_done(string: &str) -> bool {
    string.matches('E').count() == 2 || string.len() >= LONGEST
}
