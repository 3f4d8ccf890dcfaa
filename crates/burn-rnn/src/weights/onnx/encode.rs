//! ONNX's messages, written. Field numbers are those of `onnx.proto`.

use std::collections::HashSet;

use burn::tensor::{DType, TensorData};

use super::FORMAT;
use super::wire::Message;
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::import::unused_name;
use crate::weights::layout::to_little_endian;

/// The version of the operators: the newest of `RNN`, `LSTM` and `GRU`, of October 2024.
const OPERATOR_SET: i64 = 22;

/// The version of the file format that came with it.
const IR_VERSION: i64 = 10;

const INT64: i64 = 7;

/// A float type that ONNX has, and the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FloatType {
    data_type: i64,
    size: usize,
}

impl FloatType {
    /// That of a tensor of a network.
    ///
    /// # Errors
    ///
    /// Where it is none of ONNX's.
    pub(super) fn of(tensor: &str, dtype: DType) -> Result<Self, WeightsError> {
        let (data_type, size) = match dtype {
            DType::F32 | DType::Flex32 => (1, 4),
            DType::F16 => (10, 2),
            DType::F64 => (11, 8),
            DType::BF16 => (16, 2),
            given => {
                return Err(WeightsErrorKind::CannotHoldType {
                    tensor: tensor.into(),
                    given,
                    format: FORMAT,
                }
                .into());
            }
        };
        Ok(Self { data_type, size })
    }

    pub(super) fn size(self) -> usize {
        self.size
    }
}

/// A dimension of an input or output.
#[derive(Clone)]
pub(super) enum Dim {
    Fixed(usize),
    /// As large as whoever runs the graph makes it.
    Open(String),
}

/// A graph while it is written.
#[derive(Default)]
pub(super) struct GraphMessage {
    nodes: Vec<Message>,
    names: HashSet<String>,
    initializers: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
}

impl GraphMessage {
    /// Adds a node whose first output names it.
    pub(super) fn node(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<Message>,
    ) {
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        for output in outputs {
            node = node.text(2, output);
        }
        // ONNX Runtime takes no name twice.
        let name = unused_name(name, |name| self.names.contains(name));
        node = node.text(3, &name).text(4, op);
        self.names.insert(name);
        for attribute in &attributes {
            node = node.message(5, attribute);
        }
        self.nodes.push(node);
    }

    /// Adds a constant of floats.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], data: &TensorData, ty: FloatType) {
        let bytes = to_little_endian(data.as_bytes(), ty.size);
        self.raw(name, shape, &bytes, ty);
    }

    /// Adds a constant of floats in their bytes.
    pub(super) fn raw(&mut self, name: &str, shape: &[usize], bytes: &[u8], ty: FloatType) {
        let shape: Vec<i64> = shape.iter().map(|&dim| dim as i64).collect();
        let tensor = tensor(name, &shape, ty.data_type, bytes);
        self.initializers.push(tensor);
    }

    /// Adds a constant list of integers.
    pub(super) fn ints(&mut self, name: &str, ints: &[i64]) {
        let bytes: Vec<u8> = ints.iter().flat_map(|int| int.to_le_bytes()).collect();
        let tensor = tensor(name, &[ints.len() as i64], INT64, &bytes);
        self.initializers.push(tensor);
    }

    /// Adds an input, which is one that may be left out where a constant has its name.
    pub(super) fn input(&mut self, name: &str, shape: &[Dim], ty: FloatType) {
        self.inputs.push(value_info(name, shape, ty));
    }

    /// Adds an output.
    pub(super) fn output(&mut self, name: &str, shape: &[Dim], ty: FloatType) {
        self.outputs.push(value_info(name, shape, ty));
    }

    /// The file.
    pub(super) fn model(&self) -> Message {
        let mut graph = Message::default();
        for node in &self.nodes {
            graph = graph.message(1, node);
        }
        graph = graph.text(2, "burn-rnn");
        for (field, messages) in [
            (5, &self.initializers),
            (11, &self.inputs),
            (12, &self.outputs),
        ] {
            for message in messages {
                graph = graph.message(field, message);
            }
        }
        let operators = Message::default().text(1, "").int(2, OPERATOR_SET);
        Message::default()
            .int(1, IR_VERSION)
            .text(2, "burn-rnn")
            .text(3, env!("CARGO_PKG_VERSION"))
            .message(7, &graph)
            .message(8, &operators)
    }
}

/// An attribute that is an integer.
pub(super) fn int_attribute(name: &str, value: i64) -> Message {
    Message::default().text(1, name).int(3, value).int(20, 2)
}

/// An attribute that is a number.
pub(super) fn float_attribute(name: &str, value: f32) -> Message {
    Message::default().text(1, name).float(2, value).int(20, 1)
}

/// An attribute that is a text.
pub(super) fn text_attribute(name: &str, value: &str) -> Message {
    Message::default().text(1, name).text(4, value).int(20, 3)
}

/// An attribute that is a list of numbers.
pub(super) fn floats_attribute(name: &str, values: &[f32]) -> Message {
    let attribute = Message::default().text(1, name);
    let attribute = values
        .iter()
        .fold(attribute, |to, &value| to.float(7, value));
    attribute.int(20, 6)
}

/// An attribute that is a list of integers.
pub(super) fn ints_attribute(name: &str, values: &[i64]) -> Message {
    let attribute = Message::default().text(1, name);
    let attribute = values.iter().fold(attribute, |to, &value| to.int(8, value));
    attribute.int(20, 7)
}

/// An attribute that is a list of texts.
pub(super) fn texts_attribute(name: &str, values: &[&str]) -> Message {
    let attribute = Message::default().text(1, name);
    let attribute = values.iter().fold(attribute, |to, value| to.text(9, value));
    attribute.int(20, 8)
}

fn tensor(name: &str, shape: &[i64], data_type: i64, bytes: &[u8]) -> Message {
    let tensor = Message::default();
    let tensor = shape.iter().fold(tensor, |to, &dim| to.int(1, dim));
    tensor.int(2, data_type).text(8, name).bytes(9, bytes)
}

fn value_info(name: &str, shape: &[Dim], ty: FloatType) -> Message {
    let mut dims = Message::default();
    for dim in shape {
        let message = match dim {
            Dim::Fixed(size) => Message::default().int(1, *size as i64),
            Dim::Open(name) => Message::default().text(2, name),
        };
        dims = dims.message(1, &message);
    }
    let tensor = Message::default().int(1, ty.data_type).message(2, &dims);
    let tensor = Message::default().message(1, &tensor);
    Message::default().text(1, name).message(2, &tensor)
}
