//! Why a checkpoint cannot be gone on from, or written.

use core::fmt::Display;
use std::path::PathBuf;

use burn::data::dataset::DatasetError;
use burn::store::RecordError;

/// Why a checkpoint cannot be gone on from, or written. Each message is a line that says what was found, what was
/// expected and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// There is none.
    #[error(
        "no checkpoint-*.brnn in it to go on from: leave out --resume, or name the folder of a \
         broken-off training with --out"
    )]
    Missing,
    /// It cannot be read.
    #[error(transparent)]
    Read(std::io::Error),
    /// It is something else.
    #[error("not a checkpoint of this program")]
    Foreign,
    /// Its end is missing.
    #[error("the checkpoint is cut short")]
    Cut,
    /// It is not what was written.
    #[error("the checkpoint is damaged: its checksum is not that of its content")]
    Damaged,
    /// The header is no header.
    #[error("its header: {0}")]
    Header(#[source] serde_json::Error),
    /// It belongs to another training.
    #[error(
        "the training was begun with other options or data: {then} then, {now} now; give the same \
         again, or begin anew without --resume"
    )]
    Settings {
        /// The first setting that differs, as it was.
        then: String,
        /// The same, as it is now.
        now: String,
    },
    /// A part is not what its format asks for.
    #[error("its {part}: {source}")]
    Record {
        /// The part.
        part: &'static str,
        /// What Burn says.
        source: RecordError,
    },
    /// A part does not fit the training.
    #[error("its {part}: {what} is {found}, expected {expected}")]
    Unfit {
        /// The part.
        part: &'static str,
        /// What of it.
        what: String,
        /// What was found.
        found: String,
        /// What would fit.
        expected: String,
    },
    /// The batch that would be next cannot be read.
    #[error("the batch to go on with cannot be read: {0}")]
    Examples(#[source] DatasetError),
    /// The newest cannot be used, and the one before can.
    #[error(
        "{source}; the one before, of step {step}, is sound: delete {} and give --resume again to go \
         on from {}", newest.display(), before.display()
    )]
    Before {
        /// What is wrong with the newest.
        source: Box<CheckpointError>,
        /// The newest.
        newest: PathBuf,
        /// The one before.
        before: PathBuf,
        /// Its step.
        step: usize,
    },
    /// It cannot be written.
    #[error("cannot be written: {source}; make room, and the same command {}", match before {
        true => "with --resume goes on from the checkpoint before",
        false => "begins anew: there is no checkpoint yet",
    })]
    Write {
        /// What the operating system says.
        source: std::io::Error,
        /// Whether there is an earlier one.
        before: bool,
    },
}

impl CheckpointError {
    /// A part that does not fit: what of it, what was found, what was expected.
    pub(super) fn unfit(
        part: &'static str,
        what: impl Display,
        found: impl Display,
        expected: impl Display,
    ) -> Self {
        Self::Unfit {
            part,
            what: what.to_string(),
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }
}
