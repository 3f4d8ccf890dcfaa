//! Task models, training loops, checkpoints, plots and command lines for `burn-rnn`.
//!
//! A task is a module, with its model, its data for the loop, what it is measured by, and its command line in `command`:
//!
//! | `burn-rnn train …` | module | what is learnt |
//! |---|---|---|
//! | `text` | [`text`] | the next character: many to many |
//! | `music` | [`music`] | the next notes: many to many |
//! | `reber` | [`reber`] | the next symbol of the embedded Reber grammar: many to many |
//! | `tag` | [`tag`] | a tag for each token of a sentence: many to many |
//! | `memory` | [`memory`] | adding, copying, order, parity: what has to be remembered over many steps |
//! | `forecast` | [`forecast`] | the next values of one series or several: encoder and decoder, or one to one |
//! | `anomaly` | [`anomaly`] | what is usual in a table, to tell what is not: a forecaster or an autoencoder |
//! | `classify` | [`classify`] | what a sound is: many to one |
//! | `classify-series` | [`classify_series`] | what a series of several channels is: many to one |
//! | `speak` | [`speak`] | the sound of a label: one to many |
//! | `transduce` | [`transduce`] | one string out of another: encoder and decoder with attention |
//!
//! What they share:
//!
//! | module or items | what it is |
//! |---|---|
//! | [`learn`] | the training loop: schedules, evaluation, checkpoints, resuming; its options |
//! | [`Network`] of an [`Architecture`], [`NetworkConfig`], [`NetworkStream`] | a recurrent network whose cell is chosen at run time |
//! | [`ModelFile`], [`ModelCard`], [`save_model`] | one file that holds a trained model with all that is needed to use it |
//! | [`classes`] | what classifiers of whole sequences have in common |
//! | [`frames`], [`sounds`] | sequences of frames, and sounds as such |
//! | [`options`] | command lines: defaults of a task, files of options |
//! | [`TrainError`], [`exit_code`], [`exit_code_over`] | what goes wrong, and how a program ends, by itself or as one of several ranks |
//!
//! Most programs in `examples/` call a command line and no more. A trainer of one's own needs none of this:
//! `examples/text_classifier.rs` has its loop in plain sight, with Burn's optimizer.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod anomaly;
mod any_number;
mod architectures;
mod card;
mod checkpoint_error;
mod checks;
pub mod classes;
pub mod classify;
pub mod classify_series;
mod cross_entropy;
mod device;
#[cfg(test)]
mod drawn;
mod error;
mod exit;
mod floats;
pub mod forecast;
pub mod frames;
mod grid;
pub mod learn;
mod limits;
pub mod memory;
mod model_card;
mod model_file;
pub mod music;
mod network;
mod new_file;
pub mod options;
mod over_ranks;
mod picture;
pub mod reber;
mod run_file;
mod saved;
pub mod sounds;
pub mod speak;
mod standard_input;
mod standard_output;
pub mod tag;
pub mod text;
pub mod transduce;

pub use architectures::{Architecture, Network, NetworkState, NetworkStream};
pub use card::{TaskCard, for_a_shell, model_card};
pub use checkpoint_error::CheckpointError;
pub use device::device;
pub use error::{TomlReason, TrainError};
pub use exit::{exit_code, one_line};
pub use model_card::ModelCard;
pub use model_file::{ModelFile, save_model};
pub use network::{Direction, NetworkConfig};
pub use over_ranks::exit_code_over;
pub use saved::{SavedArgs, built_in, open_model};
pub(crate) use standard_output::not_printed;
pub use standard_output::{cell, print, printable, say, say_done, warn};
