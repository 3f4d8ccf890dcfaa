//! Tagging: from the tokens of a sentence to a tag for each.
//!
//! [`TagModel`] is the network, which reads in both directions by default, [`TagTask`] what the shared loop
//! trains, [`Tagger`] tags sentences with a saved model, [`command`] is the command line.

pub mod command;
mod corpus;
mod model;
mod plot;
mod score;
mod tagger;
mod task;

pub use model::{HeldOut, TagModel, TagSettings};
pub use score::{TagScore, score_tags};
pub use tagger::Tagger;
pub use task::{TagBatch, TagItem, TagTask};
