//! The weights in the folder of a training.

use std::fs;
use std::path::Path;

/// All weights of the model in a folder, in the order of the file.
pub fn weights(folder: &Path) -> Vec<f32> {
    let file = fs::read(folder.join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let (values, rest) = file[8 + length..].as_chunks::<4>();
    assert!(!values.is_empty() && rest.is_empty());
    values.iter().map(|&v| f32::from_le_bytes(v)).collect()
}

/// The largest difference, as a share of the largest weight.
pub fn distance(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let difference = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let size = expected.iter().map(|v| v.abs());
    difference.fold(0.0, f32::max) / size.fold(0.0, f32::max)
}
