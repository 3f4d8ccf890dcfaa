//! The errors of reading Keras' files.

use hdf5_reader::error::Error;

use crate::weights::error::{WeightsError, WeightsErrorKind};

/// What messages call the format.
const FORMAT: &str = "Keras";

/// The file is not of the format, or damaged.
pub(super) fn malformed(reason: impl Into<String>) -> WeightsError {
    WeightsErrorKind::Malformed {
        format: FORMAT,
        reason: reason.into(),
        source: None,
    }
    .into()
}

/// The same, because of what another reader said.
pub(super) fn malformed_by(
    reason: &str,
    source: impl core::error::Error + Send + Sync + 'static,
) -> WeightsError {
    WeightsErrorKind::Malformed {
        format: FORMAT,
        reason: format!("{reason}: {source}"),
        source: Some(Box::new(source)),
    }
    .into()
}

/// What the HDF5 reader said about the object at `path`.
pub(super) fn in_hdf5(path: &str, error: Error) -> WeightsError {
    match error {
        Error::Io(error) if error.raw_os_error().is_some() => WeightsErrorKind::Read(error).into(),
        error => malformed_by(
            &format!("its HDF5 object `/{path}` is cut off or damaged"),
            error,
        ),
    }
}

/// Something that would take more than a file of this size may.
pub(super) fn too_large(what: impl Into<String>, given: u64, limit: u64) -> WeightsError {
    WeightsErrorKind::TooLarge {
        what: what.into(),
        given,
        limit,
    }
    .into()
}

/// Something that has no counterpart here.
pub(super) fn cannot_read(what: impl Into<String>, reason: impl Into<String>) -> WeightsError {
    WeightsErrorKind::CannotRead {
        what: what.into(),
        reason: reason.into(),
    }
    .into()
}
