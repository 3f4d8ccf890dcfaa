//! The committed fixtures: tensors and settings that PyTorch and ONNX made.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, Tensor, TensorData};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

/// One case: named tensors and named settings.
pub struct Fixture {
    pub name: String,
    settings: HashMap<String, String>,
    tensors: HashMap<String, TensorData>,
}

/// The folder `tests/fixtures/<name>` of `burn-rnn`, whichever package of the project this is built for.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("crates/burn-rnn/tests/fixtures"))
        .find(|fixtures| fixtures.is_dir())
        .expect("the package is within the project")
        .join(name)
}

/// All cases in `tests/fixtures/<name>`, in the order of their names; never none.
pub fn all(name: &str) -> Vec<Fixture> {
    let folder = folder(name);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "safetensors")
        })
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}: no fixtures", folder.display());
    paths.iter().map(|path| Fixture::read(path)).collect()
}

impl Fixture {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensors = file
            .tensors()
            .into_iter()
            .map(|(name, view)| {
                let shape = view.shape().to_vec();
                let words = view.data().chunks_exact(4).map(|b| b.try_into().unwrap());
                let values: Vec<f32> = match view.dtype() {
                    Dtype::F32 => words.map(f32::from_le_bytes).collect(),
                    Dtype::I32 => words.map(|b| i32::from_le_bytes(b) as f32).collect(),
                    other => panic!("{}: {name} is {other:?}", path.display()),
                };
                (name, TensorData::new(values, shape))
            })
            .collect();
        Self {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            settings: header.metadata().clone().unwrap_or_default(),
            tensors,
        }
    }

    /// Puts matrices side by side under another name, those that are there.
    pub fn join_columns(&mut self, parts: &[String], whole: String) {
        let parts: Vec<TensorData> = parts
            .iter()
            .filter_map(|name| self.tensors.remove(name))
            .collect();
        let Some(first) = parts.first() else { return };
        let rows = first.shape()[0];
        let columns: usize = parts.iter().map(|part| part.shape()[1]).sum();
        let values: Vec<Vec<f32>> = parts.iter().map(|part| part.iter().collect()).collect();
        let mut joined = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            for values in &values {
                let width = values.len() / rows;
                joined.extend_from_slice(&values[row * width..][..width]);
            }
        }
        self.tensors
            .insert(whole, TensorData::new(joined, [rows, columns]));
    }

    pub fn setting(&self, name: &str) -> &str {
        self.settings
            .get(name)
            .unwrap_or_else(|| panic!("{}: no setting {name}", self.name))
    }

    pub fn has_setting(&self, name: &str) -> bool {
        self.settings.contains_key(name)
    }

    pub fn number(&self, name: &str) -> usize {
        self.setting(name).parse().unwrap()
    }

    pub fn flag(&self, name: &str) -> bool {
        self.setting(name).parse().unwrap()
    }

    /// The names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let data = self
            .tensors
            .get(name)
            .unwrap_or_else(|| panic!("{}: no tensor {name}", self.name));
        Tensor::from_data(data.clone(), (device, DType::F32))
    }

    /// The tensor where the case has it.
    pub fn optional<const D: usize>(&self, name: &str, device: &Device) -> Option<Tensor<D>> {
        self.has(name).then(|| self.tensor(name, device))
    }
}
