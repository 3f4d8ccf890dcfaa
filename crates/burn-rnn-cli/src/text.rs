//! The task `text`, whose built-in text is within the program.

use std::path::Path;

use burn::tensor::Device;
use burn_rnn_train::text::command as text;
pub use burn_rnn_train::text::command::{CARD, DEFAULTS, TrainArgs};
use burn_rnn_train::{ModelFile, TrainError};

/// The Rust source of all crates of the project, put together by `build.rs`.
const SOURCES: &str = include_str!(concat!(env!("OUT_DIR"), "/sources.txt"));

pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    text::train(args, SOURCES, "burn-rnn generate")
}

pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    text::evaluate(file, input, device, SOURCES)
}
