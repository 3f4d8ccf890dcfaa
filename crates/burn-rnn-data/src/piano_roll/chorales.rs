//! Four-part pieces by rules, to learn from where there are no real ones.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{PianoRolls, Piece};

/// The degrees of the scale that may follow each degree, roughly as in common-practice harmony.
const NEXT: [&[usize]; 7] = [
    &[1, 2, 3, 4, 5, 3, 4],
    &[4, 4, 6],
    &[5, 3],
    &[4, 4, 0, 1],
    &[0, 0, 0, 5],
    &[3, 1, 4],
    &[0],
];
const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
/// The lowest and the highest note of bass, tenor, alto and soprano.
const RANGES: [(i32, i32); 4] = [(40, 60), (48, 67), (55, 74), (60, 81)];

/// `pieces` pieces for learning, a quarter of that number each for choosing and testing: progressions
/// of triads in one of twelve keys, the voices moving as little as they can, with a close on the tonic.
/// The same seed gives the same pieces.
pub fn generate_chorales(pieces: usize, seed: u64) -> PianoRolls {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut some = |count: usize| (0..count).map(|_| chorale(&mut rng)).collect();
    let few = (pieces / 4).max(1);
    PianoRolls {
        train: some(pieces.max(1)),
        valid: some(few),
        test: some(few),
    }
}

fn chorale(rng: &mut ChaCha8Rng) -> Piece {
    let tonic = rng.random_range(0..12);
    let chords = rng.random_range(8..17);
    let mut degree = 0;
    let mut voices = [48, 55, 64, 72].map(|note: i32| note + tonic % 6);
    let mut piece = Piece::new();
    for chord in 0..chords {
        let triad = [0, 2, 4].map(|third| (tonic + MAJOR[(degree + third) % 7]) % 12);
        // The bass has the root; the others the nearest note of the triad.
        voices[0] = nearest(voices[0], &triad[..1], RANGES[0]);
        for voice in 1..4 {
            voices[voice] = nearest(
                voices[voice] + rng.random_range(-2..3),
                &triad,
                RANGES[voice],
            );
        }
        let length = if chord + 1 == chords {
            4
        } else {
            rng.random_range(1..3)
        };
        for _ in 0..length {
            let mut notes: Vec<u8> = voices.iter().map(|&note| note as u8).collect();
            notes.sort_unstable();
            notes.dedup();
            piece.push(notes);
        }
        degree = match chords - chord {
            3 => 4,
            2 => 0,
            _ => *NEXT[degree]
                .choose(rng)
                .expect("every degree has a next one"),
        };
    }
    piece
}

/// The note within `range` that is nearest to `note` and has one of the pitch classes.
fn nearest(note: i32, classes: &[i32], range: (i32, i32)) -> i32 {
    (range.0..=range.1)
        .filter(|candidate| classes.contains(&(candidate % 12)))
        .min_by_key(|candidate| ((candidate - note).abs(), *candidate))
        .expect("a range has more than an octave")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_on_the_piano_and_the_same_for_the_same_seed() {
        let rolls = generate_chorales(20, 3);
        assert_eq!(rolls, generate_chorales(20, 3));
        assert_ne!(rolls, generate_chorales(20, 4));
        assert_eq!(
            (rolls.train.len(), rolls.valid.len(), rolls.test.len()),
            (20, 5, 5)
        );
        let steps = || rolls.train.iter().flatten();
        assert!(steps().all(|notes: Vec<u8>| (3..=4).contains(&notes.len()) || notes.len() == 2));
        assert!(steps().flatten().all(|note| (40..=81).contains(&note)));
    }
}
