//! The weights of a module, as all ranks have them.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use crate::{Communicator, LostRank};

/// All weights of a module, one after another.
pub fn weights<M: Module>(module: &M) -> Vec<f32> {
    let mut read = Read { values: Vec::new() };
    module.visit(&mut read);
    read.values
}

/// The module with the weights of rank 0: where ranks begin, whatever random numbers each of them drew. The modules
/// have the same parameters.
///
/// # Errors
///
/// Where a rank is lost.
///
/// # Panics
///
/// Where this module has more parameters than rank 0's.
pub fn share_weights<M: Module>(module: M, ranks: &dyn Communicator) -> Result<M, LostRank> {
    if ranks.size() == 1 {
        return Ok(module);
    }
    let mine = match ranks.rank() {
        0 => weights(&module)
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect(),
        _ => Vec::new(),
    };
    let bytes = ranks.broadcast(mine)?;
    if ranks.rank() == 0 {
        return Ok(module);
    }
    let (values, _) = bytes.as_chunks::<4>();
    let values: Vec<f32> = values.iter().map(|&v| f32::from_le_bytes(v)).collect();
    Ok(module.map(&mut Write { values: &values }))
}

struct Read {
    values: Vec<f32>,
}

impl ModuleVisitor for Read {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data().convert::<f32>();
        let values = data.as_slice::<f32>();
        self.values.extend_from_slice(values.expect("it is of f32"));
    }
}

struct Write<'a> {
    values: &'a [f32],
}

impl ModuleMapper for Write<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|old| {
            let shape = old.shape();
            let (mine, rest) = self.values.split_at(shape.num_elements());
            self.values = rest;
            let data = TensorData::new(mine.to_vec(), shape);
            let new = Tensor::<D>::from_data(data, &old.device()).cast(old.dtype());
            new.set_require_grad(old.is_require_grad())
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::Device;

    use super::*;
    use crate::Threads;

    #[test]
    fn all_ranks_have_the_weights_of_the_first_and_go_on_learning() {
        let device = Device::default().autodiff();
        let threads: Vec<_> = Threads::new(3)
            .into_iter()
            .map(|ranks| {
                let linear = LinearConfig::new(3, 2).init(&device);
                std::thread::spawn(move || {
                    let linear = share_weights(linear, &ranks).unwrap();
                    assert!(linear.weight.val().is_require_grad());
                    weights(&linear)
                })
            })
            .collect();
        let found: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        assert_eq!(found[0].len(), 8);
        assert!(found.iter().all(|other| *other == found[0]));
    }
}
