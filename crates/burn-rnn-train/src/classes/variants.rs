//! Examples in many variants, of which every pass draws others.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How many variants of an example there are to draw from: variant `v` of example `e` of so many has the index `e + examples · v`. They
/// are computed when they are asked for, by the threads that prepare batches, and an index gives the same always, so that a training
/// goes on after a break as if there had been none.
pub(crate) const VARIANTS: usize = 1 << 20;

/// Batches of examples as batches of variants of them.
pub(crate) fn draw_variants(batches: &mut [Vec<usize>], examples: usize, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for index in batches.iter_mut().flatten() {
        *index += examples * rng.random_range(0..VARIANTS);
    }
}
