//! IndRNN: units that see only themselves.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::pre_activation::{Activate, Chosen, Known, engine_by_activation};
use crate::definition::{Declaration, Definition, Engine, Stage};
use crate::{
    Activation, CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState,
    Parameters, Recurrent, RecurrentConfig,
};

/// The independently recurrent cell of Li et al. (2018), "Independently recurrent neural network (IndRNN)":
///
/// ```text
/// h_t = f(W x_t + u ⊙ h_{t-1} + b)
/// ```
///
/// with `f` relu (default) or another [`Activation`]. Each unit sees itself alone, so that a step has no product. For long
/// sequences the paper keeps `|u|` below `2^(1/time)`.
#[derive(Module, Debug)]
pub struct IndRnnCell {
    /// `W`, `[d_input, d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// `b`, `[d_hidden]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// `u`, `[d_hidden]`.
    pub u_hidden: Param<Tensor<1>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: IndRnnOptions,
}

/// An IndRNN, of any number of layers and directions.
pub type IndRnn = Recurrent<IndRnnCell>;

/// The configuration of [`IndRnn`].
pub type IndRnnConfig = RecurrentConfig<IndRnnOptions>;

/// What is particular to the IndRNN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndRnnOptions {
    /// The function `f`; relu by default.
    pub activation: Activation,
}

impl Default for IndRnnOptions {
    fn default() -> Self {
        Self {
            activation: Activation::Relu,
        }
    }
}

impl RecurrentConfig<IndRnnOptions> {
    /// Sets the function `f`; relu by default.
    #[must_use]
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.cell.activation = activation;
        self
    }
}

const ROLES: [GateRole; 1] = [GateRole::Other];

impl CellOptions for IndRnnOptions {
    type Cell = IndRnnCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        self.activation.validate()?;
        shape.initialization.validate(&ROLES, shape.bias)
    }

    /// `u` is drawn from `U(0, 1)`, as the paper does.
    fn init(&self, shape: &CellShape, device: &Device) -> IndRnnCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        IndRnnCell {
            w_input: initialization.input_weights(d_input, d_hidden, 1, device),
            bias: shape.biases(&ROLES, device),
            u_hidden: Initializer::Uniform { min: 0.0, max: 1.0 }.init([d_hidden], device),
            options: self.clone(),
        }
    }
}

/// The equations with the function `f`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations<F>(F);

impl<F: Activate> Definition for Equations<F> {
    fn declare(&self) -> Declaration {
        Declaration::new().state().input(0).vector("u_hidden")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let a = at.sum(0) + at.vector(0) * at.state(0);
        at.set_state(0, self.0.of(a));
    }
}

impl DefinedCell for IndRnnCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.u_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        engine_by_activation!(self.options.activation, None, Equations)
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.u_hidden);
    }
}
