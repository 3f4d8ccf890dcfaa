//! Burn's own recurrent modules as networks of this library, and back.
//!
//! | `burn::nn` | here |
//! |---|---|
//! | `Rnn`, `BiRnn` | [`SimpleRnn`](crate::SimpleRnn) |
//! | `Lstm`, `BiLstm` | [`Lstm`](crate::Lstm) |
//! | `Gru`, `BiGru` | [`Gru`](crate::Gru) |
//!
//! A record of one of them is loaded into it by Burn, and it becomes a network by `TryFrom`:
//!
//! ```
//! use burn::nn::BiLstmConfig;
//! use burn::tensor::Device;
//! use burn_rnn::Lstm;
//!
//! let device = Device::default();
//! let theirs = BiLstmConfig::new(8, 32, true).init(&device); // .load_record(record)
//! let ours = Lstm::try_from(&theirs)?;
//! let theirs = burn::nn::BiLstm::try_from(&ours)?;
//!
//! // Layers on top of each other become one network, and a network becomes its layers.
//! let layers = [theirs.clone(), BiLstmConfig::new(64, 32, true).init(&device)];
//! let stack = Lstm::try_from(&layers[..])?;
//! let layers = Vec::<burn::nn::BiLstm>::try_from(&stack)?;
//! # assert_eq!(layers.len(), 2);
//! # Ok::<(), burn_rnn::weights::WeightsError>(())
//! ```
//!
//! Every gate has a linear layer a side there, each with a bias, and one block of the fused parameters here, with two biases: the numbers
//! stay what they are, but for the sign of a GRU's update gate, whose `z` keeps the state in `burn::nn` and overwrites it here. What one side
//! has and the other has not is refused with the reason: `reverse` alone, and the bounds that a `Gru` and a `Rnn` of `burn::nn` put on the
//! hidden state; here all that [`LstmOptions`](crate::LstmOptions) has beyond coupled gates, other activations and `cell_clip`.

mod activation;
mod gates;
mod gru;
mod lstm;
mod simple;

use super::error::{WeightsError, WeightsErrorKind};
use super::network::AnyNetwork;
use super::parts::{CellParts, cannot_hold};
use crate::directional::Directional;
use crate::{Cell, Merge, Recurrent, StackedConfig};

/// What messages call it.
const FORMAT: &str = "burn-nn";

/// A module of `burn::nn` that has no network here.
fn cannot_read(module: &'static str, reason: impl Into<String>) -> WeightsError {
    WeightsErrorKind::CannotRead {
        what: format!("a burn::nn::{module}"),
        reason: reason.into(),
    }
    .into()
}

/// A layer out of a module: its cells, and whether the batch is first.
struct Layer<C> {
    forward: C,
    backward: Option<C>,
    batch_first: bool,
}

/// A network of layers out of modules.
fn network<C: Cell>(
    module: &'static str,
    layers: impl Iterator<Item = Result<Layer<C>, WeightsError>>,
) -> Result<Recurrent<C>, WeightsError> {
    let mut batch_first = None;
    let mut stack = Vec::new();
    for (index, layer) in layers.enumerate() {
        let layer = layer?;
        let given = layer.batch_first;
        if *batch_first.get_or_insert(given) != given {
            return Err(cannot_read(
                module,
                format!(
                    "layer {index} and those before it differ in `batch_first`: make them equal"
                ),
            ));
        }
        if let Some(backward) = &layer.backward
            && backward.d_input() != layer.forward.d_input()
        {
            return Err(cannot_read(
                module,
                format!("the directions of layer {index} read different numbers of features"),
            ));
        }
        stack.push(Directional::new(
            layer.forward,
            layer.backward,
            Merge::Concat,
        ));
    }
    let stack = StackedConfig::new().try_init(stack);
    let stack = stack.map_err(|source| WeightsErrorKind::Config {
        network: format!("burn::nn::{module}"),
        source,
    })?;
    let batch_first = batch_first.unwrap_or(true);
    Ok(Recurrent { stack, batch_first })
}

