//! JANET: the LSTM with a forget gate alone.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The cell of van der Westhuizen & Lasenby (2018), "The unreasonable effectiveness of the forget gate":
///
/// ```text
/// s_t = W_s x_t + U_s h_{t-1} + b_s
/// h_t = σ(s_t) h_{t-1} + (1 − σ(s_t − β)) tanh(W_g x_t + U_g h_{t-1} + b_g)
/// ```
///
/// The paper sets the biases of the forget gate by [chrono initialization](crate::Initialization::Chrono).
#[derive(Module, Debug)]
pub struct JanetCell {
    /// From the input, `[d_input, 2 · d_hidden]`: forget gate, candidate.
    pub w_input: Param<Tensor<2>>,
    /// The biases, `[2 · d_hidden]`, in the same order.
    pub bias: Option<Param<Tensor<1>>>,
    /// From the hidden state, `[d_hidden, 2 · d_hidden]`: the same.
    pub w_hidden: Param<Tensor<2>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: JanetOptions,
}

/// A JANET, of any number of layers and directions.
pub type Janet = Recurrent<JanetCell>;

/// The configuration of [`Janet`].
pub type JanetConfig = RecurrentConfig<JanetOptions>;

/// What is particular to the JANET.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JanetOptions {
    /// How much sooner than the state is forgotten the candidate is written, `β`; 1 by default, as in the paper.
    pub beta: f32,
}

impl Default for JanetOptions {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl RecurrentConfig<JanetOptions> {
    /// Sets `β`; 1 by default.
    #[must_use]
    pub fn with_beta(mut self, beta: f32) -> Self {
        self.cell.beta = beta;
        self
    }
}

const ROLES: [GateRole; 2] = [GateRole::Keep, GateRole::Other];

impl CellOptions for JanetOptions {
    type Cell = JanetCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> JanetCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        JanetCell {
            w_input: initialization.input_weights(d_input, d_hidden, 2, device),
            bias: shape.biases(&ROLES, device),
            w_hidden: initialization.recurrent_weights(d_hidden, 2, device),
            options: self.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations {
    beta: f32,
}

impl Definition for Equations {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0, 1]);
        Declaration::new()
            .state()
            .input(0)
            .input(0)
            .matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let s = at.sum(0);
        let forget = s.sigmoid();
        let shifted = (s + at.constant(-self.beta)).sigmoid();
        let candidate = at.candidate(at.sum(1).tanh());
        at.set_state(
            0,
            forget.mul_add(at.state(0), shifted.one_minus() * candidate),
        );
    }
}

impl DefinedCell for JanetCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        Engine::of(Equations {
            beta: self.options.beta,
        })
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
    }
}
