//! Weights in and out: networks that were trained elsewhere, and networks of this library for elsewhere.
//!
//! | format | feature | in | out |
//! |---|---|---|---|
//! | PyTorch: `.pt`, `.pth`, `.safetensors` | `pytorch` | yes | safetensors |
//! | Keras: `.keras`, `.weights.h5`, `.h5` | `keras` | yes | |
//! | ONNX | `onnx` | yes | yes |
//! | [modules of `burn::nn`](burn_nn) | any of them | yes | yes |
//!
//! Parameters come into the float type of the device ([`Device::settings`](burn::tensor::Device::settings)), as fresh ones do, whatever
//! type a file has: F16 and BF16 become F32 without loss on a device of F32; F64 is rounded there, refused where it is beyond the range of
//! F32, and whole on a device of F64.
//!
//! Nothing is believed: sizes are checked against the length of the file before memory is taken, shapes against each other before
//! anything is built, and what does not fit is a [`WeightsError`] that names the tensor, its shape and the one expected.

// No format alone uses all of what they share.
#![cfg_attr(
    not(all(feature = "pytorch", feature = "keras", feature = "onnx")),
    allow(dead_code)
)]

mod array;
mod build;
pub mod burn_nn;
mod check;
mod copy;
mod error;
mod import;
#[cfg(feature = "keras")]
mod keras;
mod layout;
mod linear;
mod network;
#[cfg(feature = "onnx")]
mod onnx;
mod parts;
#[cfg(feature = "pytorch")]
mod pytorch;
mod range;
mod whole_file;

pub use array::ElementType;
pub use error::{WeightsError, WeightsErrorKind};
pub use import::{Import, MappedTensor, NamedNetwork, UnmappedTensor};
#[cfg(feature = "keras")]
pub use keras::KerasFile;
pub use network::AnyNetwork;
#[cfg(feature = "onnx")]
pub use onnx::{OnnxDirection, OnnxFile, OnnxInputs, OnnxNode, OnnxOutputs, OnnxWriter};
#[cfg(feature = "pytorch")]
pub use pytorch::{PytorchFile, PytorchWriter};
