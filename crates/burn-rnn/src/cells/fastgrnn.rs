//! FastGRNN: a gate that shares its matrices with the candidate.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The gated cell of Kusupati et al. (2018), "FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent neural network":
///
/// ```text
/// s_t = W x_t + U h_{t-1}
/// z_t = σ(s_t + b_z)
/// g_t = tanh(s_t + b_g)
/// h_t = (σ(ζ) (1 − z_t) + σ(ν)) g_t + z_t h_{t-1}
/// ```
///
/// with two trainable scalars `ζ` and `ν`.
#[derive(Module, Debug)]
pub struct FastGrnnCell {
    /// `W`, `[d_input, d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// `U`, `[d_hidden, d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// `b_z`, `[d_hidden]`.
    pub bias_gate: Option<Param<Tensor<1>>>,
    /// `b_g`, `[d_hidden]`.
    pub bias_candidate: Option<Param<Tensor<1>>>,
    /// `ζ` before its sigmoid, `[1]`; 1 at first, as in the authors' code.
    pub zeta: Param<Tensor<1>>,
    /// `ν` before its sigmoid, `[1]`; −4 at first, as in the authors' code.
    pub nu: Param<Tensor<1>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: FastGrnnOptions,
}

/// A FastGRNN, of any number of layers and directions.
pub type FastGrnn = Recurrent<FastGrnnCell>;

/// The configuration of [`FastGrnn`].
pub type FastGrnnConfig = RecurrentConfig<FastGrnnOptions>;

/// What is particular to the FastGRNN: nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FastGrnnOptions {}

const ROLES: [GateRole; 1] = [GateRole::Keep];

impl CellOptions for FastGrnnOptions {
    type Cell = FastGrnnCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> FastGrnnCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        let bias = |role| {
            let bias = || initialization.bias(d_hidden, &[role], device);
            shape.bias.then(bias)
        };
        let scalar = |value| Initializer::Constant { value }.init([1], device);
        FastGrnnCell {
            w_input: initialization.input_weights(d_input, d_hidden, 1, device),
            w_hidden: initialization.recurrent_weights(d_hidden, 1, device),
            bias_gate: bias(GateRole::Keep),
            bias_candidate: bias(GateRole::Other),
            zeta: scalar(1.0),
            nu: scalar(-4.0),
            options: self.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations;

impl Definition for Equations {
    fn declare(&self) -> Declaration {
        Declaration::new()
            .state()
            .input_without_bias(0)
            .matrix("w_hidden", [Product::of_state(0).into_sums([0])])
            .vector("bias_gate")
            .vector("bias_candidate")
            .scalars("zeta", 1)
            .scalars("nu", 1)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let s = at.sum(0);
        let gate = (s + at.vector(0)).sigmoid();
        let candidate = at.candidate((s + at.vector(1)).tanh());
        let (zeta, nu) = (at.vector(2).sigmoid(), at.vector(3).sigmoid());
        let weight = zeta.mul_add(gate.one_minus(), nu);
        at.set_state(0, gate.mul_add(at.state(0), weight * candidate));
    }
}

impl DefinedCell for FastGrnnCell {
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
        to.add_optional::<1>(None);
        to.add(&self.w_hidden);
        to.add_optional(self.bias_gate.as_ref());
        to.add_optional(self.bias_candidate.as_ref());
        to.add(&self.zeta);
        to.add(&self.nu);
    }
}
