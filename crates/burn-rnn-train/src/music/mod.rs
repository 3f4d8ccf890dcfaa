//! Polyphonic music: from the notes of all steps so far to those of the next.
//!
//! [`MusicModel`] is the network, [`MusicTask`] what the shared loop trains, [`compose`] writes music with
//! a model, [`command`] is the command line.

pub mod command;
mod compose;
mod model;
mod plot;
mod task;

pub use compose::compose;
pub use model::{MusicModel, MusicSettings, matched_hidden};
pub use task::{MusicBatch, MusicTask};
