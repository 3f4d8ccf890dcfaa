//! What the classifiers of sounds, series and texts share: from a whole sequence to one label.
//!
//! [`SequenceClassifier`] is the network, [`Pooling`] how its outputs become one, [`Confusion`] what it takes for what.

mod answer;
mod args;
mod confusion;
mod lesson;
mod model;
mod pooling;
mod variants;

pub(crate) use answer::say_answer;
pub use args::{ClassifierArgs, ClassifyArgs};
pub use confusion::Confusion;
pub use lesson::{Batching, Examined, Labelled, LabelledBatch, examined};
pub use model::SequenceClassifier;
pub use pooling::{Pool, Pooling};
pub(crate) use variants::{VARIANTS, draw_variants};
