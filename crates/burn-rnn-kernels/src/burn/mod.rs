//! The seam to Burn: scans over its tensors, as operations of its backends that it differentiates, or as the reference.

#[cfg(any(feature = "flex", feature = "ndarray"))]
mod autodiff;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod cpu_backend;
mod dispatched;
mod engine;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod extension;
mod operands;
pub(crate) mod reference;
mod regularize;
mod scan;
mod steps;
mod tensors;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod unbind;
mod weights;

pub use engine::reference as with_reference;
pub use steps::{time_parts, time_steps};
pub(crate) use tensors::TensorStage;
pub use tensors::apply;

pub use scan::{Inputs, ScanResults, is_on_cpu, scan, steps};
