//! The gated recurrent unit.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::gates::GateParameters;
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The gated recurrent unit of Cho et al. (2014):
///
/// ```text
/// r_t = σ(W_r [h_{t-1}, x_t] + b_r)
/// z_t = σ(W_z [h_{t-1}, x_t] + b_z)
/// h~  = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t-1} + b_hidden))    reset after the product
/// h~  = tanh(W_n x_t + U_n (r_t ⊙ h_{t-1}) + b_n)               reset before the product
/// h_t = (1 − z_t) h_{t-1} + z_t h~
/// ```
///
/// `z` is the paper's: at one it overwrites the state. PyTorch, Keras and ONNX write
/// `h_t = z h_{t-1} + (1 − z) h~`; their update gate's parameters are these with the sign turned.
///
/// The parameters are fused, one block of `d_hidden` columns a gate in the order reset, update, new;
/// [`gate`](GruCell::gate) cuts one out by name.
#[derive(Module, Debug)]
pub struct GruCell {
    /// From the input, `[d_input, 3 · d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// From the hidden state, `[d_hidden, 3 · d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// The biases, `[3 · d_hidden]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// With the reset after the product: the bias inside it, `[d_hidden]`; PyTorch's last block of
    /// `bias_hh`.
    pub bias_hidden: Option<Param<Tensor<1>>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: GruOptions,
}

/// A GRU of any number of layers and directions.
pub type Gru = Recurrent<GruCell>;

/// The configuration of [`Gru`].
pub type GruConfig = RecurrentConfig<GruOptions>;

/// A block of a GRU's fused parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GruGate {
    /// `r`: how much of the state the candidate sees.
    Reset,
    /// `z`: how much of the candidate is written.
    Update,
    /// `n` or `h~`: the candidate.
    New,
}

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GruOptions {
    /// Where the reset gate stands; after the product by default.
    pub reset: Reset,
}

impl RecurrentConfig<GruOptions> {
    /// Sets where the reset gate stands; after the product by default.
    #[must_use]
    pub fn with_reset(mut self, reset: Reset) -> Self {
        self.cell.reset = reset;
        self
    }
}

const ROLES: [GateRole; 3] = [GateRole::Other, GateRole::Write, GateRole::Other];

impl CellOptions for GruOptions {
    type Cell = GruCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
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
            bias_hidden: (*bias && self.reset == Reset::AfterProduct)
                .then(|| initialization.bias(*d_hidden, &[GateRole::Other], device)),
            options: self.clone(),
        }
    }
}

impl GruCell {
    /// The parameters of one gate. The bias inside the reset product is
    /// [`bias_hidden`](GruCell::bias_hidden).
    pub fn gate(&self, gate: GruGate) -> GateParameters {
        GateParameters::cut(
            gate as usize,
            self.w_input.val(),
            self.w_hidden.val(),
            self.bias.as_ref().map(Param::val),
        )
    }
}

/// Sums; with the reset after the product the recurrent side of the candidate is one of its own.
const RESET: usize = 0;
const UPDATE: usize = 1;
const NEW: usize = 2;
const NEW_RECURRENT: usize = 3;

/// The equations with the reset after the product.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ResetAfter;

impl Definition for ResetAfter {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([RESET, UPDATE, NEW_RECURRENT]);
        Declaration::new()
            .state()
            .input(0)
            .input(0)
            .input(0)
            .sum(0)
            .matrix("w_hidden", [product])
            .vector("bias_hidden")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let reset = at.sum(RESET).sigmoid();
        let update = at.sum(UPDATE).sigmoid();
        let product = (at.sum(NEW_RECURRENT) + at.vector(0)).value();
        let new = at.candidate((at.sum(NEW) + reset * product).tanh());
        at.set_state(0, mix(update, at.state(0), new));
    }
}

/// The equations with the reset before the product.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ResetBefore;

impl Definition for ResetBefore {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        // Temp 0 is r ⊙ h, temp 1 is z.
        let products = [
            Product::of_state(0).into_sums([RESET, UPDATE]),
            Product::of_temp(0).into_sums([NEW]).masked_like(0),
        ];
        Declaration::stages(Self::STAGES)
            .state()
            .input(0)
            .input(0)
            .input(1)
            .temp(0)
            .temp(0)
            .matrix("w_hidden", products)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            at.set_temp(0, at.sum(RESET).sigmoid() * at.state(0));
            at.set_temp(1, at.sum(UPDATE).sigmoid());
        } else {
            let new = at.candidate(at.sum(NEW).tanh());
            at.set_state(0, mix(at.temp(1), at.state(0), new));
        }
    }
}

/// `(1 − z) h + z n`.
#[inline(always)]
fn mix<V: Value>(update: V, hidden: V, new: V) -> V {
    update.one_minus().mul_add(hidden, update * new)
}

impl DefinedCell for GruCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        match self.options.reset {
            Reset::AfterProduct => Engine::of(ResetAfter),
            Reset::BeforeProduct => Engine::of(ResetBefore),
        }
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
        if self.options.reset == Reset::AfterProduct {
            to.add_optional(self.bias_hidden.as_ref());
        }
    }
}
