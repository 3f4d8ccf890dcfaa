//! Products of a step, of weights in panels, and over all steps.

pub(crate) mod cache;
pub(crate) mod layout;
mod library;
pub(crate) mod matrix;
pub(crate) mod panels;
pub(crate) mod tile;
