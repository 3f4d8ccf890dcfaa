//! Point-wise activations chosen by configuration.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::definition::Function;

/// The function `f` of the simple cell and of feed-forward layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `tanh(a)`, the default.
    #[default]
    Tanh,
    /// `max(a, 0)`.
    Relu,
    /// `1 / (1 + e^−a)`.
    Sigmoid,
    /// `a` itself.
    Identity,
}

impl Activation {
    /// The function at every element.
    pub fn forward<const D: usize>(self, a: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Tanh => activation::tanh(a),
            Self::Relu => activation::relu(a),
            Self::Sigmoid => activation::sigmoid(a),
            Self::Identity => a,
        }
    }

    /// The function as equations name it.
    pub(crate) fn function(self) -> Function {
        match self {
            Self::Tanh => Function::Tanh,
            Self::Relu => Function::Relu,
            Self::Sigmoid => Function::Sigmoid,
            Self::Identity => Function::Identity,
        }
    }
}
