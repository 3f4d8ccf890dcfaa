//! The embedded Reber grammar: from the symbols so far to those that may come next.
//!
//! [`ReberModel`] is the network, [`ReberTask`] what the shared loop trains, [`write_strings`] draws
//! strings from a model, [`command`] is the command line.

pub mod command;
mod generate;
mod model;
mod plot;
mod score;
mod task;

pub use generate::write_strings;
pub use model::{ReberModel, ReberSettings, one_hot};
pub use score::ReberScore;
pub use task::{ReberBatch, ReberTask};
