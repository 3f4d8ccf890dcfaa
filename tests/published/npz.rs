//! NumPy's `.npz`: a zip of arrays.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use burn::tensor::TensorData;
use npyz::NpyFile;
use zip::ZipArchive;

/// The arrays of a file by name, which are all of `f32`.
///
/// # Errors
///
/// Where it cannot be read or has other arrays.
pub fn read(path: &Path) -> Result<HashMap<String, TensorData>, Box<dyn Error>> {
    let mut file = ZipArchive::new(BufReader::new(File::open(path)?))?;
    let mut arrays = HashMap::new();
    for index in 0..file.len() {
        let entry = file.by_index(index)?;
        let name = entry.name()?.trim_end_matches(".npy").to_owned();
        let array = NpyFile::new(entry)?;
        let shape: Vec<usize> = array.shape().iter().map(|&dim| dim as usize).collect();
        arrays.insert(name, TensorData::new(array.into_vec::<f32>()?, shape));
    }
    Ok(arrays)
}
