//! The simple (Elman) cell.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::activation::{FUNCTIONS, engine_by_activation};
use crate::definition::{Declaration, Definition, Engine, Product, Stage};
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
/// with `f` tanh (default), relu, sigmoid or the identity. The readout `y_t = h(c + V s_t)` is a
/// [`Head`](crate::Head) of its own. As row vectors: `a_t = x_t · w_input + s_{t-1} · w_hidden + bias`.
#[derive(Module, Debug)]
pub struct SimpleCell {
    /// `U`, `[d_input, d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// `W`, `[d_hidden, d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// `b`, `[d_hidden]`; PyTorch's `bias_ih + bias_hh`.
    pub bias: Option<Param<Tensor<1>>>,
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
}

impl RecurrentConfig<SimpleOptions> {
    /// Sets the function `f`; tanh by default.
    #[must_use]
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.cell.activation = activation;
        self
    }
}

impl CellOptions for SimpleOptions {
    type Cell = SimpleCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
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
            options: self.clone(),
        }
    }
}

/// The equations; `ACTIVATION` is the place of the function in [`FUNCTIONS`].
#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations<const ACTIVATION: usize>;

impl<const ACTIVATION: usize> Definition for Equations<ACTIVATION> {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0]);
        Declaration::new()
            .state()
            .input(0)
            .matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        at.set_state(0, at.sum(0).activate(FUNCTIONS[ACTIVATION]));
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
        engine_by_activation!(self.options.activation, Equations)
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
    }
}
