//! Streams that outlive their process.

use core::fmt;

use burn::tensor::{DType, Tensor, TensorData};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::stream_sessions::check_shapes;
use crate::{Cell, RecurrentState, State, Stream, StreamError};

/// What the sequences of a [`Stream`] have come to, to be kept by any format of `serde`: [`Stream::snapshot`] takes it, and
/// [`Stream::restore`] goes on from it, in another process or on another machine, to the last bit.
///
/// It has the state alone; the parameters are the network's, which Burn's records keep. Floats are their bits: bytes in binary formats, in
/// those that are read by people, such as JSON, hexadecimal digits, which keep infinities and what is no number, too.
///
/// ```
/// use burn::tensor::Device;
/// use burn_rnn::{LstmConfig, StreamSnapshot};
///
/// let lstm = LstmConfig::new(1, 8).init(&Device::default());
/// let mut stream = lstm.stream(1);
/// stream.step_floats(&[0.5]);
/// let kept = serde_json::to_string(&stream.snapshot())?;
///
/// let mut again = lstm.stream(1);
/// again.restore(&serde_json::from_str::<StreamSnapshot>(&kept)?)?;
/// assert_eq!(again.step_floats(&[0.7]), stream.step_floats(&[0.7]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSnapshot {
    cell: String,
    float: DType,
    layers: Vec<Vec<KeptTensor>>,
    /// The CRC-32 of everything before it.
    checksum: u32,
}

impl StreamSnapshot {
    fn checksum(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        sum.update(self.cell.as_bytes());
        sum.update(format!("{:?}", self.float).as_bytes());
        for layer in &self.layers {
            sum.update(&(layer.len() as u64).to_le_bytes());
            for KeptTensor { shape, bits } in layer {
                for &size in shape {
                    sum.update(&(size as u64).to_le_bytes());
                }
                sum.update(&bits.0);
            }
        }
        sum.finalize()
    }
}

/// A tensor `[batch, features]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptTensor {
    shape: [usize; 2],
    bits: Bits,
}

/// The bits of floats, the low bytes first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bits(Vec<u8>);

impl<C: Cell> Stream<C> {
    /// A copy of all rows' state to keep.
    pub fn snapshot(&self) -> StreamSnapshot {
        self.keep(self.state())
    }

    /// A copy of one row's state to keep: a session that is put away on its own.
    ///
    /// # Errors
    ///
    /// Where there is no such row.
    pub fn snapshot_row(&self, row: usize) -> Result<StreamSnapshot, StreamError> {
        self.check_row(row)?;
        Ok(self.keep(self.engine.read(&self.network, row..row + 1)))
    }

    /// Goes on from a snapshot of as many sequences, of this network or one with the same settings and parameters: a state means nothing
    /// to another one. What can be seen of that is checked, the kind of cell and the sizes.
    ///
    /// # Errors
    ///
    /// Where it is of another cell, other sizes, another number of sequences or another float type, or is damaged. The stream then goes
    /// on from where it was.
    pub fn restore(&mut self, snapshot: &StreamSnapshot) -> Result<(), StreamError> {
        let state = self.state_of(snapshot, self.batch)?;
        self.engine.write(0, state);
        Ok(())
    }

    /// Goes on in one row from a snapshot of one sequence; the other rows go on.
    ///
    /// # Errors
    ///
    /// Where there is no such row, and as [`restore`](Stream::restore).
    pub fn restore_row(
        &mut self,
        row: usize,
        snapshot: &StreamSnapshot,
    ) -> Result<(), StreamError> {
        self.check_row(row)?;
        let state = self.state_of(snapshot, 1)?;
        self.engine.write(row, state);
        Ok(())
    }

    fn keep(&self, state: RecurrentState<C::State>) -> StreamSnapshot {
        let layers = state.layers.into_iter().map(|layer| {
            let mut tensors = Vec::new();
            layer.map(&mut |tensor| {
                let bits = Bits::of(tensor.clone().into_data());
                tensors.push(KeptTensor {
                    shape: tensor.dims(),
                    bits,
                });
                tensor
            });
            tensors
        });
        let mut snapshot = StreamSnapshot {
            cell: self.cell_name().to_owned(),
            float: self.dtype,
            layers: layers.collect(),
            checksum: 0,
        };
        snapshot.checksum = snapshot.checksum();
        snapshot
    }

