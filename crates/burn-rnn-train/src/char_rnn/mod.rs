//! A character language model: reads characters, predicts the next one.
//!
//! [`Corpus`] is the text, [`CharModel`] the network, [`train`] the loop with truncated
//! back-propagation through time, [`Checkpoint`] a saved model, [`Generator`] writes text with it,
//! [`command`] is the command line.

mod checkpoint;
pub mod command;
mod corpus;
mod generate;
mod model;
mod train;

pub use checkpoint::Checkpoint;
pub use corpus::Corpus;
pub use generate::{Generator, Sampling};
pub use model::{CharModel, CharModelConfig};
pub use train::{Evaluation, Length, Observer, TrainSettings, bits_per_character, train};
