//! A trained model as one file: weights, settings, scores, how it was trained.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore, SafetensorsStoreError};
use burn::tensor::Device;
use burn_rnn_data::read_file;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::new_file::write_whole;
use crate::{ModelCard, TrainError};

/// What the file says it is; the number grows when older programs cannot read it any more.
const FORMAT: &str = "burn-rnn model 3";

/// The format before it, which has no sum over the header.
const WITHOUT_SEAL: &str = "burn-rnn model 2";

/// Writes a model as a safetensors file whose header has the card, the settings, a SHA-256 sum of the weights and one of all that. The file
/// is complete or not there.
///
/// # Errors
///
/// Where it cannot be written; a file that was there stays then.
pub fn save_model(
    path: &Path,
    card: &ModelCard,
    settings: &impl Serialize,
    model: &impl Module,
) -> Result<(), TrainError> {
    let unfit = |source| unfit(path, source);
    let weights = |metadata: &[(&str, String)]| -> Result<Vec<u8>, TrainError> {
        let mut store = SafetensorsStore::from_bytes(None);
        for (key, value) in metadata {
            store = store.metadata(*key, value);
        }
        model.save_into(&mut store).map_err(unfit)?;
        Ok(store.get_bytes().map_err(unfit)?.to_vec())
    };
    let plain = weights(&[])?;
    let sum = checksum(&plain, path)?;
    let (card, settings) = (json(card), json(settings));
    let seal = seal(&card, &settings, &sum);
    let bytes = weights(&[
        ("format", FORMAT.to_owned()),
        ("card", card),
        ("settings", settings),
        ("sha256", sum),
        ("seal", seal),
    ])?;
    write_whole(path, &bytes)
}

/// A model file that has been read, its weights still to be put into a network.
#[derive(Clone, Debug)]
pub struct ModelFile {
    path: PathBuf,
    /// What the model is.
    pub card: ModelCard,
    settings: String,
    sum: String,
    bytes: Vec<u8>,
}