/// Modules out of a network, one a layer: `make` makes it of the cells and `batch_first`.
fn modules<M>(
    network: AnyNetwork,
    two_directions: bool,
    make: impl Fn(&CellParts<'_>, Option<&CellParts<'_>>, bool) -> Result<M, String>,
) -> Result<Vec<M>, WeightsError> {
    const NAME: &str = "network";
    let parts = network.parts(NAME, FORMAT)?;
    let batch_first = parts.batch_first;
    let module = |layer: &super::parts::LayerParts<'_>| {
        if layer.backward.is_some() != two_directions {
            let (is, other) = match two_directions {
                true => ("one direction", "the module without `Bi`"),
                false => ("two directions", "the module with `Bi`"),
            };
            return Err(format!("a layer runs in {is}: convert it to {other}"));
        }
        if layer.backward.is_some() && layer.merge != Merge::Concat {
            return Err("its directions are not concatenated".into());
        }
        make(&layer.forward, layer.backward.as_ref(), batch_first)
    };
    let modules: Result<_, String> = parts.layers.iter().map(module).collect();
    modules.map_err(|reason| cannot_hold(NAME, FORMAT, reason))
}

/// The one module of a network of one layer.
fn only<M>(modules: Vec<M>) -> Result<M, WeightsError> {
    let count = modules.len();
    let mut modules = modules.into_iter();
    match (modules.next(), count) {
        (Some(module), 1) => Ok(module),
        _ => Err(cannot_hold(
            "network",
            FORMAT,
            format!("it has {count} layers and a module one: convert it to a Vec of modules"),
        )),
    }
}

/// The conversions between a kind of network and its modules in one and in two directions.
macro_rules! conversions {
    ($Network:ty, $One:ident, $Two:ident, $one_layer:path, $two_layer:path, $one_module:path, $two_module:path) => {
        impl TryFrom<&burn::nn::$One> for $Network {
            type Error = WeightsError;

            /// # Errors
            ///
            /// Where the module has what the network has not, or its layers do not fit.
            fn try_from(module: &burn::nn::$One) -> Result<Self, WeightsError> {
                Self::try_from(core::slice::from_ref(module))
            }
        }

        impl TryFrom<&[burn::nn::$One]> for $Network {
            type Error = WeightsError;

            /// # Errors
            ///
            /// As for one module, where there is none, and where one does not read what the one before gives.
            fn try_from(modules: &[burn::nn::$One]) -> Result<Self, WeightsError> {
                crate::weights::burn_nn::network(stringify!($One), modules.iter().map($one_layer))
            }
        }

        impl TryFrom<&burn::nn::$Two> for $Network {
            type Error = WeightsError;

            /// # Errors
            ///
            /// Where the module has what the network has not, or its layers do not fit.
            fn try_from(module: &burn::nn::$Two) -> Result<Self, WeightsError> {
                Self::try_from(core::slice::from_ref(module))
            }
        }

        impl TryFrom<&[burn::nn::$Two]> for $Network {
            type Error = WeightsError;

            /// # Errors
            ///
            /// As for one module, where there is none, and where one does not read what the one before gives.
            fn try_from(modules: &[burn::nn::$Two]) -> Result<Self, WeightsError> {
                crate::weights::burn_nn::network(stringify!($Two), modules.iter().map($two_layer))
            }
        }

        impl TryFrom<&$Network> for Vec<burn::nn::$One> {
            type Error = WeightsError;

            /// # Errors
            ///
            /// Where the network has what the module has not.
            fn try_from(network: &$Network) -> Result<Self, WeightsError> {
                crate::weights::burn_nn::modules(
                    network.clone().into(),
                    false,
                    |cell, _, batch_first| $one_module(cell, batch_first),
                )
            }
        }

        impl TryFrom<&$Network> for Vec<burn::nn::$Two> {
            type Error = WeightsError;

            /// # Errors
            ///
            /// Where the network has what the module has not.
            fn try_from(network: &$Network) -> Result<Self, WeightsError> {
                crate::weights::burn_nn::modules(
                    network.clone().into(),
                    true,
                    |forward, backward, batch_first| {
                        // There is one: a layer in one direction has been refused.
                        $two_module(forward, backward.unwrap_or(forward), batch_first)
                    },
                )
            }
        }

        impl TryFrom<&$Network> for burn::nn::$One {
            type Error = WeightsError;

            /// # Errors
            ///
            /// Where the network has what the module has not, or more than one layer.
            fn try_from(network: &$Network) -> Result<Self, WeightsError> {
                crate::weights::burn_nn::only(Vec::<Self>::try_from(network)?)
            }
        }

        impl TryFrom<&$Network> for burn::nn::$Two {
            type Error = WeightsError;

            /// # Errors
            ///
            /// Where the network has what the module has not, or more than one layer.
            fn try_from(network: &$Network) -> Result<Self, WeightsError> {
                crate::weights::burn_nn::only(Vec::<Self>::try_from(network)?)
            }
        }
    };
}
use conversions;
