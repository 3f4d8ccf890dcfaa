//! MinimalRNN: a gate over a latent input.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The cell of Chen (2017), "MinimalRNN: toward more interpretable and trainable recurrent neural networks":
///
/// ```text
/// z_t = tanh(W x_t + b)
/// u_t = σ(U h_{t-1} + V z_t + b_u)
/// h_t = u_t h_{t-1} + (1 − u_t) z_t
/// ```
#[derive(Module, Debug)]
pub struct MinimalRnnCell {
    /// `W`, `[d_input, d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// `b`, `[d_hidden]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// `U`, `[d_hidden, d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// `V`, `[d_hidden, d_hidden]`.
    pub w_latent: Param<Tensor<2>>,
    /// `b_u`, `[d_hidden]`.
    pub bias_gate: Option<Param<Tensor<1>>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: MinimalRnnOptions,
}

/// A MinimalRNN, of any number of layers and directions.
pub type MinimalRnn = Recurrent<MinimalRnnCell>;

/// The configuration of [`MinimalRnn`].
pub type MinimalRnnConfig = RecurrentConfig<MinimalRnnOptions>;

/// What is particular to the MinimalRNN: nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinimalRnnOptions {}

const ROLES: [GateRole; 1] = [GateRole::Keep];

impl CellOptions for MinimalRnnOptions {
    type Cell = MinimalRnnCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> MinimalRnnCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        let bias = |role| {
            let bias = || initialization.bias(d_hidden, &[role], device);
            shape.bias.then(bias)
        };
        MinimalRnnCell {
            w_input: initialization.input_weights(d_input, d_hidden, 1, device),
            bias: bias(GateRole::Other),
            w_hidden: initialization.recurrent_weights(d_hidden, 1, device),
            w_latent: initialization.input_weights(d_hidden, d_hidden, 1, device),
            bias_gate: bias(GateRole::Keep),
            options: self.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations;

impl Definition for Equations {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        Declaration::stages(Self::STAGES)
            .state()
            .input(0)
            .sum(1)
            .temp(0)
            .matrix("w_hidden", [Product::of_state(0).into_sums([1])])
            .matrix("w_latent", [Product::of_temp(0).into_sums([1])])
            .vector("bias_gate")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            at.set_temp(0, at.sum(0).tanh());
        } else {
            let update = (at.sum(1) + at.vector(0)).sigmoid();
            let latent = update.one_minus() * at.candidate(at.temp(0));
            at.set_state(0, update.mul_add(at.state(0), latent));
        }
    }
}

impl DefinedCell for MinimalRnnCell {
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
        to.add(&self.w_latent);
        to.add_optional(self.bias_gate.as_ref());
    }
}
