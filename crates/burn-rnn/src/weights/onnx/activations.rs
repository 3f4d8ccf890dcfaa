//! ONNX's functions by name, with their parameters.

use super::wire::malformed;
use crate::Activation;
use crate::weights::error::{WeightsError, WeightsErrorKind};

/// The functions of a node, with the lists of their parameters, which only those functions consume that have such a one.
pub(super) struct Lists<'a> {
    pub names: Vec<&'a str>,
    pub alphas: Vec<f32>,
    pub betas: Vec<f32>,
}

impl Lists<'_> {
    /// The functions. `node` is for messages.
    ///
    /// # Errors
    ///
    /// Where there is no such function, or parameters are left over.
    pub(super) fn read(&self, node: &str) -> Result<Vec<Activation>, WeightsError> {
        let mut alphas = self.alphas.iter().copied();
        let mut betas = self.betas.iter().copied();
        let read = |name: &&str| {
            let (alpha, beta) = (|| alphas.next(), || betas.next());
            function(name, alpha, beta).ok_or_else(|| {
                WeightsError::from(WeightsErrorKind::CannotRead {
                    what: format!("`{node}`"),
                    reason: format!(
                        "its activation `{name}` is none of ONNX's, or has no alpha and beta where it needs them"
                    ),
                })
            })
        };
        let functions = self.names.iter().map(read).collect::<Result<_, _>>()?;
        // Some writers fill the lists up with zeros, one for each function. Those are not in anybody's way.
        if alphas.chain(betas).any(|left| left != 0.0) {
            return Err(malformed(format!(
                "`{node}` has more activation_alpha or activation_beta than its activations {:?} have parameters",
                self.names
            )));
        }
        Ok(functions)
    }

    /// The lists of functions, all parameters written out.
    pub(super) fn write(functions: &[Activation]) -> Self {
        let mut lists = Self {
            names: Vec::new(),
            alphas: Vec::new(),
            betas: Vec::new(),
        };
        for function in functions {
            let (name, alpha, beta) = parts(*function);
            lists.names.push(name);
            lists.alphas.extend(alpha);
            lists.betas.extend(beta);
        }
        lists
    }
}

/// A function by its name, in whatever case, as ONNX Runtime reads it. The default parameters are those of the operators of that name.
fn function(
    name: &str,
    mut alpha: impl FnMut() -> Option<f32>,
    mut beta: impl FnMut() -> Option<f32>,
) -> Option<Activation> {
    Some(match name.to_ascii_lowercase().as_str() {
        "tanh" => Activation::Tanh,
        "relu" => Activation::Relu,
        "sigmoid" => Activation::Sigmoid,
        "softplus" => Activation::Softplus,
        "softsign" => Activation::Softsign,
        // The operators Affine and ScaledTanh are gone, and had no defaults but 1 and 0 for the first.
        "affine" => Activation::Affine {
            alpha: alpha().unwrap_or(1.0),
            beta: beta().unwrap_or(0.0),
        },
        "leakyrelu" => Activation::LeakyRelu {
            alpha: alpha().unwrap_or(0.01),
        },
        "thresholdedrelu" => Activation::ThresholdedRelu {
            alpha: alpha().unwrap_or(1.0),
        },
        "scaledtanh" => Activation::ScaledTanh {
            alpha: alpha()?,
            beta: beta()?,
        },
        "hardsigmoid" => Activation::HardSigmoid {
            alpha: alpha().unwrap_or(0.2),
            beta: beta().unwrap_or(0.5),
        },
        "elu" => Activation::Elu {
            alpha: alpha().unwrap_or(1.0),
        },
        _ => return None,
    })
}

/// The name and the parameters of a function. ONNX has no identity but the affine function of slope 1.
fn parts(function: Activation) -> (&'static str, Option<f32>, Option<f32>) {
    match function {
        Activation::Tanh => ("Tanh", None, None),
        Activation::Relu => ("Relu", None, None),
        Activation::Sigmoid => ("Sigmoid", None, None),
        Activation::Identity => ("Affine", Some(1.0), Some(0.0)),
        Activation::Softplus => ("Softplus", None, None),
        Activation::Softsign => ("Softsign", None, None),
        Activation::Affine { alpha, beta } => ("Affine", Some(alpha), Some(beta)),
        Activation::LeakyRelu { alpha } => ("LeakyRelu", Some(alpha), None),
        Activation::ThresholdedRelu { alpha } => ("ThresholdedRelu", Some(alpha), None),
        Activation::ScaledTanh { alpha, beta } => ("ScaledTanh", Some(alpha), Some(beta)),
        Activation::HardSigmoid { alpha, beta } => ("HardSigmoid", Some(alpha), Some(beta)),
        Activation::Elu { alpha } => ("Elu", Some(alpha), None),
    }
}
