//! Clipping by the norm of all gradients together.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::learn::gradients::sum_of_squares;

/// Scales all gradients of `module` by one factor where their common Euclidean norm is above
/// `max_norm` (Pascanu et al. 2013; PyTorch's `clip_grad_norm_`), so that the direction of the step
/// stays. Burn's own `GradientClipping::Norm` clips every tensor by itself.
///
/// # Panics
///
/// Where `max_norm` is not above zero.
pub(super) fn clip_global_norm<M: Module>(
    gradients: GradientsParams,
    module: &M,
    max_norm: f64,
) -> GradientsParams {
    assert!(max_norm > 0.0, "max_norm is {max_norm}, expected above 0");
    let Some(sum) = sum_of_squares(&gradients, module) else {
        return gradients;
    };
    // On the device, so that no step waits for a number to come back.
    let factor = (sum.sqrt() + 1e-6).recip().mul_scalar(max_norm);
    let mut scale = Scale {
        gradients,
        factor: factor.clamp_max(1.0),
    };
    module.visit(&mut scale);
    scale.gradients
}

struct Scale {
    gradients: GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let scaled = gradient * self.factor.clone().unsqueeze();
            self.gradients.register(param.id, scaled);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    use super::*;
    use crate::floats::floats;

    /// The gradient of `sum(W x + b)` at `x = 3`: 3 for each weight, 1 for each bias.
    fn clipped(max_norm: f64) -> (Linear, GradientsParams) {
        let device = Device::default().autodiff();
        let linear = LinearConfig::new(1, 2).init(&device);
        let loss = linear
            .forward(Tensor::<2>::full([1, 1], 3.0, &device))
            .sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &linear);
        let gradients = clip_global_norm(gradients, &linear, max_norm);
        (linear, gradients)
    }

    #[test]
    fn large_gradients_are_scaled_together() {
        // The norm is √(9 + 9 + 1 + 1) = √20.
        let (linear, gradients) = clipped(1.0);
        let weight = floats(gradients.get::<2>(linear.weight.id).unwrap());
        let bias = floats(
            gradients
                .get::<1>(linear.bias.as_ref().unwrap().id)
                .unwrap(),
        );
        for (actual, expected) in weight.iter().chain(&bias).zip([3.0, 3.0, 1.0, 1.0]) {
            let expected = expected / 20f32.sqrt();
            assert!(
                (actual - expected).abs() < 1e-5,
                "{actual}, expected {expected}"
            );
        }
    }

    #[test]
    fn small_gradients_stay() {
        let (linear, gradients) = clipped(10.0);
        let weight = floats(gradients.get::<2>(linear.weight.id).unwrap());
        assert_eq!(weight, [3.0, 3.0]);
    }
}
