//! ONNX: models in and out.

mod activations;
mod axes;
mod budget;
mod chain;
mod encode;
mod external;
mod file;
mod fold;
mod graph;
mod import;
mod layouts;
mod operators;
mod proto;
mod read;
mod run;
mod settings;
mod sizes;
mod starts;
mod tensor;
mod view;
mod wire;
mod write;
mod write_cell;
mod write_graph;

pub use file::OnnxFile;
pub use run::{OnnxDirection, OnnxInputs, OnnxNode, OnnxOutputs};
pub use write::OnnxWriter;

/// What messages call it.
const FORMAT: &str = "ONNX";
