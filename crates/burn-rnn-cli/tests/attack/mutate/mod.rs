//! What is altered in a file.

mod bytes;
mod cells;
mod checkpoint;
mod json;
mod model;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

pub use bytes::wav_header;
pub use cells::{columns, lines};
pub use checkpoint::checkpoint;
pub use json::{json, run_file};
pub use model::{foreign, model};

/// A file that is not as it was.
pub struct Altered {
    pub bytes: Vec<u8>,
    /// Whether its sums, where it has any, are those of what it holds now.
    pub sealed: bool,
}

/// How a file is altered where more is known of it than that it has bytes; `None` where this one cannot be read so.
pub type Structure = fn(&mut ChaCha8Rng, &[u8]) -> Option<Altered>;

/// Of a format of which no more is known here.
pub fn bytes_alone(_: &mut ChaCha8Rng, _: &[u8]) -> Option<Altered> {
    None
}

/// The mutation of this number, the same one every time: one of the whole files, altered.
pub fn mutation(name: &str, number: u64, corpus: &[Vec<u8>], structure: Structure) -> Altered {
    let begin = std::env::var("BURN_RNN_SEED").unwrap_or_default();
    let seed = Sha256::digest(format!("{begin} {name} {number}"));
    let mut rng = ChaCha8Rng::from_seed(seed.into());
    let whole = one(&mut rng, corpus);
    loop {
        let known = match rng.random_bool(0.6) {
            true => structure(&mut rng, whole),
            false => None,
        };
        let altered = known.unwrap_or_else(|| unsealed(bytes::altered(&mut rng, whole, corpus)));
        if altered.bytes != *whole {
            return altered;
        }
    }
}

/// A file whose sums are those of before, if it has any.
fn unsealed(bytes: Vec<u8>) -> Altered {
    let sealed = false;
    Altered { bytes, sealed }
}

/// One of them.
fn one<'a, T>(rng: &mut ChaCha8Rng, all: &'a [T]) -> &'a T {
    &all[rng.random_range(0..all.len())]
}