impl ModelFile {
    /// Reads a model file, or `model.safetensors` where `path` is a folder.
    ///
    /// # Errors
    ///
    /// Where there is none, or it is damaged or something else.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let path = match path.is_dir() {
            true => path.join("model.safetensors"),
            false => path.to_owned(),
        };
        match read_file(&path) {
            Ok(bytes) => Self::read(path, bytes),
            Err(source) => Err(TrainError::Read {
                path,
                expected: "a model file, the folder that a training wrote with --out, or a model that `burn-rnn list` shows",
                source,
            }),
        }
    }

    /// The model of a file with these bytes, which messages call `path`.
    ///
    /// # Errors
    ///
    /// Where it is damaged or something else.
    pub fn read(path: PathBuf, bytes: Vec<u8>) -> Result<Self, TrainError> {
        let refuse = refusal(&path);
        let (_, header) =
            SafeTensors::read_metadata(&bytes).map_err(|source| not_safetensors(&path, source))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let value = |key: &str| text(&metadata, key).map_err(&refuse);
        let sealed = match metadata.get("format").map(String::as_str) {
            Some(FORMAT) => true,
            // One that has a seal has lost its format.
            Some(WITHOUT_SEAL) => metadata.contains_key("seal"),
            _ => return Err(refuse(format!("its format is not \"{FORMAT}\""))),
        };
        let sum = checksum(&bytes, &path)?;
        if sum != value("sha256")? {
            return Err(refuse(
                "its weights are not those that were written: the file is damaged, take a copy or \
                 train again"
                    .to_owned(),
            ));
        }
        if sealed && value("seal")? != seal(&value("card")?, &value("settings")?, &sum) {
            return Err(refuse(
                "its card or settings are not those that were written: the file is damaged, take a copy or train again"
                    .to_owned(),
            ));
        }
        let card = part(&path, "card", &value("card")?)?;
        Ok(Self {
            card,
            settings: value("settings")?,
            sum,
            bytes,
            path,
        })
    }

    /// The settings, and the network that `init` makes of them with the weights of the file. `task` is
    /// what the model has to be for.
    ///
    /// # Errors
    ///
    /// Where the file is a model for another task, `init` refuses its settings, or its tensors are not exactly those of the network that the
    /// settings make.
    pub fn load<S: DeserializeOwned, M: Module>(
        self,
        task: &str,
        device: &Device,
        init: impl FnOnce(&S, &Device) -> Result<M, TrainError>,
    ) -> Result<(S, M), TrainError> {
        if self.card.task != task {
            let given = &self.card.task;
            return Err(self.refuse(format!(
                "a model for the task {given}, expected one for {task}"
            )));
        }
        self.check_numbers()?;
        let settings: S = part(&self.path, "settings", &self.settings)?;
        let mut model = init(&settings, device).map_err(|source| TrainError::InFile {
            path: self.path.clone(),
            source: Box::new(source),
        })?;
        // No parameter of the model is there before the tensor for it has the shape that it is to have.
        let mut store = SafetensorsStore::from_bytes(Some(self.bytes))
            .validate(false)
            .allow_partial(true);
        let result = model
            .load_from(&mut store)
            .map_err(|source| unfit(&self.path, source))?;
        let refuse = refusal(&self.path);
        if let Some(error) = result.errors.first() {
            return Err(refuse(error.to_string().replace('\n', " ")));
        }
        let contradiction = "the settings in its header are not those of its weights";
        if let Some((missing, _)) = result.missing.first() {
            return Err(refuse(format!("it lacks {missing}: {contradiction}")));
        }
        if let Some(unused) = result.unused.first() {
            return Err(refuse(format!(
                "it has {unused}, which the network has not: {contradiction}"
            )));
        }
        Ok((settings, model))
    }

    /// Refuses weights that are no numbers: all that is computed with them is none either.
    fn check_numbers(&self) -> Result<(), TrainError> {
        let tensors = SafeTensors::deserialize(&self.bytes)
            .map_err(|source| not_safetensors(&self.path, source))?;
        for (name, view) in tensors.tensors() {
            let mut numbers = view.data().chunks_exact(4);
            let finite = |bytes: &[u8]| {
                f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).is_finite()
            };
            if !numbers.all(finite) {
                return Err(self.refuse(format!(
                    "{name} has values that are infinite or no numbers: take a copy or train again"
                )));
            }
        }
        Ok(())
    }

    /// The name, shape and number of elements of every parameter, in the order of their names.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>, usize)> {
        let tensors = SafeTensors::deserialize(&self.bytes).expect("the header was read before");
        let mut parameters: Vec<_> = tensors
            .tensors()
            .into_iter()
            .map(|(name, view)| (name, view.shape().to_vec(), view.shape().iter().product()))
            .collect();
        parameters.sort();
        parameters
    }

    /// The SHA-256 sum of all parameters, in hexadecimal: equal for equal weights.
    pub fn checksum(&self) -> &str {
        &self.sum
    }

    /// Where it was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The error that this model does not do for what was asked.
    pub fn refuse(&self, reason: impl Into<String>) -> TrainError {
        refusal(&self.path)(reason.into())
    }

    /// The settings as they stand in the file, JSON.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// The number of bytes of the file.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// The sum over all tensors' names and bytes, in the order of their names.
fn checksum(bytes: &[u8], path: &Path) -> Result<String, TrainError> {
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|source| not_safetensors(path, source))?;
    let mut tensors = tensors.tensors();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut sum = Sha256::new();
    for (name, view) in tensors {
        if view.dtype() != Dtype::F32 {
            return Err(refusal(path)(format!(
                "{name} is of {:?}, expected F32: convert it to 32-bit floats",
                view.dtype()
            )));
        }
        sum.update(name.as_bytes());
        sum.update(format!("{:?} {:?}", view.dtype(), view.shape()));
        sum.update(view.data());
    }
    Ok(hexadecimal(sum))
}

