//! nBRC: the neuromodulated bistable cell.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The neuromodulated bistable recurrent cell of Vecoven et al. (2021), "A bio-inspired bistable recurrent cell allows for long-lasting
/// memory":
///
/// ```text
/// a_t = 1 + tanh(W_a x_t + U_a h_{t-1} + b_a)
/// c_t = σ(W_c x_t + U_c h_{t-1} + b_c)
/// h_t = c_t h_{t-1} + (1 − c_t) tanh(W_h x_t + a_t h_{t-1})
/// ```
///
/// The biases of `a` and `c` are those of the authors' code; the paper writes none.
#[derive(Module, Debug)]
pub struct NbrcCell {
    /// From the input, `[d_input, 3 · d_hidden]`: feedback `a`, update `c`, candidate.
    pub w_input: Param<Tensor<2>>,
    /// The biases, `[2 · d_hidden]`: `a`, `c`; the candidate has none.
    pub bias: Option<Param<Tensor<1>>>,
    /// From the hidden state, `[d_hidden, 2 · d_hidden]`: `a`, `c`.
    pub w_hidden: Param<Tensor<2>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: NbrcOptions,
}

/// An nBRC, of any number of layers and directions.
pub type Nbrc = Recurrent<NbrcCell>;

/// The configuration of [`Nbrc`].
pub type NbrcConfig = RecurrentConfig<NbrcOptions>;

/// What is particular to the nBRC: nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NbrcOptions {}

const ROLES: [GateRole; 2] = [GateRole::Other, GateRole::Keep];

impl CellOptions for NbrcOptions {
    type Cell = NbrcCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> NbrcCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        NbrcCell {
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
        let hidden = at.state(0);
        let feedback = at.sum(0).tanh() + 1.0;
        let update = at.sum(1).sigmoid();
        let candidate = at.candidate((at.sum(2) + feedback * hidden).tanh());
        at.set_state(0, update.mul_add(hidden, update.one_minus() * candidate));
    }
}

impl DefinedCell for NbrcCell {
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
