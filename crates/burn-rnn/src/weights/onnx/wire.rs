//! The wire format of protocol buffers, read where it lies and written: all that ONNX needs of it.
//!
//! Nothing is copied and nothing is allocated for what a message says about itself, so that reading takes no memory, whatever a file has.

use crate::weights::error::{WeightsError, WeightsErrorKind};

/// The fields of a message, one after another.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// The value of a field.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn next_field(&mut self) -> Result<(u64, Value<'a>), WeightsError> {
        let key = varint(&mut self.rest)?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut self.rest)?),
            1 => Value::Fixed64(*self.take_array()?),
            2 => {
                let length = varint(&mut self.rest)?;
                let length = usize::try_from(length).map_err(|_| cut_off())?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(cut_off)?;
                self.rest = rest;
                Value::Bytes(bytes)
            }
            5 => Value::Fixed32(*self.take_array()?),
            other => {
                return Err(malformed(format!(
                    "field {} is of wire type {other}, which ONNX does not use",
                    key >> 3
                )));
            }
        };
        Ok((key >> 3, value))
    }

    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], WeightsError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(array)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), WeightsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.next_field();
        if field.is_err() {
            // What follows damage means nothing.
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Value<'a> {
    /// A message, or bytes.
    pub(super) fn bytes(self, field: &str) -> Result<&'a [u8], WeightsError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(wrong_type(field)),
        }
    }

    pub(super) fn text(self, field: &str) -> Result<&'a str, WeightsError> {
        let text = str::from_utf8(self.bytes(field)?);
        text.map_err(|_| malformed(format!("`{field}` is no text")))
    }

    /// An integer; negative ones have the highest bit.
    pub(super) fn int(self, field: &str) -> Result<i64, WeightsError> {
        match self {
            Self::Varint(value) => Ok(value.cast_signed()),
            _ => Err(wrong_type(field)),
        }
    }

    pub(super) fn float(self, field: &str) -> Result<f32, WeightsError> {
        match self {
            Self::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(wrong_type(field)),
        }
    }

    /// The integers of a repeated field, which may be one or packed into bytes.
    pub(super) fn ints(self, field: &str) -> Result<Ints<'a>, WeightsError> {
        match self {
            Self::Varint(value) => Ok(Ints::One(Some(value.cast_signed()))),
            Self::Bytes(bytes) => Ok(Ints::Packed(bytes)),
            _ => Err(wrong_type(field)),
        }
    }
}

/// The integers of a repeated field.
pub(super) enum Ints<'a> {
    One(Option<i64>),
    Packed(&'a [u8]),
}

impl Iterator for Ints<'_> {
    type Item = Result<i64, WeightsError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::One(value) => value.take().map(Ok),
            Self::Packed([]) => None,
            Self::Packed(rest) => {
                let value = varint(rest);
                if value.is_err() {
                    *rest = &[];
                }
                Some(value.map(u64::cast_signed))
            }
        }
    }
}

fn varint(rest: &mut &[u8]) -> Result<u64, WeightsError> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or_else(cut_off)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(malformed("a number is longer than ten bytes"))
}

fn cut_off() -> WeightsError {
    malformed("it ends in the middle of a message: it is cut off or damaged")
}

fn wrong_type(field: &str) -> WeightsError {
    malformed(format!("`{field}` is of another wire type than ONNX's"))
}

/// The error that a file is none of ONNX's.
pub(super) fn malformed(reason: impl Into<String>) -> WeightsError {
    WeightsErrorKind::Malformed {
        format: super::FORMAT,
        reason: reason.into(),
        source: None,
    }
    .into()
}

/// A message that is written.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    #[must_use]
    pub(super) fn int(mut self, field: u32, value: i64) -> Self {
        self.key(field, 0);
        self.varint(value.cast_unsigned());
        self
    }

    #[must_use]
    pub(super) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    #[must_use]
    pub(super) fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    #[must_use]
    pub(super) fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    #[must_use]
    pub(super) fn message(self, field: u32, value: &Message) -> Self {
        self.bytes(field, &value.0)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn key(&mut self, field: u32, wire_type: u64) {
        self.varint(u64::from(field) << 3 | wire_type);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}
