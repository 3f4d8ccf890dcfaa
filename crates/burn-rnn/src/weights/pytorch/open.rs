//! Opens a checkpoint or a safetensors file: the tensors by name, their bytes still in the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;

use pytorch_reader::{DType, PytorchError, PytorchReader};
use safetensors::tensor::{Dtype, Metadata};

use super::pickle_guard::check_pickle;
use super::zip_guard::check_zip;
use crate::weights::array::{Array, ElementType, byte_len};
use crate::weights::error::{WeightsError, WeightsErrorKind};
use crate::weights::whole_file::open_whole;

/// What opening may take whatever the size of the file: a state dict of small tensors takes some kilobytes for each of them.
const ALLOWANCE: u64 = 16 << 20;

/// State dicts lie under these names in checkpoints that hold more: those of PyTorch's tutorials, Lightning and Hugging Face.
const STATE_DICTS: [&str; 3] = ["state_dict.", "model_state_dict.", "model_state."];

/// A file of tensors.
pub(super) struct Tensors {
    /// The length of the file.
    pub length: u64,
    /// The tensors by name.
    pub tensors: BTreeMap<String, FileTensor>,
    /// The open file, where the tensors do not hold it themselves.
    file: Option<Mutex<File>>,
}

/// A tensor in a file.
pub(super) struct FileTensor {
    pub shape: Vec<usize>,
    pub element: ElementType,
    place: Place,
}

enum Place {
    Checkpoint(pytorch_reader::Tensor),
    /// The offset in the file.
    Safetensors(u64),
}

