//! Series in three parts, with all labels in each.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::DataError;

/// The places of the examples of each part, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// What is learnt from.
    pub train: Vec<usize>,
    /// What chooses the best model.
    pub valid: Vec<usize>,
    /// What is only tested on.
    pub held_out: Vec<usize>,
}

/// Parts the examples with these labels, of each label as near as may be the same share, at least one, in a random order that follows
/// from `seed`. A share of 0 takes none.
///
/// With `groups`, one for each example, all examples of a group are in one part, and the shares are those of the groups; the part to
/// learn from has all labels then, or it is an error.
///
/// # Errors
///
/// [`DataError::InvalidArgument`] where a share is negative or no number, or nothing would be left to learn from of a label, or no group.
pub fn stratified(
    labels: &[&str],
    groups: Option<&[&str]>,
    valid: f64,
    held_out: f64,
    seed: u64,
) -> Result<Parts, DataError> {
    for (name, share) in [
        ("the share that chooses the model", valid),
        ("the share held out", held_out),
    ] {
        if !(0.0..1.0).contains(&share) {
            return Err(DataError::invalid(
                name,
                share,
                "a share of at least 0 and below 1",
            ));
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut parts = Parts::default();
    let by = |names: &[&str]| {
        let mut places = BTreeMap::<String, Vec<usize>>::new();
        for (place, name) in names.iter().enumerate() {
            places.entry((*name).to_owned()).or_default().push(place);
        }
        places
    };
    match groups {
        None => {
            for (label, mut examples) in by(labels) {
                examples.shuffle(&mut rng);
                let [first, second] = counts(
                    examples.len(),
                    valid,
                    held_out,
                    "the number of examples of a label",
                    &label,
                )?;
                let rest = examples.split_off(first + second);
                parts.held_out.extend(examples.drain(..second));
                parts.valid.extend(examples);
                parts.train.extend(rest);
            }
        }
        Some(groups) => {
            let mut groups: Vec<Vec<usize>> = by(groups).into_values().collect();
            groups.shuffle(&mut rng);
            let [first, second] =
                counts(groups.len(), valid, held_out, "the number of groups", "all")?;
            let rest = groups.split_off(first + second);
            parts.held_out = groups.drain(..second).flatten().collect();
            parts.valid = groups.into_iter().flatten().collect();
            parts.train = rest.into_iter().flatten().collect();
            let learnt = |label: &&&str| parts.train.iter().any(|&place| labels[place] == **label);
            if let Some(label) = labels.iter().find(|label| !learnt(label)) {
                return Err(DataError::invalid(
                    "the part to learn from",
                    format!("without the label `{label}`"),
                    "one with all labels: take another seed or smaller shares",
                ));
            }
        }
    }
    for part in [&mut parts.train, &mut parts.valid, &mut parts.held_out] {
        part.sort_unstable();
    }
    Ok(parts)
}

/// How many of so many choose the model, and how many are held out.
fn counts(
    all: usize,
    valid: f64,
    held_out: f64,
    what: &'static str,
    of: &str,
) -> Result<[usize; 2], DataError> {
    let count = |share: f64| match share > 0.0 {
        true => ((all as f64 * share).round() as usize).max(1),
        false => 0,
    };
    let [first, second] = [valid, held_out].map(count);
    match first + second < all {
        true => Ok([first, second]),
        false => Err(DataError::invalid(
            what,
            format!("{all} of `{of}`"),
            format!(
                "at least {}, to learn from and to measure, and shares that leave some to learn from",
                first + second + 1
            ),
        )),
    }
}
