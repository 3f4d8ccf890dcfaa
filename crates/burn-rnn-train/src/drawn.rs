//! Parameters that a test draws for itself.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The module with parameters from `−limit` to `limit`, the same in every run.
///
/// A device's numbers come from one source in the whole process: other tests seed it and draw from it at the same time, so that what a
/// test expects of fresh parameters could hold in one run and not in the next.
pub fn drawn<M: Module>(module: M, limit: f32) -> M {
    module.map(&mut Drawn {
        rng: ChaCha8Rng::seed_from_u64(1),
        limit,
    })
}

struct Drawn {
    rng: ChaCha8Rng,
    limit: f32,
}

impl ModuleMapper for Drawn {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let shape = tensor.shape();
            let count = shape.num_elements();
            let range = -self.limit..self.limit;
            let values = (0..count).map(|_| self.rng.random_range(range.clone()));
            let data = TensorData::new(values.collect::<Vec<_>>(), shape);
            let device = tensor.device();
            let value = Tensor::from_data(data, &device);
            if device.is_autodiff() {
                value.require_grad()
            } else {
                value
            }
        })
    }
}
