//! Damaged files, the same ones in every run.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How many files each format's test tries.
pub fn count() -> usize {
    number("BURN_RNN_MUTATIONS").unwrap_or(3000)
}

fn number(variable: &str) -> Option<usize> {
    let value = std::env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|error| panic!("{variable}: {error}")),
    )
}

/// Makes damaged files out of whole and hostile ones.
pub struct Mutator {
    corpus: Vec<Vec<u8>>,
    random: ChaCha8Rng,
}

impl Mutator {
    /// Files of a format, whose name makes its own sequence.
    pub fn new(format: &str, corpus: Vec<Vec<u8>>) -> Self {
        assert!(!corpus.is_empty());
        let name = format
            .bytes()
            .fold(0, |sum, byte| sum * 31 + u64::from(byte));
        let seed = number("BURN_RNN_SEED").unwrap_or(0) as u64;
        let random = ChaCha8Rng::seed_from_u64(seed ^ name);
        Self { corpus, random }
    }

    /// The next file: one of the corpus with one to four changes.
    pub fn damaged(&mut self) -> Vec<u8> {
        let index = self.random.random_range(0..self.corpus.len());
        let mut bytes = self.corpus[index].clone();
        for _ in 0..self.random.random_range(1..=4) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return bytes.push(self.random.random());
        }
        let at = self.random.random_range(0..bytes.len());
        // Short pieces mostly, as lengths, sizes and names are.
        let length = 1 << self.random.random_range(0..7);
        let end = (at + self.random.random_range(0..=length)).min(bytes.len());
        match self.random.random_range(0..8) {
            0 => bytes[at] ^= 1 << self.random.random_range(0..8),
            1 => bytes[at] = self.random.random(),
            2 => self.overwrite_number(bytes, at),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = self.random.random_range(0..=bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => {
                let index = self.random.random_range(0..self.corpus.len());
                let other = &self.corpus[index];
                let from = self.random.random_range(0..=other.len());
                let piece = other[from..(from + end - at).min(other.len())].to_vec();
                bytes.splice(at..end, piece);
            }
            6 => bytes[at..end].reverse(),
            _ => bytes.truncate(at),
        }
    }

    /// Numbers at which arithmetic goes wrong, in the widths that files have.
    fn overwrite_number(&mut self, bytes: &mut [u8], at: usize) {
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
        let number = NUMBERS[self.random.random_range(0..NUMBERS.len())].to_le_bytes();
        let width = 1 << self.random.random_range(0..4);
        let end = (at + width).min(bytes.len());
        bytes[at..end].copy_from_slice(&number[..end - at]);
    }
}
