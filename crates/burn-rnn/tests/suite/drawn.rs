//! Numbers drawn here: the seed of a device is the whole process's, which other tests draw from.

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::parameters;

fn numbers(count: usize, seed: u64, limit: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| rng.random_range(-limit..limit))
        .collect()
}

/// A tensor of numbers between -1 and 1.
pub fn tensor<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let numbers = numbers(shape.iter().product(), seed, 1.0);
    Tensor::from_data(TensorData::new(numbers, shape), (device, DType::F32))
}

/// A module with all its parameters drawn anew, learned states among them.
pub fn parameters<M: Module>(module: M, seed: u64, limit: f64) -> M {
    let count = parameters::read(&module).len();
    parameters::write(module, &numbers(count, seed, limit), DType::F32)
}
