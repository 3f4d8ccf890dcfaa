//! Checkpoints: eight bytes of magic, the length of the header, the header, the parts, the sum.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::{bytes, json};

/// A checkpoint with its header or its parts altered, and its sum recomputed.
pub fn checkpoint(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<(Vec<u8>, bool)> {
    const SUM: usize = 32;
    let (magic, rest) = whole.split_at_checked(8)?;
    let (length, rest) = rest.split_at_checked(8)?;
    let length = u64::from_le_bytes(length.try_into().ok()?) as usize;
    let (header, rest) = rest.split_at_checked(length)?;
    let mut parts = rest.get(..rest.len().checked_sub(SUM)?)?.to_vec();
    let mut header: serde_json::Value = serde_json::from_slice(header).ok()?;
    if rng.random_bool(0.3) {
        parts = bytes::altered(rng, &parts, &[whole.to_vec()]);
    } else if rng.random_bool(0.3) {
        empty_part(rng, &mut header, &mut parts)?;
    } else {
        json::alter(rng, &mut header);
    }
    let header = header.to_string();
    let mut file = magic.to_vec();
    file.extend((header.len() as u64).to_le_bytes());
    file.extend(header.bytes());
    file.extend(parts);
    let sum = Sha256::digest(&file);
    file.extend_from_slice(&sum);
    Some((file, true))
}

/// Puts one part into the place of another one, or nothing.
fn empty_part(
    rng: &mut ChaCha8Rng,
    header: &mut serde_json::Value,
    parts: &mut Vec<u8>,
) -> Option<()> {
    let lengths = header.get_mut("parts")?.as_array_mut()?;
    let all: Option<Vec<usize>> = lengths
        .iter()
        .map(|length| Some(length.as_u64()? as usize))
        .collect();
    let all = all?;
    let (chosen, other) = (
        rng.random_range(0..all.len()),
        rng.random_range(0..all.len()),
    );
    let begin = |part: usize| all[..part].iter().sum::<usize>();
    let range = begin(chosen)..begin(chosen) + all[chosen];
    let new = match rng.random() {
        true => Vec::new(),
        false => parts.get(begin(other)..begin(other) + all[other])?.to_vec(),
    };
    lengths[chosen] = new.len().into();
    parts.get(range.clone())?;
    parts.splice(range, new);
    Some(())
}
