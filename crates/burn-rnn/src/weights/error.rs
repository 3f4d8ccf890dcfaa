//! What can be wrong with a file of weights, or with a network that is to go into one.

use std::path::{Path, PathBuf};

use burn::tensor::DType;
use thiserror::Error;

use super::ElementType;
use crate::ConfigError;

/// Why weights cannot be read or written: a [kind](WeightsError::kind) and, where one is known, the [file](WeightsError::path).
///
/// The message names file, tensor, what was given, what was expected and what to do.
#[derive(Debug)]
pub struct WeightsError {
    path: Option<PathBuf>,
    // A box, so that results that are no error stay small.
    kind: Box<WeightsErrorKind>,
}

impl WeightsError {
    /// What is wrong.
    pub fn kind(&self) -> &WeightsErrorKind {
        &self.kind
    }

    /// The file in which, where it is known.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The same error with the file that it is about, where it names none yet.
    #[must_use]
    pub fn in_file(mut self, path: &Path) -> Self {
        self.path.get_or_insert_with(|| path.to_path_buf());
        self
    }
}

impl core::fmt::Display for WeightsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Names come from files: what moves a terminal's cursor is written out.
        if let Some(path) = &self.path {
            write!(f, "{}: ", printable(&path.to_string_lossy()))?;
        }
        f.write_str(&printable(&self.kind.to_string()))
    }
}

impl core::error::Error for WeightsError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.kind.source()
    }
}

impl From<WeightsErrorKind> for WeightsError {
    fn from(kind: WeightsErrorKind) -> Self {
        let kind = Box::new(kind);
        Self { path: None, kind }
    }
}

/// A text with its control characters as escapes.
fn printable(text: &str) -> String {
    let escape = |c: char| match c.is_control() {
        true => c.escape_default().collect(),
        false => String::from(c),
    };
    text.chars().map(escape).collect()
}

/// What is wrong with weights.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsErrorKind {
    /// A file that cannot be opened or read.
    #[error("cannot be read: {0}; check the path and its permissions")]
    Read(#[source] std::io::Error),
    /// A file that cannot be written.
    #[error("cannot be written: {0}; check the folder, its permissions and the space left")]
    Write(#[source] std::io::Error),
    /// A file that is not of the format, is cut off, or contradicts itself.
    #[error("is no whole {format} file: {reason}")]
    Malformed {
        /// The format that was expected.
        format: &'static str,
        /// What is wrong, where, and what to do.
        reason: String,
        /// What the reader of the format said.
        #[source]
        source: Option<Box<dyn core::error::Error + Send + Sync>>,
    },
    /// A tensor that is not there.
    #[error(
        "has no tensor `{tensor}`, which {needed_by}; {}",
        there_are(available)
    )]
    Missing {
        /// The name of the tensor.
        tensor: String,
        /// What needs it, for instance "layer 1 of `encoder` needs".
        needed_by: String,
        /// The names that come nearest, or all where there are few.
        available: Vec<String>,
    },
    /// A network that is not there.
    #[error("has no recurrent network at `{name}`; {}", there_are(available))]
    NoNetwork {
        /// The prefix or name asked for; empty for one that is not inside anything.
        name: String,
        /// Those that there are.
        available: Vec<String>,
    },
    /// A tensor of another shape than the tensors beside it ask for.
    #[error("tensor `{tensor}` has shape {given:?}, expected {expected:?}: {reason}")]
    Shape {
        /// The name of the tensor in the file.
        tensor: String,
        /// Its shape.
        given: Vec<usize>,
        /// The shape that it has to have.
        expected: Vec<usize>,
        /// What the expected shape follows from.
        reason: String,
    },
    /// A tensor with more or fewer dimensions than it can have.
    #[error("tensor `{tensor}` has shape {given:?}, expected {expected} dimensions")]
    Rank {
        /// The name of the tensor in the file.
        tensor: String,
        /// Its shape.
        given: Vec<usize>,
        /// The number of dimensions that it has to have.
        expected: usize,
    },
    /// A tensor of something else than floats.
    #[error(
        "tensor `{tensor}` holds {given}, expected floats (F64, F32, F16 or BF16): quantized weights and integers are not read"
    )]
    Element {
        /// The name of the tensor in the file.
        tensor: String,
        /// The type of its elements.
        given: ElementType,
    },
    /// A tensor whose bytes are not those of its shape.
    #[error(
        "tensor `{tensor}` has {given} bytes, expected {expected}: the file is cut off or damaged"
    )]
    Bytes {
        /// The name of the tensor in the file.
        tensor: String,
        /// The number of bytes that are there.
        given: u64,
        /// The number that its shape and type ask for.
        expected: u64,
    },
    /// A number that the float type of the device cannot hold.
    #[error(
        "tensor `{tensor}` holds {given:e}, which is beyond {expected:?}, the float type of the device: give a device of F64"
    )]
    Range {
        /// The name of the tensor in the file.
        tensor: String,
        /// The number.
        given: f64,
        /// The float type of the device.
        expected: DType,
    },
    /// Sizes that no whole file of this length holds, refused before memory is taken for them.
    #[error("{what} would take {given} bytes, expected at most {limit} for a file of this size")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The bytes that it would take.
        given: u64,
        /// The bytes that it may take.
        limit: u64,
    },
    /// A network of another kind than was asked for.
    #[error("`{name}` is {given}, expected {expected}")]
    Kind {
        /// The name of the network; empty where it has none.
        name: String,
        /// What it is, for instance "a GRU".
        given: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// A file with something that has no counterpart in this library.
    #[error("{what} cannot be read into a network: {reason}")]
    CannotRead {
        /// What it is, with its name in the file.
        what: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A network that the format cannot hold.
    #[error("the network `{network}` cannot go to {format}: {reason}")]
    CannotHold {
        /// The name of the network.
        network: String,
        /// The format.
        format: &'static str,
        /// What the format lacks, and what to do.
        reason: String,
    },
    /// A tensor on a type of float that the format cannot hold.
    #[error("`{tensor}` is of {given:?}, which cannot go to {format}: cast it")]
    CannotHoldType {
        /// The name of the tensor.
        tensor: String,
        /// Its type.
        given: DType,
        /// The format.
        format: &'static str,
    },
    /// Two tensors of one name in a file that is written.
    #[error("there is a tensor `{tensor}` already: give each network and tensor a name of its own")]
    Taken {
        /// The name.
        tensor: String,
    },
    /// Sizes or options that make no network.
    #[error("`{network}` makes no network: {source}")]
    Config {
        /// The name of the network in the file.
        network: String,
        /// What is wrong.
        source: ConfigError,
    },
    /// A file with nothing recurrent in it.
    #[error("holds no recurrent network: {reason}")]
    Nothing {
        /// What was looked for, and what is there.
        reason: String,
    },
}

/// What there is in the place of something missing; of much the beginning.
fn there_are(available: &[String]) -> String {
    const SHOWN: usize = 8;
    if available.is_empty() {
        return "there is none at all".into();
    }
    let shown = available.iter().take(SHOWN);
    let quoted: Vec<String> = shown.map(|name| format!("`{name}`")).collect();
    let quoted = quoted.join(", ");
    match available.len().checked_sub(SHOWN) {
        None | Some(0) => format!("there is {quoted}"),
        Some(more) => format!("there is {quoted} and {more} more"),
    }
}
