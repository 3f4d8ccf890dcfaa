//! What can go wrong in a trainer.

use core::error::Error;
use std::path::{Path, PathBuf};

use burn::data::dataset::DatasetError;
use burn_rnn::ConfigError;
use burn_rnn_data::DataError;
use burn_rnn_ranks::{LostRank, NoMpi};

use crate::CheckpointError;

/// Why a trainer stopped. Each message is one line that names what was given, what was expected and
/// what to do; what caused it is the [source](Error::source), and not in the message: [`one_line`](crate::one_line) has both.
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
    /// An option does not take what was given.
    #[error("{0}")]
    Argument(String),
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
    /// Ranks cannot train together.
    #[error(transparent)]
    NoMpi(#[from] NoMpi),
    /// One of the ranks that train together is lost.
    #[error(
        "the training is broken off; the same command with --resume goes on from its last checkpoint"
    )]
    LostRank(#[from] LostRank),
    /// A rank differs from the first where all have to be the same.
    #[error(
        "{here} here, {first} on rank 0: all ranks need the same program, the same options and the same data"
    )]
    OtherThanRank0 {
        /// What rank 0 has.
        first: String,
        /// What this rank has.
        here: String,
    },
    /// No failure: this rank has done its part of the training, and rank 0 tells what came of it.
    #[error("rank 0 has the outcome of the training")]
    OtherRank,
    /// An example cannot be read.
    #[error("an example cannot be read")]
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
    #[error("{}", path.display())]
    Checkpoint {
        /// The file, or the folder where there is none.
        path: PathBuf,
        /// What is wrong.
        source: CheckpointError,
    },
    /// A file or folder is there and cannot be used.
    #[error("{}: {reason}", path.display())]
    Model {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What is wrong is wrong with this file.
    #[error("{}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<TrainError>,
    },
    /// A file or folder cannot be read.
    #[error("{}: cannot be read, expected {expected}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file of options is no TOML.
    #[error("{}: line {line} is not TOML", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the reader of TOML says.
        source: TomlReason,
    },
    /// A model file is not safetensors.
    #[error("{}: not a safetensors file that can be read", path.display())]
    NotSafetensors {
        /// The file.
        path: PathBuf,
        /// What the reader of safetensors says.
        source: safetensors::SafeTensorError,
    },
    /// A part of a model file's header is not what its task writes there.
    #[error("{}: \"{part}\" in its header is that of another program or version", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The part's key.
        part: &'static str,
        /// What the reader of JSON says.
        source: serde_json::Error,
    },
    /// The weights of a model file do not go into its network, or those of a network into a file.
    #[error("{}: the weights do not fit", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What Burn's store says.
        source: burn::store::SafetensorsStoreError,
    },
    /// Networks of another library cannot be read or written.
    #[error(transparent)]
    Foreign(Box<dyn Error + Send + Sync>),
    /// A file or folder cannot be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// What was to be read on standard output has no reader any more.
    #[error("standard output was closed")]
    NobodyReads,
    /// A plot cannot be drawn.
    #[error("{}: the plot cannot be drawn", path.display())]
    Plot {
        /// The picture.
        path: PathBuf,
        /// What the drawing library says.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// What the reader of TOML says, without the picture of the place that its own message has.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message())]
pub struct TomlReason(pub toml::de::Error);

impl TrainError {
    /// A setting that makes no sense.
    pub(crate) fn setting(
        name: &'static str,
        given: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        let (given, expected) = (given.to_string(), expected.into());
        Self::Setting {
            name,
            given,
            expected,
        }
    }

    /// A file or folder that cannot be written.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }
}
