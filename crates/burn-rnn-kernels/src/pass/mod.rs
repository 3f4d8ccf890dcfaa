//! Through time, forwards and backwards.

mod backward;
mod derivative;
mod forward;
mod frame;
mod gradients;
mod kernel;
mod known;
mod lane;
mod memory;
mod operands;
mod operations;
#[cfg(test)]
mod oracle;
mod prepared;
mod regularize;
mod scan;
mod segments;
mod sizes;
mod steps;
mod tape;
mod timing;
mod worker;

pub(crate) use gradients::Wanted;
pub use kernel::{Engine, MaskShape};
pub use known::release_memory;
pub(crate) use known::{Seen, find, keep};
pub(crate) use memory::Saved;
pub(crate) use operands::Operands;
pub(crate) use prepared::Prepared;
pub(crate) use scan::{Given, OutputGradients, Outputs, backward, forward, output_width, run};
pub(crate) use segments::{Segments, backward_in_segments, forward_in_segments};
pub(crate) use sizes::Sizes;
pub use steps::Steps;
pub use timing::Timing;
