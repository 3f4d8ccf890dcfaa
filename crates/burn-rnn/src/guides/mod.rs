//! Pages on a subject each, with code that is tested.

#[doc = include_str!("lengths.md")]
pub mod lengths {}
