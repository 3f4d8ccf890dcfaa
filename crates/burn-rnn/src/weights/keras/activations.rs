//! Keras' activations by name, and what they are here.

use serde_json::Value;

use super::config::Layer;
use super::errors::cannot_read;
use crate::Activation;
use crate::weights::error::WeightsError;

/// The version of Keras that wrote a file, as far as it matters: `hard_sigmoid` changed its slope with the third.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// 2 and before: `0.2 x + 0.5`.
    Two,
    /// 3: `relu6(x + 3) / 6`.
    Three,
}

/// The activation that an argument of a layer says. None there means the identity, as in Keras.
///
/// # Errors
///
/// Where it is one that this library has not.
pub(super) fn activation(
    layer: Layer<'_>,
    argument: &str,
    version: Version,
) -> Result<Activation, WeightsError> {
    let refuse = |what: String| {
        cannot_read(
            format!("the {argument} of a {} layer", layer.class),
            format!(
                "it is {what}; those that can be read are tanh, sigmoid, relu, linear, softplus, softsign, hard_sigmoid, elu and leaky_relu: `KerasFile::tensor` gives the layer's numbers"
            ),
        )
    };
    match layer.settings.get(argument) {
        None => Err(refuse("not said".into())),
        Some(Value::Null) => Ok(Activation::Identity),
        Some(Value::String(name)) => {
            by_name(name, version).ok_or_else(|| refuse(format!("`{name}`")))
        }
        Some(value) => Layer::of(value)
            .and_then(|function| by_class(function, version))
            .ok_or_else(|| {
                let class = value.get("class_name").and_then(Value::as_str);
                let name = value.get("config").and_then(Value::as_str);
                let what = name.or(class).unwrap_or("a function of its own");
                refuse(format!("`{what}`"))
            }),
    }
}

fn by_name(name: &str, version: Version) -> Option<Activation> {
    Some(match name {
        "tanh" => Activation::Tanh,
        "relu" => Activation::Relu,
        "sigmoid" => Activation::Sigmoid,
        "linear" => Activation::Identity,
        "softplus" => Activation::Softplus,
        "softsign" => Activation::Softsign,
        "hard_sigmoid" => hard_sigmoid(version),
        "elu" => Activation::ELU,
        "leaky_relu" => Activation::LeakyRelu { alpha: 0.2 },
        _ => return None,
    })
}

/// A layer that is used as a function, or a function that is written as a class.
fn by_class(function: Layer<'_>, version: Version) -> Option<Activation> {
    let number = |name: &str| function.settings.get(name)?.as_f64();
    let number = |names: [&str; 2]| names.into_iter().find_map(number).map(|x| x as f32);
    let zero = |name: &str| {
        let value = function.settings.get(name);
        value.is_none_or(|value| value.is_null() || value.as_f64() == Some(0.0))
    };
    match function.class {
        "function" => by_name(function.settings.as_str()?, version),
        "Activation" => by_name(function.text("activation")?, version),
        "ELU" => Some(Activation::Elu {
            alpha: number(["alpha", "alpha"]).unwrap_or(1.0),
        }),
        "LeakyReLU" => Some(Activation::LeakyRelu {
            alpha: number(["negative_slope", "alpha"]).unwrap_or(0.3),
        }),
        "ThresholdedReLU" => Some(Activation::ThresholdedRelu {
            alpha: number(["theta", "theta"]).unwrap_or(1.0),
        }),
        "ReLU" if zero("threshold") && max_is_none(function) => {
            match number(["negative_slope", "negative_slope"]) {
                None | Some(0.0) => Some(Activation::Relu),
                Some(alpha) => Some(Activation::LeakyRelu { alpha }),
            }
        }
        _ => None,
    }
}

/// A maximum of zero is one, too: only none is none.
fn max_is_none(function: Layer<'_>) -> bool {
    let most = function.settings.get("max_value");
    most.is_none_or(Value::is_null)
}

fn hard_sigmoid(version: Version) -> Activation {
    match version {
        Version::Two => Activation::HARD_SIGMOID,
        Version::Three => Activation::HardSigmoid {
            alpha: 1.0 / 6.0,
            beta: 0.5,
        },
    }
}
