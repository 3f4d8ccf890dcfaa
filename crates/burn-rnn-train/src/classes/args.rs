//! The options that all classifiers have.

use std::path::PathBuf;

use clap::Args;

use super::Pooling;
use crate::{SavedArgs, TrainError};

/// How a classifier learns, beside its network.
#[derive(Clone, Debug, Args)]
pub struct ClassifierArgs {
    /// How the outputs at all steps become one vector
    #[arg(long, value_enum, default_value = "mean")]
    pub pooling: Pooling,
    /// The probability that a feature of that vector is dropped in training
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.3,
        allow_negative_numbers = true
    )]
    pub output_dropout: f64,
    /// The share of a label's probability that the loss gives to all labels alike
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.1,
        allow_negative_numbers = true
    )]
    pub smoothing: f64,
}

impl ClassifierArgs {
    /// Refuses what is no probability. That of dropout is looked at where the model is made.
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        TrainError::check_probabilities(&[("--smoothing", self.smoothing)])
    }

    /// One line that says what the network is and how its outputs are pooled.
    pub(crate) fn description(&self, network: &str) -> String {
        let pooling = format!("{:?}", self.pooling).to_lowercase();
        format!("{network}, {pooling} pooling")
    }
}

/// The options of `classify`.
#[derive(Clone, Debug, Args)]
pub struct ClassifyArgs {
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// What is classified, as the model's task reads it: sounds as WAV files, series as CSV or .ts files; of series
    /// standard input if not given
    #[arg(value_name = "FILE")]
    pub inputs: Vec<PathBuf>,
}
