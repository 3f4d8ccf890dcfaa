//! RAN: an additive network with two gates.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, LstmState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The recurrent additive network of Lee et al. (2017), "Recurrent additive networks":
///
/// ```text
/// g_t = W_g x_t + b_g
/// i_t = σ(W_i x_t + U_i h_{t-1} + b_i)
/// f_t = σ(W_f x_t + U_f h_{t-1} + b_f)
/// C_t = i_t g_t + f_t C_{t-1}
/// h_t = tanh(C_t)
/// ```
#[derive(Module, Debug)]
pub struct RanCell {
    /// From the input, `[d_input, 3 · d_hidden]`: content, input gate, forget gate.
    pub w_input: Param<Tensor<2>>,
    /// The biases, `[3 · d_hidden]`, in the order of `w_input`.
    pub bias: Option<Param<Tensor<1>>>,
    /// From the hidden state, `[d_hidden, 2 · d_hidden]`: input gate, forget gate.
    pub w_hidden: Param<Tensor<2>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: RanOptions,
}

/// A RAN, of any number of layers and directions.
pub type Ran = Recurrent<RanCell>;

/// The configuration of [`Ran`].
pub type RanConfig = RecurrentConfig<RanOptions>;

/// What is particular to the RAN: nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RanOptions {}

const ROLES: [GateRole; 3] = [GateRole::Other, GateRole::Write, GateRole::Keep];

impl CellOptions for RanOptions {
    type Cell = RanCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> RanCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        RanCell {
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
        let product = Product::of_state(0).into_sums([1, 2]);
        Declaration::new()
            .state()
            .state()
            .input(0)
            .input(0)
            .input(0)
            .matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let content = at.candidate(at.sum(0).value());
        let (input, forget) = (at.sum(1).sigmoid(), at.sum(2).sigmoid());
        let cell = forget.mul_add(at.state(1), input * content);
        at.set_state(1, cell);
        at.set_state(0, cell.tanh());
    }
}

impl DefinedCell for RanCell {
    type State = LstmState;

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