impl Tensors {
    /// Opens a file, whose content says what it is.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        let read = WeightsErrorKind::Read;
        let mut file = open_whole(path)?;
        let length = file.metadata().map_err(read)?.len();
        // As long as the header of a tar archive, which is where that says what it is.
        let mut head = Vec::new();
        (&mut file).take(512).read_to_end(&mut head).map_err(read)?;
        if head.starts_with(b"PK\x03\x04") {
            let limit = memory_limit(length);
            let pickles = check_zip(&mut file, length, limit).map_err(malformed)?;
            for (start, size) in pickles {
                file.seek(SeekFrom::Start(start)).map_err(read)?;
                let mut pickle = BufReader::new((&mut file).take(size));
                check_pickle(&mut pickle, limit).map_err(malformed)?;
            }
            return Self::checkpoint(path, length);
        }
        if head.get(257..262) == Some(b"ustar") {
            return Err(malformed(
                "it is a tar archive, as PyTorch before 0.1.10 wrote: load it with PyTorch and save it again",
            ));
        }
        if is_legacy(&head) {
            file.rewind().map_err(read)?;
            let mut pickles = BufReader::new(&mut file);
            // A magic number, the version, the system, what was saved, the storages' names; the storages follow.
            for _ in 0..5 {
                check_pickle(&mut pickles, memory_limit(length)).map_err(malformed)?;
            }
            return Self::checkpoint(path, length);
        }
        if head.get(8) == Some(&b'{') {
            return Self::safetensors(file, length);
        }
        Err(malformed(
            "it begins neither as a zip archive or pickle of torch.save nor as safetensors",
        ))
    }

    fn checkpoint(path: &Path, length: u64) -> Result<Self, WeightsError> {
        let reader = PytorchReader::new(path).map_err(unreadable)?;
        let tensors = reader.into_tensors().into_iter().map(|(name, tensor)| {
            let tensor = FileTensor {
                shape: tensor.shape().to_vec(),
                element: element_of(tensor.dtype()),
                place: Place::Checkpoint(tensor),
            };
            (name, tensor)
        });
        Ok(Self {
            length,
            tensors: state_dict_of(tensors.collect()),
            file: None,
        })
    }

    fn safetensors(mut file: File, length: u64) -> Result<Self, WeightsError> {
        let read = WeightsErrorKind::Read;
        file.rewind().map_err(read)?;
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(read)?;
        let size = u64::from_le_bytes(size);
        let data = size.checked_add(8).filter(|data| *data <= length);
        let Some(data) = data else {
            return Err(malformed(format!(
                "its header is said to be {size} bytes long, and the file has {length}: it is cut off or no safetensors"
            )));
        };
        // A header of numbers alone becomes many times as large; one of names and shapes does not.
        let mut header = vec![0; size as usize];
        file.read_exact(&mut header).map_err(read)?;
        let parts = header.iter().filter(|byte| b",:\"".contains(byte)).count() as u64;
        if size > memory_limit(length) || parts.saturating_mul(64) > memory_limit(length) {
            return Err(malformed(
                "its header is longer than that of any file of this size",
            ));
        }
        let metadata: Metadata = serde_json::from_reader(Cursor::new(&header))
            .map_err(|error| malformed_by("its header is damaged", error))?;
        let given = length - data;
        let expected = metadata.data_len() as u64;
        if given != expected {
            return Err(malformed(format!(
                "its tensors are {expected} bytes, and {given} follow the header: it is cut off or has more in it"
            )));
        }
        let tensors = metadata.tensors().into_iter().map(|(name, info)| {
            let tensor = FileTensor {
                shape: info.shape.clone(),
                element: element_of_safetensors(info.dtype),
                place: Place::Safetensors(data + info.data_offsets.0 as u64),
            };
            (name, tensor)
        });
        Ok(Self {
            length,
            tensors: state_dict_of(tensors.collect()),
            file: Some(Mutex::new(file)),
        })
    }

    /// A tensor's numbers, read when they are asked for.
    ///
    /// # Errors
    ///
    /// Where there is none of that name (`needed_by` is for the message), its elements are no floats, or it is larger than the file.
    pub(super) fn array(&self, name: &str, needed_by: &str) -> Result<Array<'_>, WeightsError> {
        let Some(tensor) = self.tensors.get(name) else {
            return Err(WeightsErrorKind::Missing {
                tensor: name.into(),
                needed_by: needed_by.into(),
                available: self.similar(name),
            }
            .into());
        };
        // A tensor may be a small storage said to be repeated. No network's is.
        let size = tensor.element.float_size().unwrap_or(1);
        let given = byte_len(&tensor.shape, size).unwrap_or(u64::MAX);
        if given > self.length {
            return Err(WeightsErrorKind::TooLarge {
                what: format!("tensor `{name}` of shape {:?}", tensor.shape),
                given,
                limit: self.length,
            }
            .into());
        }
        let own_name = name.to_string();
        let read = move || match &tensor.place {
            Place::Checkpoint(tensor) => tensor.read().map_err(|error| {
                if error.raw_os_error().is_some() {
                    return WeightsErrorKind::Read(error).into();
                }
                malformed_by(&format!("tensor `{own_name}` is damaged"), error)
            }),
            Place::Safetensors(start) => self.read_at(*start, given),
        };
        Array::later(name, tensor.shape.clone(), tensor.element.clone(), read)
    }

    fn read_at(&self, start: u64, size: u64) -> Result<Vec<u8>, WeightsError> {
        let Some(file) = &self.file else {
            return Ok(Vec::new());
        };
        let mut file = file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // The header has been checked against the length of the file.
        let mut bytes = vec![0; size as usize];
        let read = WeightsErrorKind::Read;
        file.seek(SeekFrom::Start(start)).map_err(read)?;
        file.read_exact(&mut bytes).map_err(read)?;
        Ok(bytes)
    }

    /// The names that may have been meant: those with the same ending.
    fn similar(&self, name: &str) -> Vec<String> {
        let ending = name.rsplit('.').next().unwrap_or(name);
        let same = |other: &&String| other.rsplit('.').next() == Some(ending);
        let mut similar: Vec<String> = self.tensors.keys().filter(same).cloned().collect();
        if similar.is_empty() {
            similar = self.tensors.keys().cloned().collect();
        }
        similar.truncate(8);
        similar
    }
}

