//! Files as bytes.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Altered, one, unsealed};

/// A file with one to four changes, some with pieces of the other files.
pub fn altered(rng: &mut ChaCha8Rng, whole: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        change(rng, &mut bytes, others);
    }
    bytes
}

fn change(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    if bytes.is_empty() {
        return bytes.push(rng.random());
    }
    let at = rng.random_range(0..bytes.len());
    // Short pieces mostly, as lengths, sizes and names are.
    let length = 1 << rng.random_range(0..10);
    let end = (at + rng.random_range(0..=length)).min(bytes.len());
    match rng.random_range(0..12) {
        0..3 => bytes[at] ^= 1 << rng.random_range(0..8),
        3 => bytes[at] = rng.random(),
        4 => number(rng, bytes, at),
        5 => drop(bytes.drain(at..end)),
        6 | 7 => {
            let times = *one(rng, &[1, 2, 1000]);
            let to = rng.random_range(0..=bytes.len());
            let piece = bytes[at..end].repeat(times);
            bytes.splice(to..to, piece);
        }
        8 => {
            let other = one(rng, others);
            let from = rng.random_range(0..=other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        9 => bytes[at..end].reverse(),
        10 => bytes[at..end].fill(0),
        _ => bytes.truncate(at),
    }
}

/// A number at which arithmetic goes wrong, in a width that files have.
fn number(rng: &mut ChaCha8Rng, bytes: &mut [u8], at: usize) {
    let (bits, more) = (
        *one(rng, &[0, 7, 8, 15, 16, 31, 32, 40, 63]),
        *one(rng, &[-1, 0, 1]),
    );
    let number = (1i128 << bits) + more;
    let end = (at + (1 << rng.random_range(0..4))).min(bytes.len());
    bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
}

/// The numbers with which a WAV file begins.
pub fn wav_header(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<Altered> {
    const HEADER: usize = 44;
    let mut bytes = whole.to_vec();
    for _ in 0..rng.random_range(1..=3) {
        // All of its fields begin at an even place.
        let at = 2 * rng.random_range(0..HEADER / 2);
        number(rng, &mut bytes, at);
    }
    Some(unsealed(bytes))
}
