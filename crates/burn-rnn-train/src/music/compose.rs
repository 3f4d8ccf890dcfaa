//! Composing with a model.

use burn_rnn_data::{KEYS, Piece, keys_of, notes_of};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::MusicModel;
use crate::TrainError;
use crate::text::Sampling;

/// Draws `steps` steps, each from the steps before it; `first`, where it has notes, is the first of them. Below a temperature of 1 the likely notes get
/// likelier, at 0 the likeliest sound; the number of notes that the model expects stays.
///
/// # Errors
///
/// Where the temperature makes no sense.
pub fn compose(
    model: &MusicModel,
    first: &[u8],
    steps: usize,
    sampling: Sampling,
) -> Result<Piece, TrainError> {
    sampling.validate()?;
    let mut rng = ChaCha8Rng::seed_from_u64(sampling.seed);
    let mut keys = vec![0.0f32; KEYS];
    let (mut stream, mut head) = (model.network.stream(1), model.head.floats(1));
    let mut piece = Piece::with_capacity(steps);
    for _ in 0..steps {
        let logits = head.logits(stream.step_floats(&keys));
        let given = piece.is_empty() && !first.is_empty();
        let probabilities = match given {
            true => keys_of(&[first.to_vec()], 0)
                .iter()
                .map(|&key| f64::from(key))
                .collect(),
            false => tempered(logits, sampling.temperature),
        };
        for (key, probability) in keys.iter_mut().zip(probabilities) {
            *key = f32::from(u8::from(rng.random::<f64>() < probability));
        }
        piece.push(notes_of(&keys));
    }
    Ok(piece)
}

/// The probabilities of the keys at a temperature. Their log-odds are divided by it and then moved
/// together until as many notes are expected as before: all of them are unlikely, one by one, so that
/// otherwise a low temperature would mean silence.
fn tempered(logits: &[f32], temperature: f64) -> Vec<f64> {
    let sigmoid = |odds: f64| 1.0 / (1.0 + (-odds).exp());
    let odds: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
    let expected: f64 = odds.iter().copied().map(sigmoid).sum();
    if temperature == 0.0 {
        let mut order: Vec<usize> = (0..odds.len()).collect();
        order.sort_by(|a, b| odds[*b].total_cmp(&odds[*a]));
        let mut probabilities = vec![0.0; odds.len()];
        for &key in order.iter().take(expected.round() as usize) {
            probabilities[key] = 1.0;
        }
        return probabilities;
    }
    let at = |moved: f64| {
        let odds = odds.iter();
        let tempered = odds.map(move |odds| sigmoid((odds - moved) / temperature));
        tempered.collect::<Vec<f64>>()
    };
    let largest = odds.iter().fold(0.0f64, |max, odds| max.max(odds.abs()));
    // Bisection: the sum falls as the odds are moved down.
    let (mut low, mut high) = (-largest - 50.0 * temperature, largest + 50.0 * temperature);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        match at(middle).iter().sum::<f64>() > expected {
            true => low = middle,
            false => high = middle,
        }
    }
    at(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_temperature_prefers_the_likely_and_keeps_the_number_of_notes() {
        let logits = [0.5, -0.5, -1.0, -3.0, -4.0];
        let expected: f64 = tempered(&logits, 1.0).iter().sum();
        assert!((tempered(&logits, 1.0)[0] - 0.622_459).abs() < 1e-5);
        let cold = tempered(&logits, 0.5);
        assert!((cold.iter().sum::<f64>() - expected).abs() < 1e-9);
        assert!(cold[0] > 0.622 && cold[4] < tempered(&logits, 1.0)[4]);
        // 1.33 notes are expected.
        assert_eq!(tempered(&logits, 0.0), [1.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
