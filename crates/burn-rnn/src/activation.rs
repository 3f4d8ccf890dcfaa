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
}

/// The functions that equations have as a `const` parameter, by their place here: the compiler then makes each its own loop.
pub(crate) const FUNCTIONS: [Function; 4] = [
    Function::Tanh,
    Function::Relu,
    Function::Sigmoid,
    Function::Identity,
];

/// The engine of equations whose parameter is an activation's place in [`FUNCTIONS`].
macro_rules! engine_by_activation {
    ($activation:expr, $equations:ident) => {
        match $activation {
            Activation::Tanh => Engine::of($equations::<0>),
            Activation::Relu => Engine::of($equations::<1>),
            Activation::Sigmoid => Engine::of($equations::<2>),
            Activation::Identity => Engine::of($equations::<3>),
        }
    };
}
pub(crate) use engine_by_activation;
