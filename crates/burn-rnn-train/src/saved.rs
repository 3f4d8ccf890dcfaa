//! The options of all commands that use a saved model, and where it is found.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::Args;

use crate::{ModelFile, TrainError, device};

/// Which model, where it computes, and how a command tells what came of it.
#[derive(Clone, Debug, Args)]
pub struct SavedArgs {
    /// A model file, the folder that a training wrote with --out, or a model that the program has built in (see
    /// `burn-rnn list`)
    #[arg(long, value_name = "PATH")]
    pub model: PathBuf,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// JSON on standard output in place of text
    #[arg(long)]
    pub json: bool,
}

impl SavedArgs {
    /// The model's file and the device.
    ///
    /// # Errors
    ///
    /// As [`open_model`], and where the program was built without the backend.
    pub fn open(&self) -> Result<(ModelFile, Device), TrainError> {
        let device = device(self.device.as_deref())?;
        Ok((open_model(&self.model)?, device))
    }
}

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        /// Names and files of the models that are built in.
        const BUILT_IN: &[(&str, &[u8])] = &[$((
            concat!("zoo/", $name),
            include_bytes!(concat!("../zoo/", $name, "/model.safetensors")),
        )),+];
    };
}

built_in!(
    "anomaly", "dates", "forecast", "music", "reber", "sensors", "sounds", "tagger", "text",
    "voice"
);

/// The names of the models that are built in, in their order.
pub fn built_in() -> impl Iterator<Item = &'static Path> {
    BUILT_IN.iter().map(|(name, _)| Path::new(name))
}

/// Opens a model file, a folder with one, or, where there is neither, the model that is built in under this name.
///
/// # Errors
///
/// Where there is none, or it is damaged or something else.
pub fn open_model(path: &Path) -> Result<ModelFile, TrainError> {
    let built_in = BUILT_IN.iter().find(|(name, _)| Path::new(name) == path);
    match built_in {
        Some((_, bytes)) if !path.exists() => ModelFile::read(path.to_owned(), bytes.to_vec()),
        _ if path.join("model.safetensors").exists() => ModelFile::open(path),
        _ => match of_seeds(path).as_slice() {
            [] => ModelFile::open(path),
            seeds @ [one, ..] => Err(TrainError::Model {
                path: path.to_owned(),
                reason: format!(
                    "it has {} folders of models that --seeds made: name one of them, such as --model {}",
                    seeds.len(),
                    one.display()
                ),
            }),
        },
    }
}

/// The folders with models that a training with `--seeds` left in one, in their order.
fn of_seeds(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let seed = entry.file_name().to_str()?.strip_prefix("seed-")?.parse();
            let path = entry.path();
            let has_model = path.join("model.safetensors").is_file();
            has_model.then_some((seed.ok()?, path))
        })
        .collect();
    folders.sort();
    folders.into_iter().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_models_of_the_zoo_are_built_in_and_a_file_of_the_name_comes_first() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo");
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_dir())
            .map(|entry| Path::new("zoo").join(entry.file_name()))
            .collect();
        names.sort();
        assert!(built_in().eq(names.iter().map(PathBuf::as_path)));
        // The tests run in the folder of the package, which has them as files.
        let file = open_model(Path::new("zoo/reber")).unwrap();
        assert_eq!(file.path(), Path::new("zoo/reber/model.safetensors"));
        for (name, bytes) in BUILT_IN {
            let file = ModelFile::read(PathBuf::from(name), bytes.to_vec()).unwrap();
            assert_eq!(file.card, open_model(Path::new(name)).unwrap().card);
        }
    }
}
