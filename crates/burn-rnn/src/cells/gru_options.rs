//! The settings of a GRU.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::gru::GruCell;
use super::gru_norm::GruNorm;
use crate::activation::validate_clip;
use crate::error::check_bias_hidden;
use crate::{Activation, CellOptions, CellShape, ConfigError, GateRole, RecurrentConfig};

/// Where the reset gate stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// `r ⊙ (U h)`: PyTorch, cuDNN, Keras' `reset_after`, ONNX's `linear_before_reset = 1`. The
    /// default, as in those libraries.
    #[default]
    AfterProduct,
    /// `U (r ⊙ h)`: as the paper is written (Cho et al. 2014, third version), ONNX's default.
    BeforeProduct,
}

/// What is particular to the GRU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GruOptions {
    /// Where the reset gate stands; after the product by default.
    pub reset: Reset,
    /// The function of `r` and `z`, ONNX's `f`; sigmoid by default.
    pub gate_activation: Activation,
    /// The function of `h~`, ONNX's `g`; tanh by default.
    pub candidate_activation: Activation,
    /// Bounds what these functions read to `−clip..clip`: ONNX's `clip`; none by default.
    pub clip: Option<f32>,
    /// A bias of its own for every gate on the hidden side, as PyTorch has it; off by default.
    pub bias_hidden: bool,
    /// Layer normalisation after Ba et al. (2016), with the equations of [`GruNorm`]; off by default.
    pub layer_norm: bool,
}

impl Default for GruOptions {
    fn default() -> Self {
        Self {
            reset: Reset::default(),
            gate_activation: Activation::Sigmoid,
            candidate_activation: Activation::Tanh,
            clip: None,
            bias_hidden: false,
            layer_norm: false,
        }
    }
}

impl RecurrentConfig<GruOptions> {
    /// Sets where the reset gate stands; after the product by default.
    #[must_use]
    pub fn with_reset(mut self, reset: Reset) -> Self {
        self.cell.reset = reset;
        self
    }

    /// Sets the function of the gates; sigmoid by default.
    #[must_use]
    pub fn with_gate_activation(mut self, activation: Activation) -> Self {
        self.cell.gate_activation = activation;
        self
    }

    /// Sets the function of the candidate; tanh by default.
    #[must_use]
    pub fn with_candidate_activation(mut self, activation: Activation) -> Self {
        self.cell.candidate_activation = activation;
        self
    }

    /// Bounds the pre-activations to `−clip..clip`; not bounded by default. Not with layer normalisation.
    #[must_use]
    pub fn with_clip(mut self, clip: f32) -> Self {
        self.cell.clip = Some(clip);
        self
    }

    /// Sets whether every gate has a second bias, on the hidden side, as PyTorch has it; off by default.
    #[must_use]
    pub fn with_bias_hidden(mut self, bias_hidden: bool) -> Self {
        self.cell.bias_hidden = bias_hidden;
        self
    }

    /// Sets whether pre-activations are normalised (Ba et al. 2016), with the equations of [`GruNorm`]; off by default.
    #[must_use]
    pub fn with_layer_norm(mut self, layer_norm: bool) -> Self {
        self.cell.layer_norm = layer_norm;
        self
    }
}

const ROLES: [GateRole; 3] = [GateRole::Other, GateRole::Write, GateRole::Other];

impl CellOptions for GruOptions {
    type Cell = GruCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        self.gate_activation.validate()?;
        self.candidate_activation.validate()?;
        validate_clip("clip", self.clip)?;
        check_bias_hidden(self.bias_hidden, shape.bias)?;
        let plain = Self {
            layer_norm: self.layer_norm,
            bias_hidden: self.bias_hidden,
            ..Self::default()
        };
        if self.layer_norm && *self != plain {
            return Err(ConfigError::Cell {
                given: "with_layer_norm(true) with the reset before the product, other activations or a clip",
                reason: "its equations are those of the plain GRU; leave out one or the other",
            });
        }
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> GruCell {
        let CellShape {
            d_input,
            d_hidden,
            bias,
            initialization,
        } = shape;
        GruCell {
            w_input: initialization.input_weights(*d_input, *d_hidden, ROLES.len(), device),
            w_hidden: initialization.recurrent_weights(*d_hidden, ROLES.len(), device),
            bias: bias.then(|| initialization.bias(*d_hidden, &ROLES, device)),
            bias_hidden: if self.bias_hidden {
                let roles = [GateRole::Other; ROLES.len()];
                Some(initialization.bias(*d_hidden, &roles, device))
            } else {
                (*bias && self.reset == Reset::AfterProduct)
                    .then(|| initialization.bias(*d_hidden, &[GateRole::Other], device))
            },
            norm: self.layer_norm.then(|| GruNorm::init(*d_hidden, device)),
            options: self.clone(),
        }
    }
}
