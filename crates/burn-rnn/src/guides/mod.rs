//! Pages on a subject each, with code that is tested.

// Its links lead to what the feature `keras` has.
#[cfg_attr(not(feature = "keras"), allow(rustdoc::broken_intra_doc_links))]
#[doc = include_str!("coming_from_keras.md")]
pub mod coming_from_keras {}
// Its links lead to what the feature `pytorch` has.
#[cfg_attr(not(feature = "pytorch"), allow(rustdoc::broken_intra_doc_links))]
#[doc = include_str!("coming_from_pytorch.md")]
pub mod coming_from_pytorch {}

#[doc = include_str!("lengths.md")]
pub mod lengths {}

#[cfg(feature = "onnx")]
#[doc = include_str!("onnx.md")]
pub mod onnx {}

#[doc = include_str!("regularization.md")]
pub mod regularization {}

#[doc = include_str!("streams.md")]
pub mod streams {}
