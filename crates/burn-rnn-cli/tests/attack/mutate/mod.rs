//! What is altered in a file.

mod bytes;
mod cells;
mod checkpoint;
mod json;
mod model;

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::formats::Format;

/// A file that is not as it was.
pub struct Altered {
    pub bytes: Vec<u8>,
    /// Whether its sums, where it has any, are those of what it holds now.
    pub sealed: bool,
}

/// The mutation of this number, the same one every time: one of the whole files, altered.
pub fn mutation(format: &Format, number: u64) -> Altered {
    let begin = std::env::var("BURN_RNN_SEED").unwrap_or_default();
    let seed = Sha256::digest(format!("{begin} {} {number}", format.name));
    let mut rng = ChaCha8Rng::from_seed(seed.into());
    let whole = one(&mut rng, &format.corpus);
    loop {
        let known = match rng.random_bool(0.6) {
            true => with_structure(&mut rng, &format.file, whole),
            false => None,
        };
        let altered =
            known.unwrap_or_else(|| unsealed(bytes::altered(&mut rng, whole, &format.corpus)));
        if altered.bytes != *whole {
            return altered;
        }
    }
}

/// A file altered by what it is; `None` where no more is known of it than that it has bytes.
fn with_structure(rng: &mut ChaCha8Rng, file: &str, whole: &[u8]) -> Option<Altered> {
    match Path::new(file).extension()?.to_str()? {
        "safetensors" => model::safetensors(rng, whole),
        "brnn" => checkpoint::checkpoint(rng, whole),
        "toml" => json::run_file(rng, whole),
        "json" => json::json(rng, whole),
        "csv" => cells::columns(rng, whole),
        "txt" | "conll" | "tsv" => cells::lines(rng, whole),
        "wav" => bytes::wav_header(rng, whole),
        _ => None,
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
