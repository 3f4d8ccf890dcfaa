//! Masks: which units, steps and weights are dropped or kept.

use burn::tensor::{DType, Device, Distribution, Tensor, TensorData};
use burn_rnn_kernels::definition::MaskOf;
use burn_rnn_kernels::{Engine, Inputs, MaskShape, is_on_cpu};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::Regularization;

/// A mask of a scan.
pub(crate) struct Mask {
    pub(crate) of: MaskOf,
    pub(crate) values: Values,
}

/// The values of a mask.
pub(crate) enum Values {
    Same(Tensor<2>),
    ByStep(Tensor<3>),
}

impl Mask {
    /// Draws a mask.
    pub(crate) fn draw(
        of: MaskOf,
        shape: MaskShape,
        settings: &Regularization,
        options: (&Device, DType),
    ) -> Self {
        let [share, dropped, left] = match of {
            MaskOf::Source(_) => dropping(settings.hidden_dropout),
            MaskOf::Candidate => dropping(settings.recurrent_dropout),
            MaskOf::Kept(0) => [settings.zoneout, 1.0, 0.0],
            MaskOf::Kept(_) => [settings.zoneout_cell, 1.0, 0.0],
            MaskOf::Cell => [0.0, 0.0, 1.0],
        };
        let values = match shape {
            MaskShape::Same(shape) => Values::Same(draw(shape, [share, dropped, left], options)),
            MaskShape::ByStep(shape) => {
                Values::ByStep(draw(shape, [share, dropped, left], options))
            }
        };
        Self { of, values }
    }

    /// Adds it to the operands of a scan.
    pub(crate) fn push_to(self, inputs: &mut Inputs) {
        match self.values {
            Values::Same(mask) => inputs.push(Some(mask)),
            Values::ByStep(mask) => inputs.push(Some(mask)),
        }
    }
}

/// The share of zeros of a dropout, zero, and what is left, scaled to the same mean.
fn dropping(probability: f64) -> [f64; 3] {
    [probability, 0.0, 1.0 / (1.0 - probability)]
}

/// A mask of dropout, the same at all steps.
pub(crate) fn draw_same<const D: usize>(
    shape: [usize; D],
    probability: f64,
    options: (&Device, DType),
) -> Tensor<D> {
    draw(shape, dropping(probability), options)
}

/// Drops weights of the recurrent matrices among the operands.
pub(crate) fn mask_matrices(inputs: &mut Inputs, engine: &Engine, probability: f64) {
    inputs.map_matrices(engine, |weights| {
        let options = (&weights.device(), weights.dtype());
        let mask = draw_same(weights.dims(), probability, options);
        weights * mask
    });
}

/// A tensor of two values, the first with a probability of `share`, to 1/65536.
///
/// On a processor the numbers are drawn on the host, four of one random number: to draw one for each value took a quarter of a training
/// step of an LSTM.
fn draw<const D: usize>(
    shape: [usize; D],
    [share, first, second]: [f64; 3],
    options: (&Device, DType),
) -> Tensor<D> {
    let (device, dtype) = options;
    let device = &device.clone().inner();
    if !is_on_cpu(device) {
        let drawn = Tensor::<D>::random(shape, Distribution::Bernoulli(share), (device, dtype));
        return drawn * (first - second) + second;
    }
    let mut numbers = SmallRng::seed_from_u64(seed(device));
    let below = (share * 65536.0).round() as u64;
    let (first, second) = (first as f32, second as f32);
    let mut values = vec![second; shape.iter().product()];
    for four in values.chunks_mut(4) {
        let bits = numbers.next_u64();
        for (place, value) in four.iter_mut().enumerate() {
            if (bits >> (16 * place)) & 0xffff < below {
                *value = first;
            }
        }
    }
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// A seed from the device's own random numbers.
fn seed(device: &Device) -> u64 {
    let drawn = Tensor::<1>::random([4], Distribution::Uniform(0.0, 65536.0), device);
    let drawn = drawn.into_data();
    let numbers = drawn.iter::<f32>().map(|number| number as u64);
    numbers.fold(0, |seed, number| (seed << 16) | number.min(65535))
}
