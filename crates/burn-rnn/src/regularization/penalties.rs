//! Penalties on outputs.

use burn::tensor::Tensor;

use crate::Sequences;

/// Activation and temporal activation regularization (Merity et al. 2017, "Revisiting activation regularization for language RNNs"): terms
/// for the loss that keep the outputs `h_t` of a network small, and slow.
///
/// ```text
/// α mean(h_t²)                  activation
/// β mean((h_{t+1} − h_t)²)      temporal
/// ```
///
/// The means are over all units of all steps that are there, and of all pairs of steps that belong together. The authors take the first of
/// the outputs after dropout, the second of those before, with α = 2 and β = 1.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_rnn::{ActivationPenalty, Lengths, LstmConfig};
///
/// let device = Device::default().autodiff();
/// let lstm = LstmConfig::new(3, 8).init(&device);
/// let lengths = Lengths::new([5, 2]);
/// let (output, _) = lstm.forward_with(Tensor::ones([2, 5, 3], &device), None, &lengths);
/// let penalty = ActivationPenalty { alpha: 2.0, beta: 1.0 };
/// let loss = output.clone().mean() + penalty.forward(output, &lengths);
/// let _gradients = loss.backward();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ActivationPenalty {
    /// The weight of the activation penalty.
    pub alpha: f64,
    /// The weight of the temporal activation penalty.
    pub beta: f64,
}

impl ActivationPenalty {
    /// Both penalties of outputs `[batch, time, features]`, `[1]`.
    ///
    /// # Panics
    ///
    /// Where the lengths or resets are not those of the output; the message shows both.
    pub fn forward(&self, output: Tensor<3>, sequences: impl Into<Sequences>) -> Tensor<1> {
        let sequences = sequences.into();
        self.activation(output.clone(), sequences.clone()) + self.temporal(output, sequences)
    }

    /// `α mean(h_t²)`, `[1]`.
    ///
    /// # Panics
    ///
    /// As [`forward`](ActivationPenalty::forward).
    pub fn activation(&self, output: Tensor<3>, sequences: impl Into<Sequences>) -> Tensor<1> {
        let sequences = sequences.into();
        let [batch, time, features] = output.dims();
        sequences.check("ActivationPenalty", output.dims());
        let steps = match sequences.lengths() {
            Some(lengths) => lengths.as_slice().iter().sum(),
            None => batch * time,
        };
        let output = sequences.zero_padding(output);
        let numbers = (steps * features).max(1) as f64;
        output.square().sum() * (self.alpha / numbers)
    }

    /// `β mean((h_{t+1} − h_t)²)`, `[1]`.
    ///
    /// # Panics
    ///
    /// As [`forward`](ActivationPenalty::forward).
    pub fn temporal(&self, output: Tensor<3>, sequences: impl Into<Sequences>) -> Tensor<1> {
        let sequences = sequences.into();
        let [batch, time, features] = output.dims();
        sequences.check("ActivationPenalty", output.dims());
        if time < 2 {
            return Tensor::zeros([1], (&output.device(), output.dtype()));
        }
        let pairs = sequences.pairs(batch, time);
        let count = pairs.iter().filter(|&&pair| pair).count();
        let output = sequences.zero_padding(output);
        let change = output.clone().narrow(1, 1, time - 1) - output.narrow(1, 0, time - 1);
        let change = if count == pairs.len() {
            change
        } else {
            let broken = pairs.iter().map(|pair| !pair).collect::<Vec<_>>();
            let shape = [batch, time - 1, 1];
            let broken = burn::tensor::TensorData::new(broken, shape);
            let broken = Tensor::<3, burn::tensor::Bool>::from_data(broken, &change.device());
            let broken = broken.expand(change.dims());
            change.mask_fill(broken, 0.0)
        };
        let numbers = (count * features).max(1) as f64;
        change.square().sum() * (self.beta / numbers)
    }
}
