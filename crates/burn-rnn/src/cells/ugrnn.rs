//! UGRNN: one update gate.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The update-gate recurrent cell of Collins et al. (2017), "Capacity and trainability in recurrent neural networks":
///
/// ```text
/// g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)
/// u_t = σ(W_u x_t + U_u h_{t-1} + b_u)
/// h_t = u_t h_{t-1} + (1 − u_t) g_t
/// ```
#[derive(Module, Debug)]
pub struct UgrnnCell {
    /// From the input, `[d_input, 2 · d_hidden]`: candidate, gate.
    pub w_input: Param<Tensor<2>>,
    /// The biases, `[2 · d_hidden]`, in the same order.
    pub bias: Option<Param<Tensor<1>>>,
    /// From the hidden state, `[d_hidden, 2 · d_hidden]`: the same.
    pub w_hidden: Param<Tensor<2>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: UgrnnOptions,
}

/// A UGRNN, of any number of layers and directions.
pub type Ugrnn = Recurrent<UgrnnCell>;

/// The configuration of [`Ugrnn`].
pub type UgrnnConfig = RecurrentConfig<UgrnnOptions>;

/// What is particular to the UGRNN: nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UgrnnOptions {}

const ROLES: [GateRole; 2] = [GateRole::Other, GateRole::Keep];

impl CellOptions for UgrnnOptions {
    type Cell = UgrnnCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> UgrnnCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        UgrnnCell {
            w_input: initialization.input_weights(d_input, d_hidden, 2, device),
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
            .matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let candidate = at.candidate(at.sum(0).tanh());
        let update = at.sum(1).sigmoid();
        at.set_state(
            0,
            update.mul_add(at.state(0), update.one_minus() * candidate),
        );
    }
}

impl DefinedCell for UgrnnCell {
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
