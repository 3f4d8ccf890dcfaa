//! A trained model as one file: weights, settings, scores, how it was trained.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use safetensors::SafeTensors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::TrainError;
use crate::new_file::write_whole;

/// What the file says it is; the number grows when older programs cannot read it any more.
const FORMAT: &str = "burn-rnn model 2";

/// What stands beside the weights, whatever the task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The task, as on the command line.
    pub task: String,
    /// One line that says what the network is, for lists.
    pub network: String,
    /// The held-out scores of these weights, by name.
    pub scores: BTreeMap<String, f64>,
    /// The optimizer steps made.
    pub steps: usize,
    /// Where the random numbers started.
    pub seed: u64,
    /// The command that trained it.
    pub command: String,
}

/// Writes a model as a safetensors file whose header has the card, the settings and a SHA-256 sum of
/// the weights. The file is complete or not there.
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
    let refuse = refusal(path);
    let weights = |metadata: &[(&str, String)]| -> Result<Vec<u8>, TrainError> {
        let mut store = SafetensorsStore::from_bytes(None);
        for (key, value) in metadata {
            store = store.metadata(*key, value);
        }
        model
            .save_into(&mut store)
            .map_err(|error| refuse(error.to_string()))?;
        let bytes = store.get_bytes();
        Ok(bytes.map_err(|error| refuse(error.to_string()))?.to_vec())
    };
    let plain = weights(&[])?;
    let sum = checksum(&plain, path)?;
    let bytes = weights(&[
        ("format", FORMAT.to_owned()),
        ("card", json(card)),
        ("settings", json(settings)),
        ("sha256", sum),
    ])?;
    write_whole(path, &bytes)
}

/// A model file that has been read, its weights still to be put into a network.
#[derive(Clone, Debug)]
pub struct ModelFile {
    path: std::path::PathBuf,
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
        let refuse = refusal(&path);
        let bytes = std::fs::read(&path).map_err(|error| {
            refuse(format!(
                "{error}; expected a model file, or the folder that a training wrote with --out"
            ))
        })?;
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| refuse(format!("not a safetensors file ({error})")))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let value = |key: &str| text(&metadata, key).map_err(&refuse);
        if metadata.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(refuse(format!("its format is not \"{FORMAT}\"")));
        }
        let sum = checksum(&bytes, &path)?;
        if sum != value("sha256")? {
            return Err(refuse(
                "its weights are not those that were written: the file is damaged, take a copy or \
                 train again"
                    .to_owned(),
            ));
        }
        let card = serde_json::from_str(&value("card")?)
            .map_err(|error| refuse(format!("\"card\" in its header: {error}")))?;
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
    /// Where the file is a model for another task, or does not fit the network.
    pub fn load<S: DeserializeOwned, M: Module>(
        self,
        task: &str,
        device: &Device,
        init: impl FnOnce(&S, &Device) -> Result<M, TrainError>,
    ) -> Result<(S, M), TrainError> {
        let refuse = refusal(&self.path);
        if self.card.task != task {
            let given = &self.card.task;
            return Err(refuse(format!(
                "a model for the task {given}, expected one for {task}"
            )));
        }
        let settings: S = serde_json::from_str(&self.settings)
            .map_err(|error| refuse(format!("\"settings\" in its header: {error}")))?;
        let mut model = init(&settings, device)?;
        model
            .load_from(&mut SafetensorsStore::from_bytes(Some(self.bytes)))
            .map_err(|error| refuse(error.to_string().replace('\n', " ")))?;
        Ok((settings, model))
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
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(|error| refusal(path)(format!("its weights cannot be read ({error})")))?;
    let mut tensors = tensors.tensors();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut sum = Sha256::new();
    for (name, view) in tensors {
        sum.update(name.as_bytes());
        sum.update(format!("{:?} {:?}", view.dtype(), view.shape()));
        sum.update(view.data());
    }
    let digest = sum.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn refusal(path: &Path) -> impl Fn(String) -> TrainError + use<> {
    let path = path.to_owned();
    move |reason| TrainError::Model {
        path: path.clone(),
        reason,
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("settings are plain data")
}

fn text(metadata: &HashMap<String, String>, key: &str) -> Result<String, String> {
    let value = metadata.get(key).cloned();
    value.ok_or_else(|| format!("its header has no \"{key}\""))
}

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
