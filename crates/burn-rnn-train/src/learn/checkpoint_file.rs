//! The format of a checkpoint.
//!
//! Eight bytes of magic, the length of the header (little endian, 8 bytes), the header (JSON), the parts that it
//! lists one after another, and the SHA-256 sum of all that.

use burn::store::RecordError;
use burn::tensor::{Bytes, TensorData};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::position::Position;
use crate::CheckpointError;

const MAGIC: &[u8; 8] = b"burnrnn1";
const SUM: usize = 32;

// The parts, in their order, as messages name them.
pub(super) const MODEL: &str = "model";
pub(super) const OPTIMIZER: &str = "optimizer";
pub(super) const SCHEDULE: &str = "schedule";

/// All that a checkpoint holds, as bytes and numbers that nobody has looked into.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) position: Position,
    /// Burn's records of the model, the optimizer and the schedule.
    pub(super) parts: [Bytes; 3],
    /// The carried state, its tensors in the order of [`burn_rnn::State::map`].
    pub(super) carried: Option<Vec<TensorData>>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    /// The settings that must be the same for the training to go on.
    settings: String,
    position: Position,
    /// The lengths of the parts.
    parts: [usize; 3],
    /// The shapes of the carried state's tensors, `f32`, after the parts.
    carried: Option<Vec<[usize; 2]>>,
}

/// The bytes of Burn's record of a part.
pub(super) fn record(
    part: &'static str,
    bytes: Result<Bytes, RecordError>,
) -> Result<Bytes, CheckpointError> {
    bytes.map_err(|source| CheckpointError::Record { part, source })
}

impl Stored {
    /// The file of a training with these settings.
    pub(super) fn into_bytes(self, settings: &str) -> Vec<u8> {
        let shape = |data: &TensorData| [data.shape()[0], data.shape()[1]];
        let carried = self.carried.as_ref();
        let header = Header {
            settings: settings.to_owned(),
            position: self.position,
            parts: self.parts.each_ref().map(|part| part.len()),
            carried: carried.map(|tensors| tensors.iter().map(shape).collect()),
        };
        let header = serde_json::to_vec(&header).expect("the header is plain data");
        let mut file = MAGIC.to_vec();
        file.extend((header.len() as u64).to_le_bytes());
        file.extend(header);
        for part in &self.parts {
            file.extend_from_slice(part);
        }
        for data in self.carried.into_iter().flatten() {
            for value in data.iter::<f32>() {
                file.extend(value.to_le_bytes());
            }
        }
        let sum = Sha256::digest(&file);
        file.extend_from_slice(&sum);
        file
    }

    /// What a file of a training with these settings holds.
    pub(super) fn from_bytes(
        file: &[u8],
        settings: impl FnOnce() -> String,
    ) -> Result<Self, CheckpointError> {
        if !file.starts_with(MAGIC) {
            return Err(CheckpointError::Foreign);
        }
        let content = file.len().checked_sub(SUM).ok_or(CheckpointError::Cut)?;
        let (content, sum) = file.split_at(content);
        if Sha256::digest(content).as_slice() != sum {
            return Err(CheckpointError::Damaged);
        }
        let mut rest = content.strip_prefix(MAGIC).ok_or(CheckpointError::Cut)?;
        let mut take = |length: u64| -> Result<&[u8], CheckpointError> {
            let length = usize::try_from(length).ok();
            let taken = length.and_then(|length| rest.split_at_checked(length));
            let (part, after) = taken.ok_or(CheckpointError::Cut)?;
            rest = after;
            Ok(part)
        };
        let length = u64::from_le_bytes(take(8)?.try_into().expect("eight bytes"));
        let header: Header =
            serde_json::from_slice(take(length)?).map_err(CheckpointError::Header)?;
        let settings = settings();
        if let Some((then, now)) = first_difference(&header.settings, &settings) {
            return Err(CheckpointError::Settings { then, now });
        }
        let mut part = |length: usize| {
            let bytes = take(length as u64)?.to_vec();
            Ok::<_, CheckpointError>(Bytes::from_bytes_vec(bytes))
        };
        let [model, optimizer, schedule] = header.parts;
        let parts = [part(model)?, part(optimizer)?, part(schedule)?];
        let carried = header.carried.map(|shapes| {
            let tensors = shapes.into_iter().map(|shape| {
                let values = (shape[0] as u64).checked_mul(shape[1] as u64);
                let bytes = values.and_then(|values| values.checked_mul(4));
                let bytes = take(bytes.ok_or(CheckpointError::Cut)?)?;
                let (values, _) = bytes.as_chunks::<4>();
                let values: Vec<f32> = values.iter().map(|&v| f32::from_le_bytes(v)).collect();
                Ok(TensorData::new(values, shape))
            });
            tensors.collect::<Result<Vec<_>, CheckpointError>>()
        });
        let carried = carried.transpose()?;
        if !rest.is_empty() {
            let end = content.len();
            let expected = end - rest.len();
            return Err(CheckpointError::unfit("file", "length", end, expected));
        }
        Ok(Self {
            position: header.position,
            parts,
            carried,
        })
    }
}

/// The first lines in which two settings differ.
pub(super) fn first_difference(one: &str, other: &str) -> Option<(String, String)> {
    let line = |line: Option<&str>| {
        line.map_or_else(|| "nothing".to_owned(), |line| line.trim().to_owned())
    };
    let (mut one, mut other) = (one.lines(), other.lines());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return None,
            (one, other) if one != other => return Some((line(one), line(other))),
            _ => {}
        }
    }
}
