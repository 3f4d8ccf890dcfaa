//! Task models, training loops, checkpoints, plots and command lines for `burn-rnn`.
//!
//! | task | learns |
//! |---|---|
//! | [`text`] | the next character of a text |
//! | [`music`] | the next keys of a piece |
//! | [`reber`] | the symbols that a grammar allows next |
//! | [`memory`] | problems whose answer lies far back |
//! | [`classify`] | what a sound is |
//! | [`speak`] | the sound of a word |
//! | [`tag`] | a tag for each word of a sentence |
//! | [`transduce`] | a string from another string |
//! | [`horizons`] | the next values of a table's series |
//! | [`forecast`] | the next values of one series, against baselines |
//!
//! Each has its command line in a module `command`; most programs in `examples/` call it and no more. All of them train by [`learn`], with a
//! [`Network`] of any [`Architecture`], whose settings are a [`NetworkConfig`]; a [`ModelFile`] is what a training leaves. A trainer of one's own
//! needs none of this: `examples/text_classifier.rs` has its loop in plain sight, with Burn's optimizer.

mod architectures;
mod card;
pub mod classify;
mod cross_entropy;
mod device;
#[cfg(test)]
mod drawn;
mod error;
mod floats;
pub mod forecast;
pub mod frames;
mod grid;
pub mod horizons;
pub mod learn;
pub mod memory;
mod model_file;
pub mod music;
mod network;
mod new_file;
pub mod options;
mod picture;
pub mod reber;
pub mod sounds;
pub mod speak;
mod standard_output;
pub mod tag;
pub mod text;
pub mod transduce;

pub use architectures::{Architecture, Network, NetworkState, NetworkStream};
pub use card::{TaskCard, model_card};
pub use device::device;
pub use error::{TrainError, exit_code};
pub use model_file::{ModelCard, ModelFile, save_model};
pub use network::{Direction, NetworkConfig};
pub use standard_output::{cell, printable, say};
