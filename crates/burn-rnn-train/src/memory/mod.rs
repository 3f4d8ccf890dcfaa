//! Memory problems: something has to be remembered over many steps.
//!
//! The problems are those of [`MemoryProblem`](burn_rnn_data::MemoryProblem): adding, copy, temporal order,
//! parity. [`MemoryModel`] is the network, [`MemoryTask`] what the shared loop trains on examples that
//! never come again, [`command`] is the command line.

pub mod command;
mod model;
mod plot;
mod task;

pub use model::{MemoryModel, MemorySettings};
pub use task::{MemoryBatch, MemoryScore, MemoryTask};
