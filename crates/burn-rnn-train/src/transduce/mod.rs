//! From one string to another: dates to ISO 8601, number words to figures, or any pairs from a file.
//!
//! [`Seq2Seq`] is the network, an encoder and a decoder with attention between them; [`TransduceTask`] is
//! what the shared loop trains, with [`Forcing`] for scheduled sampling; [`greedy`] and [`beam_search`] find
//! the answer; [`command`] is the command line.

mod apply;
mod batch;
pub mod command;
mod encoder;
mod forcing;
mod model;
mod plot;
mod search;
mod settings;
mod task;
#[cfg(test)]
mod tests;
mod transducer;

pub use apply::{TransduceArgs, transduce};
pub use batch::{Pairing, SequenceBatch, TransduceBatch};
pub use encoder::Encoder;
pub use forcing::{Decay, Forcing};
pub use model::{Encoded, Seq2Seq};
pub use search::{Answer, Beam, beam_search, greedy};
pub use settings::{AttentionName, TransduceSettings, TransduceSource};
pub use task::TransduceTask;
pub use transducer::Transducer;
