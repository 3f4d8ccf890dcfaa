//! The order of examples in a pass, and padding of unequal lengths.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The indices `0..examples` in a random order, in batches of `batch_size`; the last may be shorter.
/// The same seed gives the same batches.
///
/// # Panics
///
/// Where `batch_size` is 0.
pub fn shuffled(examples: usize, batch_size: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..examples).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order.chunks(batch_size).map(<[usize]>::to_vec).collect()
}

/// Batches of examples of similar lengths, so that little is padded: a random order, sorted by length
/// within stretches of 32 batches, the batches in a random order again. The same seed gives the same
/// batches.
///
/// # Panics
///
/// Where `batch_size` is 0.
pub fn bucketed(lengths: &[usize], batch_size: usize, seed: u64) -> Vec<Vec<usize>> {
    const BATCHES_SORTED_TOGETHER: usize = 32;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.shuffle(&mut rng);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for stretch in order.chunks_mut(batch_size * BATCHES_SORTED_TOGETHER) {
        stretch.sort_by_key(|&index| lengths[index]);
        batches.extend(stretch.chunks(batch_size).map(<[usize]>::to_vec));
    }
    batches.shuffle(&mut rng);
    batches
}

/// The items in their order, in runs of at most `most` that have at most `steps` steps when all are padded to the
/// longest of their run; one that is longer than that is a run by itself.
///
/// # Panics
///
/// Where `most` is 0.
pub fn padded_runs<T>(
    items: &[T],
    length: impl Fn(&T) -> usize,
    most: usize,
    steps: usize,
) -> impl Iterator<Item = &[T]> {
    assert!(most > 0, "a run has at least one item");
    let mut rest = items;
    core::iter::from_fn(move || {
        let mut longest = 0;
        let fits = |(count, item): (usize, &T)| {
            longest = longest.max(length(item));
            count < most && (count == 0 || (count + 1).saturating_mul(longest) <= steps)
        };
        let count = rest
            .iter()
            .enumerate()
            .map(fits)
            .take_while(|fits| *fits)
            .count();
        let (run, after) = rest.split_at(count);
        rest = after;
        (!run.is_empty()).then_some(run)
    })
}

/// Sequences of `features` values a step, padded at their ends with `filler` to the longest:
/// `[batch, time, features]` in row-major order, the longest time, and a mask `[batch, time]` that is
/// 1 where there is a value and 0 where there is filler.
///
/// # Panics
///
/// Where a sequence's length is no multiple of `features`.
pub fn pad<T: Clone>(sequences: &[&[T]], features: usize, filler: T) -> (Vec<T>, usize, Vec<f32>) {
    let time = |sequence: &[T]| {
        assert!(
            sequence.len().is_multiple_of(features),
            "a sequence has {} values, expected a multiple of {features} features",
            sequence.len()
        );
        sequence.len() / features
    };
    let longest = sequences.iter().map(|sequence| time(sequence)).max();
    let longest = longest.unwrap_or(0);
    let mut values = Vec::with_capacity(sequences.len() * longest * features);
    let mut mask = Vec::with_capacity(sequences.len() * longest);
    for sequence in sequences {
        let missing = longest - time(sequence);
        values.extend_from_slice(sequence);
        values.extend(core::iter::repeat_n(filler.clone(), missing * features));
        mask.extend(core::iter::repeat_n(1.0, longest - missing));
        mask.extend(core::iter::repeat_n(0.0, missing));
    }
    (values, longest, mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_are_bounded_by_count_and_by_padded_steps() {
        let lengths = [3, 3, 3, 9, 1, 1, 50, 2, 2];
        let runs: Vec<&[usize]> = padded_runs(&lengths, |length| *length, 3, 18).collect();
        let expected: [&[usize]; 5] = [&[3, 3, 3], &[9, 1], &[1], &[50], &[2, 2]];
        assert_eq!(runs, expected);
        assert_eq!(padded_runs(&[0; 0], |length| *length, 3, 18).count(), 0);
    }

    #[test]
    fn padding_is_masked() {
        let (values, time, mask) = pad(&[&[1, 2, 3, 4], &[5, 6]], 2, 0);
        assert_eq!(values, [1, 2, 3, 4, 5, 6, 0, 0]);
        assert_eq!(time, 2);
        assert_eq!(mask, [1.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn another_seed_is_another_order() {
        assert_eq!(shuffled(50, 8, 1), shuffled(50, 8, 1));
        assert_ne!(shuffled(50, 8, 1), shuffled(50, 8, 2));
    }

    proptest! {
        #[test]
        fn every_example_comes_once(
            lengths in prop::collection::vec(1usize..40, 0..300),
            batch_size in 1usize..20,
            seed: u64,
        ) {
            for batches in [
                bucketed(&lengths, batch_size, seed),
                shuffled(lengths.len(), batch_size, seed),
            ] {
                prop_assert!(batches.iter().all(|batch| batch.len() <= batch_size));
                let mut all: Vec<usize> = batches.concat();
                all.sort_unstable();
                prop_assert_eq!(all, (0..lengths.len()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn buckets_pad_less() {
        let lengths: Vec<usize> = (0..640).map(|i| 1 + (i * 37) % 50).collect();
        let padded = |batches: &[Vec<usize>]| -> usize {
            let longest = |batch: &Vec<usize>| batch.iter().map(|&i| lengths[i]).max().unwrap();
            batches
                .iter()
                .map(|batch| batch.len() * longest(batch))
                .sum()
        };
        let buckets = padded(&bucketed(&lengths, 16, 3));
        assert!(
            buckets * 10 < padded(&shuffled(640, 16, 3)) * 7,
            "{buckets}"
        );
    }
}
