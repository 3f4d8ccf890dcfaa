//! The running average of a model's parameters.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// An exponential average of all parameters over the optimizer's steps (Polyak & Juditsky 1992). It
/// takes out the noise of the single steps, which matters where the data are few and noisy.
pub(super) struct ParameterAverage {
    decay: f64,
    /// Burn's map from parameters to tensors, of any content.
    values: GradientsParams,
}

impl ParameterAverage {
    /// An average in which a step's weight falls by `decay` with every later step.
    ///
    /// # Panics
    ///
    /// Where `decay` is not in `0..1`.
    pub(super) fn new(decay: f64) -> Self {
        assert!(
            (0.0..1.0).contains(&decay),
            "the decay is {decay}, expected at least 0 and below 1"
        );
        Self {
            decay,
            values: GradientsParams::new(),
        }
    }

    /// Takes the parameters of `model` in; the first time they are the average.
    pub(super) fn update(&mut self, model: &impl Module) {
        model.visit(self);
    }

    /// `model`, without automatic differentiation, with the averages as its parameters.
    ///
    /// # Panics
    ///
    /// Where the model was never given to [`update`](ParameterAverage::update).
    pub(super) fn apply<M: Module>(&self, model: &M) -> M {
        model.valid().map(&mut Apply { average: self })
    }
}

impl ModuleVisitor for ParameterAverage {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let new = param.val().inner();
        let average = match self.values.remove::<D>(param.id) {
            Some(average) => average * self.decay + new * (1.0 - self.decay),
            None => new,
        };
        self.values.register(param.id, average);
    }
}

struct Apply<'a> {
    average: &'a ParameterAverage,
}

impl ModuleMapper for Apply<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let average = self.average.values.get::<D>(param.id);
        let average = average.expect("every parameter was averaged");
        param.map(|_| average)
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn later_steps_weigh_more() {
        let device = Device::default().autodiff();
        let mut linear = LinearConfig::new(1, 1).with_bias(false).init(&device);
        let mut average = ParameterAverage::new(0.75);
        for value in [0.0, 4.0, 8.0] {
            linear.weight = linear.weight.map(|weight| weight.full_like(value));
            average.update(&linear);
        }
        let weight = average.apply(&linear).weight.val();
        assert!(!weight.device().is_autodiff());
        // 0 → 0.75 · 0 + 0.25 · 4 = 1 → 0.75 · 1 + 0.25 · 8 = 2.75
        assert_eq!(weight.into_scalar::<f32>(), 2.75);
    }
}
