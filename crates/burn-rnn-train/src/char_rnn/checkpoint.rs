//! A saved model: one file with the weights, the settings and the vocabulary.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use burn_rnn_data::Vocabulary;
use safetensors::SafeTensors;

use super::{CharModel, CharModelConfig};
use crate::TrainError;
use crate::new_file::new_file;

/// What the file says it is; the number grows when older programs cannot read it any more.
const FORMAT: &str = "burn-rnn character model 1";
const FILE: &str = "model.safetensors";
const PREVIOUS: &str = "model.previous.safetensors";

/// A character model with what is needed to use it.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The settings of the model.
    pub config: CharModelConfig,
    /// The characters that it knows.
    pub vocabulary: Vocabulary,
    /// The model.
    pub model: CharModel,
}

impl Checkpoint {
    /// The file of the model in `folder`.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Puts a model that is already in `folder` aside, as `model.previous.safetensors`, so that the
    /// first [`save`](Checkpoint::save) of a new run loses nothing.
    ///
    /// # Errors
    ///
    /// Where the file cannot be renamed.
    pub fn keep_previous(folder: &Path) -> Result<(), TrainError> {
        let path = Self::path(folder);
        if path.exists() {
            std::fs::rename(&path, folder.join(PREVIOUS)).map_err(TrainError::write(&path))?;
        }
        Ok(())
    }

    /// Writes `model.safetensors` into `folder`, which is made where it is missing. The file is
    /// complete or not there: it is written beside and then renamed.
    ///
    /// # Errors
    ///
    /// Where something cannot be written.
    pub fn save(
        folder: &Path,
        config: &CharModelConfig,
        vocabulary: &Vocabulary,
        model: &CharModel,
    ) -> Result<(), TrainError> {
        let path = Self::path(folder);
        let refuse = |reason: String| TrainError::Model {
            path: path.clone(),
            reason,
        };
        let mut store = SafetensorsStore::from_bytes(None)
            .metadata("format", FORMAT)
            .metadata("config", json(config))
            .metadata("vocabulary", json(vocabulary));
        model
            .save_into(&mut store)
            .map_err(|error| refuse(error.to_string()))?;
        let bytes = store
            .get_bytes()
            .map_err(|error| refuse(error.to_string()))?;

        let write = || -> std::io::Result<()> {
            let mut file = new_file(folder, ".safetensors")?;
            file.write_all(&bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(TrainError::write(&path))
    }

    /// Reads the model in `folder`.
    ///
    /// # Errors
    ///
    /// Where there is none, or its file is damaged or something else.
    pub fn load(folder: &Path, device: &Device) -> Result<Self, TrainError> {
        let path = Self::path(folder);
        let refuse = |reason: String| TrainError::Model {
            path: path.clone(),
            reason,
        };
        let bytes = std::fs::read(&path).map_err(|error| {
            refuse(format!(
                "{error}; expected a folder that char-rnn wrote with --out"
            ))
        })?;
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|error| refuse(format!("not a safetensors file ({error})")))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        if metadata.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(refuse(format!("its format is not \"{FORMAT}\"")));
        }
        let config: CharModelConfig = from_json(&metadata, "config").map_err(refuse)?;
        let vocabulary: Vocabulary = from_json(&metadata, "vocabulary").map_err(refuse)?;
        let mut model = config.init(vocabulary.len(), device)?;
        model
            .load_from(&mut SafetensorsStore::from_bytes(Some(bytes)))
            .map_err(|error| refuse(error.to_string().replace('\n', " ")))?;
        Ok(Self {
            config,
            vocabulary,
            model,
        })
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("settings and characters are plain data")
}

fn from_json<T: serde::de::DeserializeOwned>(
    metadata: &HashMap<String, String>,
    key: &str,
) -> Result<T, String> {
    let text = metadata
        .get(key)
        .ok_or_else(|| format!("its header has no \"{key}\""))?;
    serde_json::from_str(text).map_err(|error| format!("\"{key}\" in its header: {error}"))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tensor;

    use super::*;
    use crate::Architecture;

    fn tiny() -> (CharModelConfig, Vocabulary) {
        let config = CharModelConfig {
            architecture: Architecture::Peephole,
            layers: 2,
            d_hidden: 3,
            d_embedding: 2,
            dropout: 0.1,
        };
        (config, Vocabulary::from_text("hello →\n"))
    }

    #[test]
    fn a_model_comes_back_as_it_was() {
        let device = Device::default();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        let (config, vocabulary) = tiny();
        let model = config.init(vocabulary.len(), &device).unwrap();
        Checkpoint::save(&folder, &config, &vocabulary, &model).unwrap();
        let loaded = Checkpoint::load(&folder, &device).unwrap();
        assert_eq!(loaded.config, config);
        assert_eq!(loaded.vocabulary, vocabulary);
        let ids = Tensor::from_data([[0, 3, 1]], &device);
        let (expected, _) = model.forward(ids, None);
        let ids = Tensor::from_data([[0, 3, 1]], &device);
        let (actual, _) = loaded.model.forward(ids, None);
        let difference = (actual - expected).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-6, "{difference}");
    }

    #[test]
    fn the_model_before_is_kept() {
        let device = Device::default();
        let folder = tempfile::tempdir().unwrap();
        let (config, vocabulary) = tiny();
        let model = config.init(vocabulary.len(), &device).unwrap();
        Checkpoint::save(folder.path(), &config, &vocabulary, &model).unwrap();
        let before = std::fs::read(Checkpoint::path(folder.path())).unwrap();
        Checkpoint::keep_previous(folder.path()).unwrap();
        Checkpoint::save(folder.path(), &config, &vocabulary, &model).unwrap();
        assert_eq!(std::fs::read(folder.path().join(PREVIOUS)).unwrap(), before);
    }

    #[test]
    fn other_files_are_refused() {
        let device = Device::default();
        let folder = tempfile::tempdir().unwrap();
        let message = || {
            Checkpoint::load(folder.path(), &device)
                .unwrap_err()
                .to_string()
        };
        assert!(message().contains(FILE), "{}", message());
        std::fs::write(Checkpoint::path(folder.path()), "no weights").unwrap();
        assert!(
            message().contains("not a safetensors file"),
            "{}",
            message()
        );

        let (config, vocabulary) = tiny();
        let model = config.init(vocabulary.len(), &device).unwrap();
        let wrong = CharModelConfig {
            d_hidden: 4,
            ..config
        };
        Checkpoint::save(folder.path(), &wrong, &vocabulary, &model).unwrap();
        assert!(!message().contains('\n'), "{}", message());
    }
}
