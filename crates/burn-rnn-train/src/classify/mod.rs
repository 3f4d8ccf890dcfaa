//! Sequence classification: from a whole sound to one label.
//!
//! [`ClassifyTask`] is what the shared loop trains, a [`SequenceClassifier`](crate::classes::SequenceClassifier); [`command`] is the
//! command line.

pub mod command;
mod examples;
mod model;
mod task;

pub use model::ClassifierSettings;
pub use task::ClassifyTask;
