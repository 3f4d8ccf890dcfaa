//! Tensors whose numbers are in a file beside the model.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::budget::Budget;
use super::proto::name_of;
use super::wire::malformed;
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::whole_file::open_whole;

/// Where numbers are: the `external_data` of a tensor.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    location: &'a str,
    offset: u64,
    length: Option<u64>,
}

impl<'a> Place<'a> {
    /// Adds a `StringStringEntryProto`.
    pub(super) fn add(&mut self, entry: &'a [u8]) -> Result<(), WeightsError> {
        let key = name_of(entry, 1)?;
        let value = name_of(entry, 2)?;
        let number = || {
            value.parse().map_err(|_| {
                malformed(format!(
                    "the {key} of external data is `{value}`, expected a number"
                ))
            })
        };
        match key {
            "location" => self.location = value,
            "offset" => self.offset = number()?,
            "length" => self.length = Some(number()?),
            // A checksum, which is for whoever wants it.
            _ => {}
        }
        Ok(())
    }
}

/// The folder of a model, within which external data has to be.
pub(super) struct Folder<'a> {
    folder: Option<&'a Path>,
    known: RefCell<HashSet<PathBuf>>,
}

impl<'a> Folder<'a> {
    /// None for a model that comes from no file.
    pub(super) fn new(folder: Option<&'a Path>) -> Self {
        let known = RefCell::default();
        Self { folder, known }
    }

    /// The bytes at a place, of which there have to be `expected`.
    ///
    /// # Errors
    ///
    /// Where the file is not within the folder of the model, cannot be read, or is too short.
    pub(super) fn read(
        &self,
        place: &Place<'_>,
        tensor: &str,
        expected: u64,
        budget: &Budget,
    ) -> Result<Vec<u8>, WeightsError> {
        let path = self.path(place.location, tensor)?;
        let in_file = |error| WeightsError::from(WeightsErrorKind::Read(error)).in_file(&path);
        let mut file = open_whole(&path).map_err(|kind| WeightsError::from(kind).in_file(&path))?;
        let length = file.metadata().map_err(in_file)?.len();
        let left = length.saturating_sub(place.offset);
        // Without a length it is all that follows.
        let given = place.length.unwrap_or(left);
        if given != expected || given > left {
            return Err(WeightsErrorKind::Bytes {
                tensor: tensor.into(),
                given: given.min(left),
                expected,
            }
            .into());
        }
        if self.known.borrow_mut().insert(path.clone()) {
            budget.add_file(length);
        }
        budget.take(given)?;
        // It is not longer than the file.
        let mut bytes = vec![0; given as usize];
        file.seek(SeekFrom::Start(place.offset)).map_err(in_file)?;
        file.read_exact(&mut bytes).map_err(in_file)?;
        Ok(bytes)
    }

    /// The path of a location, free of links.
    fn path(&self, location: &str, tensor: &str) -> Result<PathBuf, WeightsError> {
        let Some(folder) = self.folder else {
            return Err(refused(
                tensor,
                location,
                "the model was not opened from a file",
            ));
        };
        let relative = Path::new(location);
        let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if location.is_empty() || !relative.components().all(plain) || location.contains('\\') {
            return Err(refused(
                tensor,
                location,
                "it is no path within the folder of the model",
            ));
        }
        let read = |path: &Path| {
            path.canonicalize()
                .map_err(|error| WeightsError::from(WeightsErrorKind::Read(error)).in_file(path))
        };
        let path = read(&folder.join(relative))?;
        if !path.starts_with(read(folder)?) {
            return Err(refused(
                tensor,
                location,
                "it is a link out of the folder of the model",
            ));
        }
        Ok(path)
    }
}

fn refused(tensor: &str, location: &str, reason: &str) -> WeightsError {
    WeightsErrorKind::CannotRead {
        what: format!("tensor `{tensor}`, whose numbers are in `{location}`"),
        reason: format!(
            "{reason}, and no other file is opened: put the data beside the model, or into it with onnx.save"
        ),
    }
    .into()
}