/// The sum over what the header says, and over the sum of the weights.
fn seal(card: &str, settings: &str, sum: &str) -> String {
    let mut seal = Sha256::new();
    for part in [FORMAT, card, settings, sum] {
        // With their lengths, so that nothing moves from one to the next.
        seal.update((part.len() as u64).to_le_bytes());
        seal.update(part);
    }
    hexadecimal(seal)
}

/// A sum as model files write it.
pub(crate) fn hexadecimal(sum: Sha256) -> String {
    let digest = sum.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn refusal(path: &Path) -> impl Fn(String) -> TrainError + use<> {
    let path = path.to_owned();
    move |reason| TrainError::Model {
        path: path.clone(),
        reason,
    }
}

fn not_safetensors(path: &Path, source: SafeTensorError) -> TrainError {
    let path = path.to_owned();
    TrainError::NotSafetensors { path, source }
}

fn unfit(path: &Path, source: SafetensorsStoreError) -> TrainError {
    let path = path.to_owned();
    TrainError::Weights { path, source }
}

/// A part of the header.
fn part<T: DeserializeOwned>(path: &Path, part: &'static str, text: &str) -> Result<T, TrainError> {
    serde_json::from_str(text).map_err(|source| TrainError::Header {
        path: path.to_owned(),
        part,
        source,
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("settings are plain data")
}

fn text(metadata: &HashMap<String, String>, key: &str) -> Result<String, String> {
    let value = metadata.get(key).cloned();
    value.ok_or_else(|| format!("its header has no \"{key}\""))
}

#[cfg(test)]
#[path = "altered_models.rs"]
mod altered_models;
#[cfg(test)]
#[path = "model_samples.rs"]
mod model_samples;
#[cfg(test)]
mod tests {
    use burn::nn::{Linear, LinearConfig};

    use super::*;

    fn init(width: &usize, device: &Device) -> Result<Linear, TrainError> {
        Ok(LinearConfig::new(*width, 2).init(device))
    }

    fn saved(folder: &Path) -> (std::path::PathBuf, Linear) {
        let path = folder.join("new").join("model.safetensors");
        let model = init(&3, &Device::default()).unwrap();
        let card = ModelCard {
            task: "line".to_owned(),
            ..ModelCard::default()
        };
        save_model(&path, &card, &3usize, &model).unwrap();
        (path, model)
    }

    #[test]
    fn a_model_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (path, model) = saved(folder.path());
        let file = ModelFile::open(path.parent().unwrap()).unwrap();
        assert_eq!(file.parameters().len(), 2);
        let (width, loaded) = file.load("line", &Device::default(), init).unwrap();
        assert_eq!(width, 3);
        let difference = (loaded.weight.val() - model.weight.val()).abs().max();
        assert_eq!(difference.into_scalar::<f32>(), 0.0);
    }

    /// Every bit of the header, wherever it stands: refused, or without a meaning.
    #[test]
    fn a_changed_header_is_never_believed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = saved(folder.path());
        let whole = std::fs::read(&path).unwrap();
        let before = ModelFile::open(&path).unwrap();
        let length = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
        for bit in 0..8 * (8 + length) {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(file) = ModelFile::open(&path) {
                assert_eq!(file.card, before.card, "bit {bit}");
                assert_eq!(file.settings, before.settings, "bit {bit}");
                assert_eq!(file.sum, before.sum, "bit {bit}");
            }
        }
    }

    #[test]
    fn what_is_damaged_or_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = saved(folder.path());
        let whole = std::fs::read(&path).unwrap();
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let message = ModelFile::open(&path).unwrap_err().to_string();
            assert!(message.contains("model.safetensors"), "{message}");
            message
        };
        let mut altered = whole.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(refused(&altered).contains("damaged"));
        refused(&whole[..whole.len() - 1]);
        refused(b"no weights");
        std::fs::write(&path, &whole).unwrap();
        let other = ModelFile::open(&path).unwrap();
        let error = other.load("curve", &Device::default(), init).unwrap_err();
        assert!(error.to_string().contains("line"), "{error}");
    }
}
