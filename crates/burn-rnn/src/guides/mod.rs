//! Pages on a subject each, with code that is tested.

#[doc = include_str!("lengths.md")]
pub mod lengths {}

#[doc = include_str!("regularization.md")]
pub mod regularization {}

#[doc = include_str!("streams.md")]
pub mod streams {}
