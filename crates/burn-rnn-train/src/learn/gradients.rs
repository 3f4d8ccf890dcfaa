//! What is done to gradients before a step.

use std::collections::BTreeSet;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The Euclidean norm of all gradients of `module` together; zero without any.
pub(super) fn norm<M: Module>(gradients: &GradientsParams, module: &M) -> f64 {
    let sum = sum_of_squares(gradients, module);
    sum.map_or(0.0, |sum| sum.into_scalar::<f64>().sqrt())
}

/// The sum of the squares of all gradients of `module`, on their device; nothing without any.
fn sum_of_squares<M: Module>(gradients: &GradientsParams, module: &M) -> Option<Tensor<1>> {
    let mut visitor = SumOfSquares {
        gradients,
        sum: None,
    };
    module.visit(&mut visitor);
    visitor.sum
}

/// All gradients of `module` times `factor`, each element no further than `limit` from zero.
pub(super) fn scale<M: Module>(
    gradients: GradientsParams,
    module: &M,
    factor: f64,
    limit: Option<f64>,
) -> GradientsParams {
    let mut visitor = Scale {
        gradients,
        factor,
        limit,
    };
    module.visit(&mut visitor);
    visitor.gradients
}

/// The parameters of `module` that have a gradient, by their numbers.
pub(super) fn owners<M: Module>(gradients: &GradientsParams, module: &M) -> BTreeSet<u64> {
    let mut visitor = Owners {
        gradients,
        owners: BTreeSet::new(),
    };
    module.visit(&mut visitor);
    visitor.owners
}

struct Owners<'a> {
    gradients: &'a GradientsParams,
    owners: BTreeSet<u64>,
}

impl ModuleVisitor for Owners<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.gradients.get::<D>(param.id).is_some() {
            self.owners.insert(param.id.val());
        }
    }
}

struct SumOfSquares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for SumOfSquares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let squares = gradient.square().sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + squares,
                None => squares,
            });
        }
    }
}

struct Scale {
    gradients: GradientsParams,
    factor: f64,
    limit: Option<f64>,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let scaled = gradient * self.factor;
            let limited = match self.limit {
                Some(limit) => scaled.clamp(-limit, limit),
                None => scaled,
            };
            self.gradients.register(param.id, limited);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn gradients_are_measured_scaled_and_limited() {
        let device = Device::default().autodiff();
        let linear = LinearConfig::new(1, 2).init(&device);
        let input = Tensor::<2>::full([1, 1], 3.0, &device);
        // 3 for each weight, 1 for each bias.
        let gradients =
            GradientsParams::from_grads(linear.forward(input).sum().backward(), &linear);
        assert!((norm(&gradients, &linear) - 20f64.sqrt()).abs() < 1e-5);
        let gradients = scale(gradients, &linear, 2.0, Some(5.0));
        assert!((norm(&gradients, &linear) - 58f64.sqrt()).abs() < 1e-5);
    }
}
