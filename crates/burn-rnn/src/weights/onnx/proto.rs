//! ONNX's messages, read where they lie: nodes, attributes and tensors.
//!
//! Field numbers are those of `onnx.proto`.

use super::wire::{Fields, Value, malformed};
use crate::weights::error::{WeightsError, WeightsErrorKind};

/// The most numbers or names of a list: axes, shapes, activations. No such list in ONNX is longer than the number of dimensions of a
/// tensor, or the three functions of two directions; `Concat` may have more inputs.
const LONGEST_LIST: usize = 65_536;

/// A `NodeProto`.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub name: &'a str,
    pub op: &'a str,
    /// Whether the operator is one of ONNX's own.
    pub standard: bool,
    /// The names of the inputs; empty for one that is left out.
    pub inputs: Vec<&'a str>,
    /// The names of the outputs; empty for one that is left out.
    pub outputs: Vec<&'a str>,
    body: &'a [u8],
}

impl<'a> Node<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, WeightsError> {
        let mut node = Self {
            name: "",
            op: "",
            standard: true,
            inputs: Vec::new(),
            outputs: Vec::new(),
            body,
        };
        for field in Fields::new(body) {
            match field? {
                (1, value) => push(&mut node.inputs, value.text("input")?)?,
                (2, value) => push(&mut node.outputs, value.text("output")?)?,
                (3, value) => node.name = value.text("name")?,
                (4, value) => node.op = value.text("op_type")?,
                (7, value) => node.standard = matches!(value.text("domain")?, "" | "ai.onnx"),
                _ => {}
            }
        }
        Ok(node)
    }

    /// The name, or that of the first output where it has none.
    pub(super) fn label(&self) -> &'a str {
        match self.name {
            "" => self.outputs.iter().find(|name| !name.is_empty()).copied(),
            name => Some(name),
        }
        .unwrap_or_default()
    }

    /// The input at an index, none where it is left out.
    pub(super) fn input(&self, index: usize) -> Option<&'a str> {
        self.inputs
            .get(index)
            .copied()
            .filter(|name| !name.is_empty())
    }

    pub(super) fn attributes(
        &self,
    ) -> impl Iterator<Item = Result<Attribute<'a>, WeightsError>> + use<'a> {
        Fields::new(self.body).filter_map(|field| match field {
            Ok((5, value)) => Some(value.bytes("attribute").and_then(Attribute::read)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }

    pub(super) fn attribute(&self, name: &str) -> Result<Option<Attribute<'a>>, WeightsError> {
        for attribute in self.attributes() {
            let attribute = attribute?;
            if attribute.name == name {
                return Ok(Some(attribute));
            }
        }
        Ok(None)
    }
}

/// An `AttributeProto`.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub name: &'a str,
    body: &'a [u8],
}

impl<'a> Attribute<'a> {
    fn read(body: &'a [u8]) -> Result<Self, WeightsError> {
        let mut name = "";
        for field in Fields::new(body) {
            match field? {
                (1, value) => name = value.text("name")?,
                (21, value) if !value.bytes("ref_attr_name")?.is_empty() => {
                    return Err(malformed(format!(
                        "attribute `{name}` is that of a function, and there is none around it"
                    )));
                }
                _ => {}
            }
        }
        Ok(Self { name, body })
    }

    fn one(&self, number: u64, what: &str) -> Result<Value<'a>, WeightsError> {
        let mut last = None;
        for field in Fields::new(self.body) {
            let (field, value) = field?;
            if field == number {
                last = Some(value);
            }
        }
        last.ok_or_else(|| malformed(format!("attribute `{}` is no {what}", self.name)))
    }

    pub(super) fn float(&self) -> Result<f32, WeightsError> {
        self.one(2, "number")?.float(self.name)
    }

    /// Protocol buffers leave a zero out where a writer is not told to keep it.
    pub(super) fn int(&self) -> Result<i64, WeightsError> {
        match self.one(3, "integer") {
            Ok(value) => value.int(self.name),
            Err(_) if self.kind()? == Some(2) => Ok(0),
            Err(error) => Err(error),
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, WeightsError> {
        self.one(4, "text")?.text(self.name)
    }

    pub(super) fn tensor(&self) -> Result<&'a [u8], WeightsError> {
        self.one(5, "tensor")?.bytes(self.name)
    }

    pub(super) fn floats(&self) -> Result<Vec<f32>, WeightsError> {
        let mut floats = Vec::new();
        for field in Fields::new(self.body) {
            match field? {
                (7, Value::Bytes(packed)) => {
                    let (numbers, rest) = packed.as_chunks();
                    if !rest.is_empty() {
                        return Err(malformed(format!("attribute `{}` is cut off", self.name)));
                    }
                    for number in numbers {
                        push(&mut floats, f32::from_le_bytes(*number))?;
                    }
                }
                (7, value) => push(&mut floats, value.float(self.name)?)?,
                _ => {}
            }
        }
        Ok(floats)
    }

    pub(super) fn ints(&self) -> Result<Vec<i64>, WeightsError> {
        let mut ints = Vec::new();
        for field in Fields::new(self.body) {
            if let (8, value) = field? {
                for int in value.ints(self.name)? {
                    push(&mut ints, int?)?;
                }
            }
        }
        Ok(ints)
    }

    pub(super) fn texts(&self) -> Result<Vec<&'a str>, WeightsError> {
        let mut texts = Vec::new();
        for field in Fields::new(self.body) {
            if let (9, value) = field? {
                push(&mut texts, value.text(self.name)?)?;
            }
        }
        Ok(texts)
    }

    /// The graphs, those of the branches of an `If` for instance.
    pub(super) fn graphs(&self) -> impl Iterator<Item = Result<&'a [u8], WeightsError>> + use<'a> {
        Fields::new(self.body).filter_map(|field| match field {
            Ok((6 | 11, value)) => Some(value.bytes("graph")),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// The `AttributeType`.
    fn kind(&self) -> Result<Option<i64>, WeightsError> {
        let mut kind = None;
        for field in Fields::new(self.body) {
            if let (20, value) = field? {
                kind = Some(value.int("type")?);
            }
        }
        Ok(kind)
    }
}

/// The name of a message that has one: that of a tensor in field 8, of a graph's input in field 1.
pub(super) fn name_of(body: &[u8], number: u64) -> Result<&str, WeightsError> {
    let mut name = "";
    for field in Fields::new(body) {
        let (field, value) = field?;
        if field == number {
            name = value.text("name")?;
        }
    }
    Ok(name)
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), WeightsError> {
    if list.len() == LONGEST_LIST {
        return Err(WeightsErrorKind::TooLarge {
            what: "a list of names or numbers".into(),
            given: (LONGEST_LIST as u64 + 1) * size_of::<T>() as u64,
            limit: (LONGEST_LIST * size_of::<T>()) as u64,
        }
        .into());
    }
    list.push(item);
    Ok(())
}
