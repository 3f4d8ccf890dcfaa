//! The options of this library's cells that stand for Keras' settings.

use super::errors::cannot_read;
use super::settings::CellSettings;
use crate::weights::error::WeightsError;
use crate::{Activation, GruOptions, LstmOptions, Reset, SimpleOptions};

/// The biases that a cell has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bias {
    None,
    /// On the input's side.
    One,
    /// On both sides.
    Two,
}

#[allow(clippy::unnecessary_wraps)] // As the others.
pub(super) fn simple(settings: &CellSettings, _: Bias) -> Result<SimpleOptions, WeightsError> {
    Ok(SimpleOptions {
        activation: settings.activation,
        ..SimpleOptions::default()
    })
}

#[allow(clippy::unnecessary_wraps)] // As the others.
pub(super) fn lstm(settings: &CellSettings, bias: Bias) -> Result<LstmOptions, WeightsError> {
    Ok(LstmOptions {
        gate_activation: settings.recurrent_activation,
        candidate_activation: settings.activation,
        cell_activation: settings.activation,
        bias_hidden: bias == Bias::Two,
        ..LstmOptions::default()
    })
}

pub(super) fn gru(settings: &CellSettings, bias: Bias) -> Result<GruOptions, WeightsError> {
    let gate_activation = settings.recurrent_activation;
    // Keras' update gate is one minus this library's, which is the same function of the opposite only for these.
    let turns = match gate_activation {
        Activation::Sigmoid => true,
        Activation::HardSigmoid { beta, .. } => beta == 0.5,
        _ => false,
    };
    if !turns {
        return Err(cannot_read(
            format!("a GRU layer with the recurrent_activation {gate_activation:?}"),
            "its update gate keeps what this library's overwrites, which is the same only for sigmoid and hard_sigmoid",
        ));
    }
    let after = match bias {
        Bias::Two => true,
        Bias::One => false,
        Bias::None => settings.reset_after.unwrap_or(true),
    };
    Ok(GruOptions {
        reset: if after {
            Reset::AfterProduct
        } else {
            Reset::BeforeProduct
        },
        gate_activation,
        candidate_activation: settings.activation,
        bias_hidden: bias == Bias::Two,
        ..GruOptions::default()
    })
}
