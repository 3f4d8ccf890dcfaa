//! The simple (Elman) cell.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::pre_activation::{Activate, Chosen, Known, engine_by_activation};
use crate::activation::validate_clip;
use crate::definition::{Declaration, Definition, Engine, Product, Stage};
use crate::error::check_bias_hidden;
use crate::gates::both_biases;
use crate::{
    Activation, CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState,
    Parameters, Recurrent, RecurrentConfig,
};

/// The simple recurrent cell of Elman (1990), "Finding structure in time":
///
/// ```text
/// a_t = b + W s_{t-1} + U x_t
/// s_t = f(a_t)
/// ```
///
/// with `f` tanh (default) or another [`Activation`]. The readout `y_t = h(c + V s_t)` is a
/// [`Head`](crate::Head) of its own. As row vectors: `a_t = x_t · w_input + s_{t-1} · w_hidden + bias`.
#[derive(Module, Debug)]
pub struct SimpleCell {
    /// `U`, `[d_input, d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// `W`, `[d_hidden, d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// `b`, `[d_hidden]`; PyTorch's `bias_ih + bias_hh`.
    pub bias: Option<Param<Tensor<1>>>,
    /// A second bias, `[d_hidden]`, which is added to the first: PyTorch's `bias_hh`. Only with [`SimpleOptions::bias_hidden`].
    pub bias_hidden: Option<Param<Tensor<1>>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: SimpleOptions,
}

/// A simple recurrent network of any number of layers and directions.
pub type SimpleRnn = Recurrent<SimpleCell>;

/// The configuration of [`SimpleRnn`].
pub type SimpleRnnConfig = RecurrentConfig<SimpleOptions>;

/// What is particular to the simple cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleOptions {
    /// The function `f`; tanh by default.
    pub activation: Activation,
    /// Bounds the pre-activation, `s_t = f(min(max(a_t, −clip), clip))`: ONNX's `clip`; none by default.
    pub clip: Option<f32>,
    /// A second bias on the hidden side, as PyTorch has it; off by default.
    pub bias_hidden: bool,
}

impl RecurrentConfig<SimpleOptions> {
    /// Sets the function `f`; tanh by default.
    #[must_use]
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.cell.activation = activation;
        self
    }

    /// Bounds the pre-activation to `−clip..clip`; not bounded by default.
    #[must_use]
    pub fn with_clip(mut self, clip: f32) -> Self {
        self.cell.clip = Some(clip);
        self
    }

    /// Sets whether there is a second bias, on the hidden side, as PyTorch has it; off by default.
    #[must_use]
    pub fn with_bias_hidden(mut self, bias_hidden: bool) -> Self {
        self.cell.bias_hidden = bias_hidden;
        self
    }
}

impl CellOptions for SimpleOptions {
    type Cell = SimpleCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        self.activation.validate()?;
        validate_clip("clip", self.clip)?;
        check_bias_hidden(self.bias_hidden, shape.bias)?;
        shape
            .initialization
            .validate(&[GateRole::Other], shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> SimpleCell {
        let CellShape {
            d_input,
            d_hidden,
            bias,
            initialization,
        } = shape;
        SimpleCell {
            w_input: initialization.input_weights(*d_input, *d_hidden, 1, device),
            w_hidden: initialization.recurrent_weights(*d_hidden, 1, device),
            bias: bias.then(|| initialization.bias(*d_hidden, &[GateRole::Other], device)),
            bias_hidden: (self.bias_hidden)
                .then(|| initialization.bias(*d_hidden, &[GateRole::Other], device)),
            options: self.clone(),
        }
    }
}

/// The equations with the function `f`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations<F>(F);

impl<F: Activate> Definition for Equations<F> {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0]);
        Declaration::new()
            .state()
            .input(0)
            .matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        at.set_state(0, self.0.of(at.sum(0)));
    }
}

impl DefinedCell for SimpleCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        engine_by_activation!(self.options.activation, self.options.clip, Equations)
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_tensor(both_biases(self.bias.as_ref(), self.bias_hidden.as_ref()));
        to.add(&self.w_hidden);
    }
}