/// The bytes that opening a file of this length may take: what its pickle makes, not its weights.
fn memory_limit(length: u64) -> u64 {
    length.saturating_mul(3).saturating_add(ALLOWANCE)
}

/// The tensors of a checkpoint: those of its state dict by the names that they have there, and what is beside it by its own, but for the
/// state of an optimizer.
fn state_dict_of(mut tensors: BTreeMap<String, FileTensor>) -> BTreeMap<String, FileTensor> {
    let has = |key: &&str| tensors.keys().any(|name| name.starts_with(*key));
    let Some(key) = STATE_DICTS.into_iter().find(has) else {
        return tensors;
    };
    let is_inside = |name: &String, _: &mut FileTensor| name.starts_with(key);
    let inside: BTreeMap<_, _> = tensors.extract_if(.., is_inside).collect();
    tensors.retain(|name, _| !name.starts_with("optim"));
    for (name, tensor) in inside {
        let short = name[key.len()..].to_string();
        // Where something beside it has that name, both keep their own.
        let name = if tensors.contains_key(&short) {
            name
        } else {
            short
        };
        tensors.insert(name, tensor);
    }
    tensors
}

/// Whether a file begins with the magic number of `torch.save` before 1.6, as any protocol of pickles writes it.
fn is_legacy(head: &[u8]) -> bool {
    let head = &head[..head.len().min(64)];
    let binary = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    let text = b"119547037146038801333356";
    let has = |magic: &[u8]| head.windows(magic.len()).any(|bytes| bytes == magic);
    has(&binary) || has(text)
}

fn element_of(dtype: DType) -> ElementType {
    match dtype {
        DType::F64 => ElementType::F64,
        DType::F32 => ElementType::F32,
        DType::F16 => ElementType::F16,
        DType::BF16 => ElementType::BF16,
        other => ElementType::Other(format!("{other:?}").into()),
    }
}

fn element_of_safetensors(dtype: Dtype) -> ElementType {
    match dtype {
        Dtype::F64 => ElementType::F64,
        Dtype::F32 => ElementType::F32,
        Dtype::F16 => ElementType::F16,
        Dtype::BF16 => ElementType::BF16,
        other => ElementType::Other(format!("{other:?}").into()),
    }
}

fn malformed(reason: impl Into<String>) -> WeightsError {
    WeightsErrorKind::Malformed {
        format: super::FORMAT,
        reason: reason.into(),
        source: None,
    }
    .into()
}

fn malformed_by(
    reason: &str,
    source: impl core::error::Error + Send + Sync + 'static,
) -> WeightsError {
    WeightsErrorKind::Malformed {
        format: super::FORMAT,
        reason: format!("{reason}: {source}"),
        source: Some(Box::new(source)),
    }
    .into()
}

fn unreadable(error: PytorchError) -> WeightsError {
    match error {
        PytorchError::Io(error) if error.raw_os_error().is_some() => {
            WeightsErrorKind::Read(error).into()
        }
        error => malformed_by(
            "it is damaged, or has more in it than tensors in dicts, lists and modules: save the state_dict() with torch.save",
            error,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&str]) -> Vec<String> {
        let tensor = |name: &&str| {
            let tensor = FileTensor {
                shape: Vec::new(),
                element: ElementType::F32,
                place: Place::Safetensors(0),
            };
            ((*name).to_owned(), tensor)
        };
        let tensors = names.iter().map(tensor).collect();
        state_dict_of(tensors).into_keys().collect()
    }

    #[test]
    fn what_is_beside_a_state_dict_is_kept_but_for_an_optimizer() {
        let names = ["a.w", "optimizer.state.0.exp_avg"];
        assert_eq!(kept(&names), names);
        assert_eq!(
            kept(&[
                "ema_state_dict.a.w",
                "optimizer.state.0.step",
                "state_dict.a.w"
            ]),
            ["a.w", "ema_state_dict.a.w"]
        );
        let names = ["a.w", "state_dict.a.w", "state_dict.b"];
        assert_eq!(kept(&names), ["a.w", "b", "state_dict.a.w"]);
    }
}