    /// The state that was kept, of so many sequences, or why it is none of this network's.
    fn state_of(
        &self,
        snapshot: &StreamSnapshot,
        batch: usize,
    ) -> Result<RecurrentState<C::State>, StreamError> {
        let cell = self.cell_name();
        if snapshot.cell != cell {
            return Err(StreamError::Cell {
                given: snapshot.cell.clone(),
                expected: cell,
            });
        }
        self.check_type(snapshot.float)?;
        let zeros = self.network.zero_state(batch);
        let (given, expected) = (snapshot.layers.len(), zeros.layers.len());
        if given != expected {
            return Err(StreamError::Layers { given, expected });
        }
        for (layer, (given, zeros)) in snapshot.layers.iter().zip(&zeros.layers).enumerate() {
            check_layer(cell, layer, given, zeros.shapes(), self.dtype)?;
        }
        let (given, expected) = (snapshot.checksum(), snapshot.checksum);
        if given != expected {
            return Err(StreamError::Checksum { given, expected });
        }
        let mut tensors = snapshot.layers.iter().flatten();
        Ok(zeros.map(&mut |zeros| {
            let kept = tensors.next().expect("as many tensors as the cell carries");
            let data = kept.bits.data(kept.shape, self.dtype);
            Tensor::from_data(data, (&zeros.device(), self.dtype))
        }))
    }

    fn cell_name(&self) -> &'static str {
        let cell = self.network.cells().next();
        cell.expect("a network has a cell").name()
    }
}

fn check_layer(
    cell: &'static str,
    layer: usize,
    given: &[KeptTensor],
    expected: Vec<[usize; 2]>,
    float: DType,
) -> Result<(), StreamError> {
    let shapes: Vec<[usize; 2]> = given.iter().map(|tensor| tensor.shape).collect();
    check_shapes(cell, layer, shapes.clone(), expected.clone())?;
    if shapes.len() < expected.len() {
        return Err(StreamError::Tensors {
            cell,
            layer,
            given: shapes,
            expected,
        });
    }
    for KeptTensor { shape, bits } in given {
        let (given, expected) = (bits.0.len(), shape[0] * shape[1] * float.size());
        if given != expected {
            return Err(StreamError::Damaged {
                layer,
                given,
                expected,
            });
        }
    }
    Ok(())
}

impl Bits {
    fn of(floats: TensorData) -> Self {
        let size = floats.dtype().size();
        Self(low_first(floats.as_bytes().to_vec(), size))
    }

    fn data(&self, shape: [usize; 2], float: DType) -> TensorData {
        TensorData::from_bytes_vec(low_first(self.0.clone(), float.size()), shape, float)
    }
}

/// The bytes of each float from this machine's order to the low ones first, or back.
fn low_first(mut bytes: Vec<u8>, size: usize) -> Vec<u8> {
    if cfg!(target_endian = "big") {
        for float in bytes.chunks_mut(size) {
            float.reverse();
        }
    }
    bytes
}

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(&self.0);
        }
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]));
        serializer.serialize_str(&digits.collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(BitsVisitor)
        } else {
            deserializer.deserialize_byte_buf(BitsVisitor)
        }
    }
}

struct BitsVisitor;

impl Visitor<'_> for BitsVisitor {
    type Value = Bits;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bits of floats, as bytes or as two hexadecimal digits a byte")
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<Bits, E> {
        let misfit = || E::custom("the bits of floats are not of two hexadecimal digits a byte");
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return Err(misfit());
        }
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let byte = |[high, low]: &[u8; 2]| Some((digit(*high)? << 4 | digit(*low)?) as u8);
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        bytes.map(Bits).ok_or_else(misfit)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bits, E> {
        Ok(Bits(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bits, E> {
        Ok(Bits(bytes))
    }
}
