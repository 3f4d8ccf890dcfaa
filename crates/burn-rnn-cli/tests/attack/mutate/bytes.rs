//! Files as bytes.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::one;

/// Numbers at which arithmetic goes wrong, in the widths that files have.
const NUMBERS: [u64; 12] = [
    0,
    1,
    2,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 40,
    u64::MAX >> 1,
    u64::MAX,
];

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
    let to = rng.random_range(0..=bytes.len());
    match rng.random_range(0..12) {
        0..3 => bytes[at] ^= 1 << rng.random_range(0..8),
        3 => bytes[at] = rng.random(),
        4 => number(rng, bytes, at),
        5 => drop(bytes.drain(at..end)),
        6 => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(to..to, piece);
        }
        7 => {
            let piece = bytes[at..end].repeat(rng.random_range(2..1000));
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

fn number(rng: &mut ChaCha8Rng, bytes: &mut [u8], at: usize) {
    let number = one(rng, &NUMBERS).to_le_bytes();
    let end = (at + (1 << rng.random_range(0..4))).min(bytes.len());
    bytes[at..end].copy_from_slice(&number[..end - at]);
}

/// The numbers with which a WAV file begins.
pub fn wav_header(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<(Vec<u8>, bool)> {
    const HEADER: usize = 44;
    let mut bytes = whole.to_vec();
    for _ in 0..rng.random_range(1..=3) {
        // All of its fields begin at an even place.
        let at = 2 * rng.random_range(0..HEADER / 2);
        number(rng, &mut bytes, at);
    }
    Some((bytes, false))
}
