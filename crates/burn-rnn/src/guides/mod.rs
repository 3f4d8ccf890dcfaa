//! Pages on a subject each, with code that is tested.

#[doc = include_str!("lengths.md")]
pub mod lengths {}

#[cfg(feature = "onnx")]
#[doc = include_str!("onnx.md")]
pub mod onnx {}

#[doc = include_str!("regularization.md")]
pub mod regularization {}

#[doc = include_str!("streams.md")]
pub mod streams {}
