//! Checkpoints: eight bytes of magic, the length of the header, the header, the parts, the sum.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Altered, bytes, json};

/// A checkpoint with its header or its parts altered, and its sum recomputed.
pub fn checkpoint(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<Altered> {
    let (magic, rest) = whole.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let (header, rest) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
    let (parts, _sum) = rest.split_last_chunk::<32>()?;
    let (mut header, mut parts) = (serde_json::from_slice(header).ok()?, parts.to_vec());
    match rng.random_range(0..3) {
        0 => parts = bytes::altered(rng, &parts, &[whole.to_vec()]),
        1 => exchange(rng, &mut header, &mut parts)?,
        _ => json::alter(rng, &mut header),
    }
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    let mut bytes = [magic, &length, header.as_bytes(), &parts].concat();
    let sum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&sum);
    Some(Altered {
        bytes,
        sealed: true,
    })
}

/// Puts one part into the place of another one, or nothing.
fn exchange(rng: &mut ChaCha8Rng, header: &mut Value, parts: &mut Vec<u8>) -> Option<()> {
    let lengths = header.get_mut("parts")?.as_array_mut()?;
    let mut ranges = Vec::new();
    let mut end = 0;
    for length in &*lengths {
        let begin = end;
        end += length.as_u64()? as usize;
        ranges.push(begin..end);
    }
    let chosen = rng.random_range(0..ranges.len());
    let new = match rng.random_bool(0.3) {
        true => Vec::new(),
        false => parts.get(super::one(rng, &ranges).clone())?.to_vec(),
    };
    lengths[chosen] = new.len().into();
    parts.splice(ranges[chosen].clone(), new);
    Some(())
}
