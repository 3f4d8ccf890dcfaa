//! Model files and other safetensors files: their header, their tensors, their sums.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json as value};
use sha2::{Digest, Sha256};

use super::{Altered, bytes, json, one};

/// A tensor of a file, as little believed as the file.
struct Entry {
    name: String,
    dtype: String,
    shape: Vec<u64>,
    bytes: Vec<u8>,
}

/// A safetensors file taken apart.
struct Parts {
    metadata: Value,
    tensors: Vec<Entry>,
}

/// A model with its card, settings, header or tensors altered, and its sums recomputed, mostly; of another program's file the tensors.
pub fn safetensors(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<Altered> {
    let mut parts = Parts::read(whole)?;
    let is_model = parts.metadata.get("card").is_some();
    match rng.random_range(0..10) {
        _ if !is_model => parts.alter_tensors(rng)?,
        0..5 => alter_text(rng, &mut parts.metadata["settings"])?,
        5..7 => alter_text(rng, &mut parts.metadata["card"])?,
        7..9 => parts.alter_tensors(rng)?,
        _ => json::alter(rng, &mut parts.metadata),
    }
    let sealed = is_model && rng.random_bool(0.75);
    if sealed {
        parts.seal()?;
    }
    let bytes = parts.write();
    Some(Altered { bytes, sealed })
}

/// Alters JSON that stands in the header as a text.
fn alter_text(rng: &mut ChaCha8Rng, text: &mut Value) -> Option<()> {
    let mut inner = serde_json::from_str(text.as_str()?).ok()?;
    json::alter(rng, &mut inner);
    *text = value!(inner.to_string());
    Some(())
}

impl Parts {
    fn read(whole: &[u8]) -> Option<Self> {
        let (length, rest) = whole.split_first_chunk::<8>()?;
        let (header, data) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
        let mut header: Map<String, Value> = serde_json::from_slice(header).ok()?;
        let metadata = header.remove("__metadata__").unwrap_or_default();
        let entry = |(name, entry): (String, Value)| {
            let numbers = |key: &str| serde_json::from_value::<Vec<u64>>(entry[key].clone()).ok();
            let place = numbers("data_offsets")?;
            Some(Entry {
                name,
                dtype: entry["dtype"].as_str()?.to_owned(),
                shape: numbers("shape")?,
                bytes: data.get(place[0] as usize..place[1] as usize)?.to_vec(),
            })
        };
        let tensors = header.into_iter().map(entry).collect::<Option<_>>()?;
        Some(Self { metadata, tensors })
    }

    fn write(&self) -> Vec<u8> {
        let (mut header, mut data) = (Map::new(), Vec::new());
        if !self.metadata.is_null() {
            header.insert("__metadata__".to_owned(), self.metadata.clone());
        }
        for Entry {
            name,
            dtype,
            shape,
            bytes,
        } in &self.tensors
        {
            let begin = data.len();
            data.extend_from_slice(bytes);
            let place = [begin, data.len()];
            let entry = value!({ "dtype": dtype, "shape": shape, "data_offsets": place });
            header.insert(name.clone(), entry);
        }
        let header = Value::Object(header).to_string();
        [
            &(header.len() as u64).to_le_bytes(),
            header.as_bytes(),
            &data,
        ]
        .concat()
    }

    fn alter_tensors(&mut self, rng: &mut ChaCha8Rng) -> Option<()> {
        let index = rng.random_range(0..self.tensors.len());
        let entry = &mut self.tensors[index];
        let last = entry.shape.last_mut()?;
        match rng.random_range(0..9) {
            0 => drop(self.tensors.remove(index)),
            1 => entry.name.push('2'),
            2 => entry.shape.reverse(),
            3 => entry.shape.push(1),
            4 => {
                // The same network in another type.
                let types = [("F16", 2), ("BF16", 2), ("F64", 8), ("I32", 4), ("BOOL", 1)];
                let (dtype, width) = *one(rng, &types);
                entry.dtype = dtype.to_owned();
                entry.bytes = vec![0; width * entry.shape.iter().product::<u64>() as usize];
            }
            5 => {
                // A column more.
                let rows = entry.bytes.len() as u64 / 4 / (*last).max(1);
                *last += 1;
                entry.bytes.resize((4 * rows * *last) as usize, 0);
            }
            6 => {
                let wild = one(rng, &[f32::NAN, f32::INFINITY, f32::MAX, -f32::MAX, 1e-45]);
                entry.bytes = wild.to_le_bytes().repeat(entry.bytes.len() / 4);
            }
            7 => entry.bytes = bytes::altered(rng, &entry.bytes, &[Vec::new()]),
            _ => *last = *one(rng, &[0, 1_000_000, 1 << 32, 1 << 62, u64::MAX]),
        }
        Some(())
    }

    /// Makes the sums hold again.
    fn seal(&mut self) -> Option<()> {
        self.tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let mut weights = Sha256::new();
        for entry in &self.tensors {
            weights.update(&entry.name);
            weights.update(format!("{} {:?}", entry.dtype, entry.shape));
            weights.update(&entry.bytes);
        }
        let weights = hexadecimal(weights);
        let mut seal = Sha256::new();
        let text = |key: &str| self.metadata[key].as_str();
        for part in [text("format")?, text("card")?, text("settings")?, &weights] {
            seal.update((part.len() as u64).to_le_bytes());
            seal.update(part);
        }
        self.metadata["seal"] = value!(hexadecimal(seal));
        self.metadata["sha256"] = value!(weights);
        Some(())
    }
}

fn hexadecimal(sum: Sha256) -> String {
    let digest = sum.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
