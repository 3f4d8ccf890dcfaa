//! The readout on top of a recurrent network.

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::error::at_least_one;
use crate::project::project;
use crate::{ConfigError, Lengths};

/// The readout `o_t = c + V s_t`, `y_t = h(o_t)` of a recurrent network's hidden states.
///
/// On concatenated directions it is `c + V s_t + V' s'_t`.
#[derive(Module, Debug)]
pub struct Head {
    /// `V` and `c`: weight `[d_hidden, d_output]`, bias `[d_output]`.
    pub linear: Linear,
    /// The function `h`.
    #[module(skip)]
    pub activation: HeadActivation,
}

/// The function `h` of a [`Head`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadActivation {
    /// `o` itself, the default: regression, and logits for a loss that takes them.
    #[default]
    Identity,
    /// Probabilities that sum to one over the features.
    Softmax,
    /// A probability a feature.
    Sigmoid,
    /// Values in −1..1.
    Tanh,
}

/// The configuration of [`Head`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    /// The number of features of the hidden states.
    pub d_hidden: usize,
    /// The number of outputs.
    pub d_output: usize,
    /// Whether there is a bias `c`; on by default.
    #[serde(default = "yes")]
    pub bias: bool,
    /// The function `h`; the identity by default.
    #[serde(default)]
    pub activation: HeadActivation,
}

fn yes() -> bool {
    true
}

impl Config for HeadConfig {}

impl HeadConfig {
    /// A linear readout with a bias.
    pub fn new(d_hidden: usize, d_output: usize) -> Self {
        Self {
            d_hidden,
            d_output,
            bias: true,
            activation: HeadActivation::Identity,
        }
    }

    /// Sets whether there is a bias `c`; on by default.
    #[must_use]
    pub fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Sets the function `h`; the identity by default.
    #[must_use]
    pub fn with_activation(mut self, activation: HeadActivation) -> Self {
        self.activation = activation;
        self
    }

    /// A head with fresh parameters, drawn from `U(−1/√d_hidden, 1/√d_hidden)` as Burn's and PyTorch's linear layers.
    ///
    /// # Panics
    ///
    /// With the message of [`try_init`](HeadConfig::try_init)'s error.
    pub fn init(&self, device: &Device) -> Head {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`init`](HeadConfig::init), without the panic.
    ///
    /// # Errors
    ///
    /// Where a size is zero.
    pub fn try_init(&self, device: &Device) -> Result<Head, ConfigError> {
        at_least_one("d_hidden", self.d_hidden)?;
        at_least_one("d_output", self.d_output)?;
        Ok(Head {
            linear: LinearConfig::new(self.d_hidden, self.d_output)
                .with_bias(self.bias)
                .init(device),
            activation: self.activation,
        })
    }
}

impl Head {
    /// `o = c + V s`: `[…, d_hidden]` to `[…, d_output]`. Of no sequences or steps there are no outputs.
    ///
    /// # Panics
    ///
    /// Where the last axis is not `d_hidden`, or the type not that of the weights; the message shows both.
    pub fn logits<const D: usize>(&self, hidden: Tensor<D>) -> Tensor<D> {
        project("Head", "the hidden states", &self.linear, hidden)
    }

    /// `y = h(c + V s)`: `[…, d_hidden]` to `[…, d_output]`.
    ///
    /// # Panics
    ///
    /// As [`logits`](Head::logits).
    pub fn forward<const D: usize>(&self, hidden: Tensor<D>) -> Tensor<D> {
        let o = self.logits(hidden);
        if o.dims().contains(&0) {
            return o;
        }
        match self.activation {
            HeadActivation::Identity => o,
            HeadActivation::Softmax => activation::softmax(o, D - 1),
            HeadActivation::Sigmoid => activation::sigmoid(o),
            HeadActivation::Tanh => activation::tanh(o),
        }
    }

    /// [`forward`](Head::forward) over sequences of unequal lengths: `[batch, time, d_hidden]` to `[batch, time, d_output]`, zeros
    /// in the padding, where [`forward`](Head::forward) gives `h(c)`. Padding reaches no gradient, even where it is no number.
    ///
    /// Lengths are `&Lengths`, or an `Option` of them; `None` is no padding. A loss has to leave padding out, too: see the
    /// [guide](crate::guides::lengths).
    ///
    /// # Panics
    ///
    /// Where the last axis is not `d_hidden`, or the lengths do not fit; the message shows both.
    pub fn forward_with<'a>(
        &self,
        hidden: Tensor<3>,
        lengths: impl Into<Option<&'a Lengths>>,
    ) -> Tensor<3> {
        let Some(lengths) = lengths.into() else {
            return self.forward(hidden);
        };
        lengths.check("Head", hidden.dims());
        let y = self.forward(lengths.zero_padding(hidden));
        lengths.zero_padding(y)
    }
}
