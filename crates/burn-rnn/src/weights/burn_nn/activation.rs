//! Activations of `burn::nn` and of this library.

use burn::nn::activation::Activation as Theirs;
use burn::nn::{
    Elu, HardSigmoid, Identity, LeakyRelu, Relu, Sigmoid, Softplus, Softsign, Tanh, ThresholdedRelu,
};

use crate::Activation;

/// The threshold above which a softplus of `burn::nn` is a straight line; there it is one in `f32` as well.
const SOFTPLUS_THRESHOLD: f64 = 20.0;

/// An activation of `burn::nn` here, or why there is none.
pub(super) fn ours(activation: &Theirs) -> Result<Activation, String> {
    Ok(match activation {
        Theirs::Identity(_) => Activation::Identity,
        Theirs::Relu(_) => Activation::Relu,
        Theirs::Sigmoid(_) => Activation::Sigmoid,
        Theirs::Tanh(_) => Activation::Tanh,
        Theirs::Softsign(_) => Activation::Softsign,
        Theirs::Softplus(softplus) if softplus.beta == 1.0 => Activation::Softplus,
        Theirs::HardSigmoid(hard) => Activation::HardSigmoid {
            alpha: hard.alpha as f32,
            beta: hard.beta as f32,
        },
        Theirs::LeakyRelu(leaky) => Activation::LeakyRelu {
            alpha: leaky.negative_slope as f32,
        },
        Theirs::Elu(elu) => Activation::Elu {
            alpha: elu.alpha as f32,
        },
        Theirs::ThresholdedRelu(relu) => Activation::ThresholdedRelu {
            alpha: relu.alpha as f32,
        },
        other => {
            return Err(format!(
                "the activation {other:?} is none of this library's"
            ));
        }
    })
}

/// An activation of this library in `burn::nn`, or why there is none.
pub(super) fn theirs(activation: Activation) -> Result<Theirs, String> {
    Ok(match activation {
        Activation::Identity => Theirs::Identity(Identity),
        Activation::Relu => Theirs::Relu(Relu),
        Activation::Sigmoid => Theirs::Sigmoid(Sigmoid),
        Activation::Tanh => Theirs::Tanh(Tanh),
        Activation::Softsign => Theirs::Softsign(Softsign),
        Activation::Softplus => Theirs::Softplus(Softplus {
            beta: 1.0,
            threshold: SOFTPLUS_THRESHOLD,
        }),
        Activation::HardSigmoid { alpha, beta } => Theirs::HardSigmoid(HardSigmoid {
            alpha: alpha.into(),
            beta: beta.into(),
        }),
        Activation::LeakyRelu { alpha } => Theirs::LeakyRelu(LeakyRelu {
            negative_slope: alpha.into(),
        }),
        Activation::Elu { alpha } => Theirs::Elu(Elu {
            alpha: alpha.into(),
        }),
        Activation::ThresholdedRelu { alpha } => Theirs::ThresholdedRelu(ThresholdedRelu {
            alpha: alpha.into(),
        }),
        Activation::Affine { .. } | Activation::ScaledTanh { .. } => {
            return Err(format!(
                "the activation {activation:?} is none of burn-nn's"
            ));
        }
    })
}
