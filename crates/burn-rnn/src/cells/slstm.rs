//! sLSTM: exponential gates, a normalizer and heads.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value, Width};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, Parameters, Recurrent,
    RecurrentConfig, tensor_state,
};

tensor_state! {
    /// The state of an sLSTM.
    pub struct SlstmState {
        /// `h_t`, `[batch, d_hidden]`.
        hidden,
        /// `c_t`, `[batch, d_hidden]`.
        cell,
        /// `n_t`, `[batch, d_hidden]`.
        normalizer,
        /// `m_t`, `[batch, d_hidden]`; −∞ before the first step.
        stabilizer,
    }
}

/// The scalar LSTM of Beck et al. (2024), "xLSTM: extended long short-term memory", with the stabilized exponential input gate:
///
/// ```text
/// i, f, z, o = W x_t + R h_{t-1} + b
/// m_t = max(i, m_{t-1} + ln σ(f))
/// i'  = exp(i − m_t)
/// f'  = exp(m_{t-1} + ln σ(f) − m_t)
/// c_t = f' c_{t-1} + i' tanh(z)
/// n_t = f' n_{t-1} + i'
/// h_t = σ(o) c_t / n_t
/// ```
///
/// `R` is block-diagonal: a unit sees those of its head.
#[derive(Module, Debug)]
pub struct SlstmCell {
    /// From the input, `[d_input, 4 · d_hidden]`: `i`, `f`, `z`, `o`.
    pub w_input: Param<Tensor<2>>,
    /// The biases, `[4 · d_hidden]`, in the same order.
    pub bias: Option<Param<Tensor<1>>>,
    /// `R`, `[heads, d_hidden / heads, 4 · d_hidden / heads]`, in each head in the same order.
    pub w_hidden: Param<Tensor<3>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: SlstmOptions,
}

/// An sLSTM, of any number of layers and directions.
pub type Slstm = Recurrent<SlstmCell>;

/// The configuration of [`Slstm`].
pub type SlstmConfig = RecurrentConfig<SlstmOptions>;

/// What is particular to the sLSTM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlstmOptions {
    /// The number of heads, which divides the number of hidden units; 1 by default.
    pub heads: usize,
}

impl Default for SlstmOptions {
    fn default() -> Self {
        Self { heads: 1 }
    }
}

impl RecurrentConfig<SlstmOptions> {
    /// Sets the number of heads; 1 by default.
    #[must_use]
    pub fn with_heads(mut self, heads: usize) -> Self {
        self.cell.heads = heads;
        self
    }
}

const ROLES: [GateRole; 4] = [
    GateRole::Write,
    GateRole::Keep,
    GateRole::Other,
    GateRole::Other,
];

impl CellOptions for SlstmOptions {
    type Cell = SlstmCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        if self.heads == 0 || !shape.d_hidden.is_multiple_of(self.heads) {
            return Err(ConfigError::Cell {
                given: "an sLSTM whose heads do not divide its hidden units",
                reason: "every head has as many units; choose another number of heads",
            });
        }
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> SlstmCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        let of_head = d_hidden / self.heads;
        SlstmCell {
            w_input: initialization.input_weights(d_input, d_hidden, 4, device),
            bias: shape.biases(&ROLES, device),
            w_hidden: initialization.head_weights(self.heads, of_head, 4, device),
            options: self.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations {
    heads: usize,
}

impl Definition for Equations {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0, 1, 2, 3]);
        Declaration::new()
            .state()
            .state()
            .state()
            .state_of(Width::Hidden, f32::NEG_INFINITY)
            .input(0)
            .input(0)
            .input(0)
            .input(0)
            .heads("w_hidden", self.heads, [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let input = at.sum(0).value();
        // ln σ(f) = −ln(1 + e^−f)
        let forget = at.state(3) - (-at.sum(1)).softplus();
        let stabilizer = input.max(forget);
        let input = (input - stabilizer).exp();
        let forget = (forget - stabilizer).exp();
        let cell = forget.mul_add(at.state(1), input * at.candidate(at.sum(2).tanh()));
        let normalizer = forget.mul_add(at.state(2), input);
        at.set_state(3, stabilizer);
        at.set_state(2, normalizer);
        at.set_state(1, cell);
        at.set_state(0, at.sum(3).sigmoid() * (cell / normalizer));
    }
}

impl DefinedCell for SlstmCell {
    type State = SlstmState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_input.lazy_shape()[1] / ROLES.len()
    }

    fn engine(&self) -> Engine {
        Engine::of(Equations {
            heads: self.options.heads,
        })
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
    }
}
