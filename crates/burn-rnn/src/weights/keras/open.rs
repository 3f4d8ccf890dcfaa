//! The three kinds of files, told by their content.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use serde_json::Value;

use super::activations::Version;
use super::archive::{Archive, read_entry};
use super::attributes::text;
use super::errors::{malformed, malformed_by, too_large};
use super::objects::{Objects, Place, Stored};
use super::window::Window;
use crate::weights::array::Array;
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::whole_file::open_whole;

/// How the file names its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Since Keras 3: by the layers' classes and the variables' numbers, `layers/lstm/cell/vars/0`.
    Numbered,
    /// Before: by the layers' names and the variables', `lstm/lstm_cell/kernel:0`.
    Named,
}

/// A file that was opened.
pub(super) struct Opened {
    pub window: Window,
    pub objects: Objects,
    pub naming: Naming,
    /// The settings of the model, where the file has them.
    pub model: Option<Value>,
    /// The version that wrote the file; the third where it does not say so.
    pub version: Version,
}

impl Opened {
    /// Opens a file and reads what is in it, but no numbers.
    ///
    /// # Errors
    ///
    /// Where it is none of the kinds, or damaged.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        let mut file = open_whole(path)?;
        let length = file.metadata().map_err(WeightsErrorKind::Read)?.len();
        let mut start = Vec::new();
        (&mut file)
            .take(8)
            .read_to_end(&mut start)
            .and_then(|_| file.rewind())
            .map_err(WeightsErrorKind::Read)?;
        if start == hdf5_reader::superblock::HDF5_MAGIC {
            return Self::hdf5(Window::new(file, 0, length));
        }
        if start.starts_with(b"PK") {
            return Self::archive(file, length);
        }
        Err(malformed(
            "it begins neither as HDF5 (`.h5`, `.hdf5`, `.weights.h5`) nor as a zip archive (`.keras`)",
        ))
    }

    /// A `.keras` archive.
    fn archive(mut file: File, length: u64) -> Result<Self, WeightsError> {
        let archive = Archive::open(&mut file, length)?;
        let limit = json_limit(length);
        let mut json = |place: Option<_>, what| {
            let Some(place) = place else {
                return Ok(None);
            };
            let bytes = read_entry(&mut file, place, limit, what)?;
            parse(&bytes, what, limit).map(Some)
        };
        let model = json(archive.config, "`config.json`")?;
        let metadata = json(archive.metadata, "`metadata.json`")?;
        let written_by = metadata
            .as_ref()
            .and_then(|metadata| metadata.get("keras_version")?.as_str());
        let version = version(written_by);
        let weights = archive.weights;
        let window = Window::new(file, weights.start, weights.length);
        let objects = Objects::read(&window)?;
        Ok(Self {
            window,
            objects,
            naming: Naming::Numbered,
            model,
            version,
        })
    }

    /// An HDF5 file: of weights alone, or of a whole model of Keras 2.
    fn hdf5(window: Window) -> Result<Self, WeightsError> {
        let objects = Objects::read(&window)?;
        let root = objects.attributes.get("");
        let model = root.and_then(|root| text(root, "model_config"));
        let limit = json_limit(window.length());
        let model = model.map(|json| parse(json.as_bytes(), "`model_config`", limit));
        let model = model.transpose()?;
        // A file of weights alone has these at its root, a whole model in a group.
        let groups = ["", "model_weights"].map(|path| objects.attributes.get(path));
        let groups = groups.into_iter().flatten();
        let named = groups.clone().any(|group| {
            ["layer_names", "layer_names0"]
                .iter()
                .any(|name| group.contains_key(*name))
        });
        let written_by = groups
            .filter_map(|group| text(group, "keras_version"))
            .next();
        let version = match (written_by, named) {
            // Keras 1 did not say so, and what has no names is of Keras 3.
            (None, true) => Version::Two,
            (written_by, _) => version(written_by),
        };
        Ok(Self {
            window,
            objects,
            naming: if named {
                Naming::Named
            } else {
                Naming::Numbered
            },
            model,
            version,
        })
    }

    /// The length of the part of the file with the weights.
    pub(super) fn length(&self) -> u64 {
        self.window.length()
    }

    /// The tensors of the model by path, without the state of an optimizer.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (&str, &Stored)> {
        let tensors = self.objects.tensors.iter();
        tensors
            .filter(|(path, _)| {
                let top = path.split('/').next();
                !matches!(top, Some("optimizer" | "optimizer_weights"))
            })
            .map(|(path, stored)| (path.as_str(), stored))
    }

    /// The tensor at a path.
    pub(super) fn stored(&self, path: &str) -> Option<&Stored> {
        self.objects.tensors.get(path)
    }

    /// The tensor at a path, for reading.
    ///
    /// # Errors
    ///
    /// Where there is none, or it is of no floats.
    pub(super) fn array(&self, path: &str, needed_by: &str) -> Result<Array<'_>, WeightsError> {
        let stored = self.stored(path).ok_or_else(|| {
            let place = path.rsplit_once('/').map_or("", |(place, _)| place);
            let near = self
                .tensors()
                .map(|(name, _)| name)
                .filter(|name| name.starts_with(place));
            WeightsErrorKind::Missing {
                tensor: path.into(),
                needed_by: needed_by.into(),
                available: near.take(16).map(String::from).collect(),
            }
        })?;
        Array::later(path, stored.shape.clone(), stored.element.clone(), || {
            self.bytes(stored)
        })
    }

    /// The bytes of a tensor, in the order that arrays have.
    pub(super) fn bytes(&self, stored: &Stored) -> Result<Vec<u8>, WeightsError> {
        let size = stored.element.float_size().unwrap_or(1);
        let mut bytes = match &stored.place {
            Place::At(address) => {
                // The shape was checked against the file when it was opened.
                let length: usize = stored.shape.iter().product::<usize>() * size;
                let bytes = self.window.read(*address, length);
                bytes.map_err(WeightsErrorKind::Read)?
            }
            Place::Here(bytes) => bytes.clone(),
            Place::Unread => Vec::new(),
        };
        if stored.big_endian {
            bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        Ok(bytes)
    }
}

/// The memory that the values of a JSON text may take.
fn json_limit(length: u64) -> u64 {
    length.max(4 << 20)
}

/// The values of a JSON text, where they do not take more than `limit`: `{"a":0}` takes a hundred times its length.
fn parse(json: &[u8], what: &str, limit: u64) -> Result<Value, WeightsError> {
    let takes = |byte: &u8| match byte {
        b'{' => 700,
        b'[' => 160,
        b',' => 64,
        _ => 1,
    };
    let takes: u64 = json.iter().map(takes).sum();
    if takes > limit {
        return Err(too_large(format!("{what} in it"), takes, limit));
    }
    serde_json::from_slice(json)
        .map_err(|error| malformed_by(&format!("{what} in it is no JSON"), error))
}

fn version(written_by: Option<&str>) -> Version {
    match written_by.and_then(|version| version.split('.').next()?.parse::<u32>().ok()) {
        Some(..=2) => Version::Two,
        _ => Version::Three,
    }
}
