//! Point-wise activations chosen by configuration.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::definition::Function;

/// A point-wise function: the `f` of the simple cell and of feed-forward layers, and those of the gates of an LSTM or GRU.
///
/// They are ONNX's, by its names and with its parameters; the constants have its defaults, which a configuration file that leaves a
/// parameter out gets as well. `alpha` and `beta` are numbers, not trained.
///
/// ```
/// use burn_rnn::{Activation, LstmConfig};
///
/// let keras_1 = LstmConfig::new(8, 32).with_gate_activation(Activation::HARD_SIGMOID);
/// let own = LstmConfig::new(8, 32).with_candidate_activation(Activation::ScaledTanh { alpha: 1.7159, beta: 2.0 / 3.0 });
/// # keras_1.validate().unwrap();
/// # own.validate().unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
    /// `ln(1 + e^a)`.
    Softplus,
    /// `a / (1 + |a|)`.
    Softsign,
    /// `alpha · a + beta`.
    Affine {
        /// The slope; 1 by default.
        #[serde(default = "one")]
        alpha: f32,
        /// The value at zero; 0 by default.
        #[serde(default)]
        beta: f32,
    },
    /// `a` where it is positive, `alpha · a` elsewhere.
    LeakyRelu {
        /// The slope on the left, positive; 0.01 by default.
        #[serde(default = "hundredth")]
        alpha: f32,
    },
    /// `a` where it is larger than `alpha`, else 0.
    ThresholdedRelu {
        /// The threshold, not negative; 1 by default.
        #[serde(default = "one")]
        alpha: f32,
    },
    /// `alpha · tanh(beta · a)`. ONNX has no defaults.
    ScaledTanh {
        /// The largest value, not zero.
        alpha: f32,
        /// The scale of the argument.
        beta: f32,
    },
    /// `alpha · a + beta`, at least 0 and at most 1.
    HardSigmoid {
        /// The slope; 0.2 by default.
        #[serde(default = "fifth")]
        alpha: f32,
        /// The value at zero; 0.5 by default.
        #[serde(default = "half")]
        beta: f32,
    },
    /// `a` where it is positive, `alpha · (e^a − 1)` elsewhere.
    Elu {
        /// The distance of the lower bound from zero, positive; 1 by default.
        #[serde(default = "one")]
        alpha: f32,
    },
}

fn one() -> f32 {
    1.0
}

fn half() -> f32 {
    0.5
}

fn fifth() -> f32 {
    0.2
}

fn hundredth() -> f32 {
    0.01
}

impl Activation {
    /// [`Affine`](Activation::Affine) with ONNX's defaults, 1 and 0.
    pub const AFFINE: Self = Self::Affine {
        alpha: 1.0,
        beta: 0.0,
    };
    /// [`LeakyRelu`](Activation::LeakyRelu) with ONNX's default, 0.01.
    pub const LEAKY_RELU: Self = Self::LeakyRelu { alpha: 0.01 };
    /// [`ThresholdedRelu`](Activation::ThresholdedRelu) with ONNX's default, 1.
    pub const THRESHOLDED_RELU: Self = Self::ThresholdedRelu { alpha: 1.0 };
    /// [`HardSigmoid`](Activation::HardSigmoid) with ONNX's defaults, 0.2 and 0.5.
    pub const HARD_SIGMOID: Self = Self::HardSigmoid {
        alpha: 0.2,
        beta: 0.5,
    };
    /// [`Elu`](Activation::Elu) with ONNX's default, 1.
    pub const ELU: Self = Self::Elu { alpha: 1.0 };

    /// The function at every element.
    pub fn forward<const D: usize>(self, a: Tensor<D>) -> Tensor<D> {
        burn_rnn_kernels::apply(self.function(), a)
    }

    /// The function as equations have it.
    pub(crate) fn function(self) -> Function {
        match self {
            Self::Tanh => Function::Tanh,
            Self::Relu => Function::Relu,
            Self::Sigmoid => Function::Sigmoid,
            Self::Identity => Function::Identity,
            Self::Softplus => Function::Softplus,
            Self::Softsign => Function::Softsign,
            Self::Affine { alpha, beta } => Function::Affine { alpha, beta },
            Self::LeakyRelu { alpha } => Function::LeakyRelu { alpha },
            Self::ThresholdedRelu { alpha } => Function::ThresholdedRelu { alpha },
            Self::ScaledTanh { alpha, beta } => Function::ScaledTanh { alpha, beta },
            Self::HardSigmoid { alpha, beta } => Function::HardSigmoid { alpha, beta },
            Self::Elu { alpha } => Function::Elu { alpha },
        }
    }

    /// Refuses parameters with which the slope does not follow from the value, which is what the backward pass has.
    pub(crate) fn validate(self) -> Result<(), ConfigError> {
        let (alpha, beta) = match self {
            Self::Affine { alpha, beta }
            | Self::ScaledTanh { alpha, beta }
            | Self::HardSigmoid { alpha, beta } => (alpha, beta),
            Self::LeakyRelu { alpha } | Self::ThresholdedRelu { alpha } | Self::Elu { alpha } => {
                (alpha, 0.0)
            }
            _ => return Ok(()),
        };
        let reason = match self {
            _ if !(alpha.is_finite() && beta.is_finite()) => "alpha and beta have to be numbers",
            Self::LeakyRelu { .. } if alpha <= 0.0 => "alpha has to be positive; Relu has zero",
            Self::Elu { .. } if alpha <= 0.0 => "alpha has to be positive; Relu has zero",
            Self::ThresholdedRelu { .. } if alpha < 0.0 => "alpha has to be at least zero",
            Self::ScaledTanh { .. } if alpha == 0.0 => "alpha must not be zero",
            _ => return Ok(()),
        };
        let given = format!("{self:?}");
        Err(ConfigError::Activation { given, reason })
    }
}

/// Refuses a clip that is no bound.
pub(crate) fn validate_clip(field: &'static str, clip: Option<f32>) -> Result<(), ConfigError> {
    match clip {
        Some(value) if !(value.is_finite() && value > 0.0) => {
            Err(ConfigError::Clip { field, value })
        }
        _ => Ok(()),
    }
}
