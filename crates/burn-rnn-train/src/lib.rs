//! Task models, training loops, checkpoints, plots and command lines for `burn-rnn`.
//!
//! [`text`] is a character language model, [`forecast`] forecasts time series. Each has its
//! command line in a module `command`; most programs in `examples/` call it and no more. A trainer of one's own needs none of this:
//! `examples/text_classifier.rs` has its loop in plain sight, with Burn's optimizer.

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
mod network_stream;
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

pub use card::{TaskCard, model_card};
pub use device::device;
pub use error::{TrainError, exit_code};
pub use model_file::{ModelCard, ModelFile, save_model};
pub use network::{Architecture, Direction, Network, NetworkConfig, NetworkState};
pub use network_stream::NetworkStream;
pub use standard_output::{cell, printable, say};
