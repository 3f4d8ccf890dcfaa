//! Model files and other safetensors files: their header, their tensors, their sums.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json as value};
use sha2::{Digest, Sha256};

use super::{bytes, hexadecimal, json, one};

/// A tensor of a file, as little believed as the file.
struct Entry {
    name: String,
    dtype: String,
    shape: Vec<u64>,
    bytes: Vec<u8>,
}

/// A safetensors file taken apart.
struct Parts {
    metadata: Map<String, Value>,
    tensors: Vec<Entry>,
}

/// A model with its card, settings, header or tensors altered, and its sums recomputed, mostly.
pub fn model(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut parts = Parts::read(whole)?;
    match rng.random_range(0..10) {
        0..5 => within(rng, &mut parts, "settings")?,
        5..7 => within(rng, &mut parts, "card")?,
        7..9 => parts.alter_tensors(rng),
        _ => {
            let mut metadata = Value::Object(parts.metadata);
            json::alter(rng, &mut metadata);
            let Value::Object(metadata) = metadata else {
                return None;
            };
            parts.metadata = metadata;
        }
    }
    let sealed = rng.random_bool(0.75);
    if sealed {
        parts.seal()?;
    }
    Some((parts.write(), sealed))
}

/// Another program's safetensors file with its tensors altered.
pub fn foreign(rng: &mut ChaCha8Rng, whole: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut parts = Parts::read(whole)?;
    parts.alter_tensors(rng);
    Some((parts.write(), false))
}

/// Alters JSON that stands as a text in the header.
fn within(rng: &mut ChaCha8Rng, parts: &mut Parts, key: &str) -> Option<()> {
    let mut inner = serde_json::from_str(parts.metadata.get(key)?.as_str()?).ok()?;
    json::alter(rng, &mut inner);
    parts
        .metadata
        .insert(key.to_owned(), value!(inner.to_string()));
    Some(())
}

impl Parts {
    fn read(whole: &[u8]) -> Option<Self> {
        let length = u64::from_le_bytes(whole.get(..8)?.try_into().ok()?) as usize;
        let (header, data) = whole[8..].split_at_checked(length)?;
        let header: Map<String, Value> = serde_json::from_slice(header).ok()?;
        let mut parts = Self {
            metadata: Map::new(),
            tensors: Vec::new(),
        };
        for (name, entry) in header {
            if name == "__metadata__" {
                parts.metadata = entry.as_object()?.clone();
                continue;
            }
            let numbers = |key: &str| -> Option<Vec<u64>> {
                entry[key].as_array()?.iter().map(Value::as_u64).collect()
            };
            let place = numbers("data_offsets")?;
            parts.tensors.push(Entry {
                dtype: entry["dtype"].as_str()?.to_owned(),
                shape: numbers("shape")?,
                bytes: data.get(place[0] as usize..place[1] as usize)?.to_vec(),
                name,
            });
        }
        Some(parts)
    }

    fn write(&self) -> Vec<u8> {
        let (mut header, mut data) = (Map::new(), Vec::new());
        if !self.metadata.is_empty() {
            header.insert("__metadata__".to_owned(), value!(self.metadata));
        }
        for entry in &self.tensors {
            let begin = data.len();
            data.extend_from_slice(&entry.bytes);
            let described = value!({ "dtype": entry.dtype, "shape": entry.shape, "data_offsets": [begin, data.len()] });
            header.insert(entry.name.clone(), described);
        }
        let header = Value::Object(header).to_string();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file.extend(data);
        file
    }

    fn alter_tensors(&mut self, rng: &mut ChaCha8Rng) {
        if self.tensors.is_empty() {
            return;
        }
        let index = rng.random_range(0..self.tensors.len());
        let entry = &mut self.tensors[index];
        match rng.random_range(0..9) {
            0 => drop(self.tensors.remove(index)),
            1 => entry.name.push('2'),
            2 => entry.shape.reverse(),
            3 => entry.shape.push(1),
            4 => {
                // As a file that has the same network in another type.
                let (dtype, width) = *one(
                    rng,
                    &[("F16", 2), ("BF16", 2), ("F64", 8), ("I32", 4), ("BOOL", 1)],
                );
                let count = entry.shape.iter().product::<u64>() as usize;
                entry.dtype = dtype.to_owned();
                entry.bytes = vec![0; width * count];
            }
            5 => {
                // One column more, or one less.
                let last = entry.shape.last().copied().unwrap_or(1).max(1);
                let rows = entry.bytes.len() as u64 / 4 / last;
                let last = if rng.random() { last + 1 } else { last - 1 };
                entry.bytes.resize((4 * rows * last) as usize, 0);
                if let Some(size) = entry.shape.last_mut() {
                    *size = last;
                }
            }
            6 => {
                let wild = one(rng, &[f32::NAN, f32::INFINITY, f32::MAX, -f32::MAX, 1e-45]);
                let mut numbers = entry.bytes.chunks_exact_mut(4);
                numbers
                    .by_ref()
                    .for_each(|number| number.copy_from_slice(&wild.to_le_bytes()));
            }
            7 => entry.bytes = bytes::altered(rng, &entry.bytes, &[Vec::new()]),
            _ => {
                let mut shape = value!(entry.shape);
                json::alter(rng, &mut shape);
                let sizes = shape.as_array().into_iter().flatten();
                entry.shape = sizes.filter_map(Value::as_u64).collect();
            }
        }
    }

    /// Makes the sums hold again.
    fn seal(&mut self) -> Option<()> {
        let mut tensors: Vec<&Entry> = self.tensors.iter().collect();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let mut sum = Sha256::new();
        for entry in tensors {
            sum.update(&entry.name);
            sum.update(format!("{} {:?}", entry.dtype, entry.shape));
            sum.update(&entry.bytes);
        }
        let sum = hexadecimal(sum);
        let mut seal = Sha256::new();
        let text = |key: &str| self.metadata.get(key)?.as_str();
        for part in [text("format")?, text("card")?, text("settings")?, &sum] {
            seal.update((part.len() as u64).to_le_bytes());
            seal.update(part);
        }
        self.metadata
            .insert("seal".to_owned(), value!(hexadecimal(seal)));
        self.metadata.insert("sha256".to_owned(), value!(sum));
        Some(())
    }
}
