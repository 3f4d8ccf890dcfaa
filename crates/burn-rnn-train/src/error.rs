//! What can go wrong in a trainer.

use core::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn::data::dataset::DatasetError;
use burn_rnn::ConfigError;
use burn_rnn_data::DataError;
use burn_rnn_ranks::{LostRank, NoMpi};

use crate::learn::CheckpointError;
use crate::{printable, warn};

/// Why a trainer stopped. Each message is one line that names what was given, what was expected and
/// what to do; what caused it is the [source](Error::source), and not in the message: [`one_line`] has both.
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

    /// Refuses sizes of zero, and those that no sequence, batch or layer has: what is computed of two of the others does not overflow.
    pub(crate) fn check_sizes(sizes: &[(&'static str, usize)]) -> Result<(), Self> {
        Self::check_at_most(1 << 24, sizes)
    }

    /// Refuses counts of zero, and those beyond a bound.
    pub(crate) fn check_at_most(most: usize, counts: &[(&'static str, usize)]) -> Result<(), Self> {
        Self::check_counts(counts)?;
        match counts.iter().find(|(_, count)| *count > most) {
            None => Ok(()),
            Some((name, count)) => Err(Self::Setting {
                name,
                given: count.to_string(),
                expected: format!("at most {most}"),
            }),
        }
    }

    /// Refuses lists that have more or fewer items than there are things that they are for.
    pub(crate) fn check_lengths(lengths: &[(&'static str, usize, usize)]) -> Result<(), Self> {
        match lengths
            .iter()
            .find(|(_, given, expected)| given != expected)
        {
            None => Ok(()),
            Some((name, given, expected)) => Err(Self::Setting {
                name,
                given: given.to_string(),
                expected: expected.to_string(),
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

/// An error and its causes in one line. Names in it come from files: control characters are written out.
pub fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let causes = core::iter::successors(error.source(), |&cause| cause.source());
    for cause in causes {
        let cause: Vec<String> = cause
            .to_string()
            .lines()
            .map(|line| line.trim().to_owned())
            .collect();
        let cause = cause.join(" ");
        // The messages of some libraries have their causes in them.
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    printable(&line)
}

/// What a program's `main` returns: runs it, prints an error as one line and exits with code 2.
///
/// Where nobody reads on what it prints, as behind `| head`, it says nothing more.
pub fn exit_code(run: impl FnOnce() -> Result<(), TrainError>) -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, TrainError::NobodyReads | TrainError::OtherRank) {
                warn(format_args!("error: {}", one_line(&error)));
            }
            ExitCode::from(code(&error))
        }
    }
}

/// The exit code of a program that ends with an error.
pub(crate) fn code(error: &TrainError) -> u8 {
    match error {
        // As a shell reports a program that Ctrl-C ended, and one that wrote into a closed pipe.
        TrainError::Interrupted { .. } => 130,
        TrainError::NobodyReads => 141,
        TrainError::OtherRank => 0,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error of each kind that another one causes.
    fn caused() -> Vec<TrainError> {
        let path = || PathBuf::from("some file");
        let full = || std::io::Error::other("the disk is full");
        let toml = "= 1".parse::<toml::Table>().unwrap_err();
        let json = || serde_json::from_str::<u32>("x").unwrap_err();
        vec![
            TrainError::Data(DataError::Unreadable {
                path: path(),
                source: full(),
            }),
            TrainError::InFile {
                path: path(),
                source: Box::new(TrainError::NobodyReads),
            },
            TrainError::Read {
                path: path(),
                expected: "another file",
                source: full(),
            },
            TrainError::NotToml {
                path: path(),
                line: 1,
                source: TomlReason(toml),
            },
            TrainError::NotSafetensors {
                path: path(),
                source: safetensors::SafeTensorError::HeaderTooSmall,
            },
            TrainError::Header {
                path: path(),
                part: "card",
                source: json(),
            },
            TrainError::Weights {
                path: path(),
                source: burn::store::SafetensorsStoreError::Other("two\n  lines".to_owned()),
            },
            TrainError::write(Path::new("some file"))(full()),
            TrainError::Plot {
                path: path(),
                source: Box::new(full()),
            },
        ]
    }

    #[test]
    fn an_error_keeps_its_cause_and_its_message_does_not_repeat_it() {
        for error in caused() {
            let message = error.to_string();
            assert!(message.contains("some file"), "{message}");
            let cause = error
                .source()
                .unwrap_or_else(|| panic!("{message}: no source"));
            assert!(!message.contains(&cause.to_string()), "{message}");
            let line = one_line(&error);
            let cause = cause.to_string().replace("\n  ", " ");
            assert_eq!(line, format!("{message}: {cause}"));
            assert_eq!(line.lines().count(), 1, "{line}");
        }
    }

    #[test]
    fn a_cause_that_a_message_tells_by_itself_is_told_once() {
        let cause = Box::new(std::io::Error::other("the disk is full"));
        let foreign = TrainError::Foreign(cause);
        assert_eq!(one_line(&foreign), "the disk is full");
        assert_eq!(
            one_line(&TrainError::NobodyReads),
            "standard output was closed"
        );
    }
}
