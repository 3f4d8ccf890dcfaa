//! What can go wrong in a trainer.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn::data::dataset::DatasetError;
use burn_rnn::ConfigError;
use burn_rnn_data::DataError;

use crate::learn::CheckpointError;

/// Why a trainer stopped. Each message is one line that names what was given, what was expected and
/// what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A file, a series or a text cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network's settings make no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A setting of the trainer makes no sense.
    #[error("{name} is {given}, expected {expected}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// What was given.
        given: String,
        /// What would do.
        expected: String,
    },
    /// The program was built without the backend.
    #[error(
        "device {given}: this program was built with {available}; choose one of them, or build with \
         --features {given} if that is one of {known}"
    )]
    Device {
        /// The name that was given.
        given: String,
        /// The names that this build knows.
        available: String,
        /// The names that some build knows.
        known: String,
    },
    /// The loss became infinite or not a number.
    #[error("the loss is {loss} after {steps} steps: lower the learning rate or the clipping norm")]
    Diverged {
        /// The loss.
        loss: f64,
        /// The steps made.
        steps: usize,
    },
    /// The loss or a gradient became infinite or not a number.
    #[error(
        "step {step}: the loss is {loss} and the gradient norm {norm}: the weights from before it are kept \
         in {}; lower --lr or --clip and train again",
        kept.display()
    )]
    NotFinite {
        /// The step that was not made, counted from 1.
        step: usize,
        /// The loss.
        loss: f64,
        /// The norm of all gradients together.
        norm: f64,
        /// The file with the last good weights.
        kept: PathBuf,
    },
    /// Somebody interrupted the training.
    #[error(
        "interrupted after step {step}: everything is saved in {}; the same command with --resume goes on",
        folder.display()
    )]
    Interrupted {
        /// The steps made.
        step: usize,
        /// The folder of the checkpoints.
        folder: PathBuf,
    },
    /// One of several devices failed in a step.
    #[error("device {device} failed: {reason}")]
    Worker {
        /// The device, counted from 1.
        device: usize,
        /// What its thread said at its end.
        reason: String,
    },
    /// An example cannot be read.
    #[error("an example cannot be read: {0}")]
    Examples(#[source] DatasetError),
    /// The threads that prepare batches ended too early.
    #[error(
        "an example cannot be read: batch {batch} of {batches} did not come: what prepares them failed, and said \
         above why"
    )]
    Loader {
        /// The batch that was waited for, counted from 1.
        batch: usize,
        /// The batches of the pass.
        batches: usize,
    },
    /// A checkpoint cannot be gone on from, or written.
    #[error("{}: {source}", path.display())]
    Checkpoint {
        /// The file, or the folder where there is none.
        path: PathBuf,
        /// What is wrong.
        source: CheckpointError,
    },
    /// A file of a saved model cannot be used.
    #[error("{}: {reason}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A plot cannot be drawn.
    #[error("{}: the plot cannot be drawn: {reason}", path.display())]
    Plot {
        /// The picture.
        path: PathBuf,
        /// What the drawing library says.
        reason: String,
    },
}

impl TrainError {
    /// Refuses counts of zero.
    pub(crate) fn check_counts(counts: &[(&'static str, usize)]) -> Result<(), Self> {
        match counts.iter().find(|(_, count)| *count == 0) {
            None => Ok(()),
            Some((name, _)) => Err(Self::Setting {
                name,
                given: "0".to_owned(),
                expected: "at least 1".to_owned(),
            }),
        }
    }

    /// Refuses an input for a task whose data is generated.
    pub(crate) fn check_generated(input: Option<&Path>) -> Result<(), Self> {
        match input {
            None => Ok(()),
            Some(path) => Err(Self::Setting {
                name: "the data",
                given: path.display().to_string(),
                expected: "none: this model is measured on sequences that are generated".to_owned(),
            }),
        }
    }

    /// Refuses numbers that are not finite and above zero.
    pub(crate) fn check_positive(numbers: &[(&'static str, f64)]) -> Result<(), Self> {
        let wrong = |(_, number): &&(_, f64)| !(*number > 0.0 && number.is_finite());
        match numbers.iter().find(wrong) {
            None => Ok(()),
            Some((name, number)) => Err(Self::Setting {
                name,
                given: number.to_string(),
                expected: "a number above 0".to_owned(),
            }),
        }
    }

    /// Refuses what is no probability below 1.
    pub(crate) fn check_probabilities(probabilities: &[(&'static str, f64)]) -> Result<(), Self> {
        let wrong = |(_, probability): &&(_, f64)| !(0.0..1.0).contains(probability);
        match probabilities.iter().find(wrong) {
            None => Ok(()),
            Some((name, probability)) => Err(Self::Setting {
                name,
                given: probability.to_string(),
                expected: "a probability of at least 0 and below 1".to_owned(),
            }),
        }
    }

    /// A file or folder that cannot be written.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }
}

/// What a program's `main` returns: runs it, prints an error as one line and exits with code 2.
///
/// Where nobody reads on what it prints, as behind `| head`, the program ends as others do, and does not panic.
pub fn exit_code(run: impl FnOnce() -> Result<(), TrainError>) -> ExitCode {
    sigpipe::reset();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Names come from files.
            eprintln!("error: {}", crate::printable(&error.to_string()));
            match error {
                // As a shell reports a program that Ctrl-C ended.
                TrainError::Interrupted { .. } => ExitCode::from(130),
                _ => ExitCode::from(2),
            }
        }
    }
}
