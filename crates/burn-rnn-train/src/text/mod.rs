//! A character language model: reads characters, predicts the next one.
//!
//! [`Corpus`] is the text, [`CharModel`] the network, [`TextTask`] what the shared loop trains with
//! truncated back-propagation through time, [`Generator`] writes text with a model, [`activations`]
//! shows what its units see, [`command`] is the command line.

pub mod activations;
pub mod command;
mod corpus;
mod generate;
mod model;
mod symbols;
mod task;

pub use corpus::Corpus;
pub(crate) use generate::draw;
pub use generate::{Generator, Sampling};
pub use model::{CharModel, CharModelConfig};
pub use symbols::{bytes_as_text, text_as_bytes};
pub use task::{TextSettings, TextTask, bits_per_character};
