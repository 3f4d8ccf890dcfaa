//! From a label to a sequence: a recurrent network that speaks a word frame by frame.
//!
//! [`SpeechModel`] is the network, [`SpeakTask`] what the shared loop trains with teacher forcing, [`speak`]
//! lets a model go on from its own frames, [`command`] is the command line.

pub mod command;
mod figures;
mod generate;
mod model;
mod plot;
mod sound_file;
mod task;

pub use generate::speak;
pub use model::{SpeakSettings, SpeechModel, Wish};
pub use sound_file::generate_file;
pub use task::{SpeakTask, Spoken, SpokenBatch};
