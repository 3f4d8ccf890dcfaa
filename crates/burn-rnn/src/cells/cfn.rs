//! CFN: a network without chaos.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The chaos-free network of Laurent & von Brecht (2017), "A recurrent neural network without chaos":
///
/// ```text
/// θ_t = σ(W_θ x_t + U_θ h_{t-1} + b_θ)
/// η_t = σ(W_η x_t + U_η h_{t-1} + b_η)
/// h_t = θ_t tanh(h_{t-1}) + η_t tanh(W_c x_t)
/// ```
#[derive(Module, Debug)]
pub struct CfnCell {
    /// From the input, `[d_input, 3 · d_hidden]`: forget gate `θ`, input gate `η`, content.
    pub w_input: Param<Tensor<2>>,
    /// The biases, `[2 · d_hidden]`: `θ`, `η`; the content has none.
    pub bias: Option<Param<Tensor<1>>>,
    /// From the hidden state, `[d_hidden, 2 · d_hidden]`: `θ`, `η`.
    pub w_hidden: Param<Tensor<2>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: CfnOptions,
}

/// A CFN, of any number of layers and directions.
pub type Cfn = Recurrent<CfnCell>;

/// The configuration of [`Cfn`].
pub type CfnConfig = RecurrentConfig<CfnOptions>;

/// What is particular to the CFN: nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CfnOptions {}

const ROLES: [GateRole; 2] = [GateRole::Keep, GateRole::Write];

impl CellOptions for CfnOptions {
    type Cell = CfnCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> CfnCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        CfnCell {
            w_input: initialization.input_weights(d_input, d_hidden, 3, device),
            bias: shape.biases(&ROLES, device),
            w_hidden: initialization.recurrent_weights(d_hidden, 2, device),
            options: self.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations;

impl Definition for Equations {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0, 1]);
        Declaration::new()
            .state()
            .input(0)
            .input(0)
            .input_without_bias(0)
            .matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let (forget, input) = (at.sum(0).sigmoid(), at.sum(1).sigmoid());
        let content = at.candidate(at.sum(2).tanh());
        at.set_state(0, forget.mul_add(at.state(0).tanh(), input * content));
    }
}

impl DefinedCell for CfnCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        Engine::of(Equations)
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
    }
}
