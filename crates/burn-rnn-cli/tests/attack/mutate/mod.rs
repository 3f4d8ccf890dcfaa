//! What is altered in a file.

mod bytes;
mod cells;
mod checkpoint;
mod json;
mod model;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// How a file of a format is altered where more is known of it than that it has bytes; nothing where this one cannot be read so. Whether the
/// sums hold again afterwards.
pub type Structure = fn(&mut ChaCha8Rng, &[u8]) -> Option<(Vec<u8>, bool)>;

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

/// The mutation of this number: one of the whole files, altered. The same one every time.
pub fn mutation(name: &str, number: u64, corpus: &[Vec<u8>], structure: Structure) -> Altered {
    let begin = std::env::var("BURN_RNN_SEED").unwrap_or_default();
    let seed = Sha256::digest(format!("{begin} {name} {number}"));
    let mut rng = ChaCha8Rng::from_seed(seed.into());
    let whole = &corpus[rng.random_range(0..corpus.len())];
    loop {
        let known = match rng.random_bool(0.6) {
            true => structure(&mut rng, whole),
            false => None,
        };
        let (bytes, sealed) =
            known.unwrap_or_else(|| (bytes::altered(&mut rng, whole, corpus), false));
        if bytes != *whole {
            return Altered { bytes, sealed };
        }
    }
}

/// One of them.
fn one<'a, T>(rng: &mut ChaCha8Rng, all: &'a [T]) -> &'a T {
    &all[rng.random_range(0..all.len())]
}

/// A SHA-256 sum in hexadecimal.
fn hexadecimal(sum: Sha256) -> String {
    sum.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
