//! Sequence classification: from a whole sound to one label.
//!
//! [`SoundClassifier`] is the network, [`Pooling`] how its outputs become one, [`ClassifyTask`] what the shared
//! loop trains, [`Confusion`] what it takes for what, [`command`] is the command line.

pub mod command;
mod confusion;
mod examples;
mod model;
mod pooling;
mod task;

pub use confusion::Confusion;
pub use model::{ClassifierSettings, SoundClassifier};
pub use pooling::{Pool, Pooling};
pub use task::{ClassifyTask, Labelled, LabelledBatch};
