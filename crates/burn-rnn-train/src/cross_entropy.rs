//! The loss of predicted classes at every step of a sequence.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// The cross-entropy of each step in nats, `[batch, time]`: `−ln softmax(logits)[target]`. `logits` are
/// `[batch, time, classes]`, `targets` `[batch, time]`; where a step is padding any class will do, and
/// the result is to be multiplied by the mask.
pub(crate) fn cross_entropies(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let chosen = log_softmax(logits, 2).gather(2, targets.unsqueeze_dim(2));
    chosen.squeeze_dim::<2>(2).neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn it_is_minus_the_logarithm_of_the_probability() {
        let device = Device::default();
        let logits = [[[1f32.ln(), 2f32.ln(), 5f32.ln()], [0.0, 0.0, 0.0]]];
        let losses = cross_entropies(
            Tensor::<3>::from_data(logits, &device),
            Tensor::<2, Int>::from_data([[2, 0]], &device),
        );
        let losses: Vec<f32> = losses.into_data_as::<f32>().try_into_vec().unwrap();
        assert!((losses[0] - (8f32 / 5.0).ln()).abs() < 1e-6);
        assert!((losses[1] - 3f32.ln()).abs() < 1e-6);
    }
}
