//! MGU: the minimal gated unit.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters, Recurrent,
    RecurrentConfig,
};

/// The minimal gated unit of Zhou et al. (2016), "Minimal gated unit for recurrent neural networks":
///
/// ```text
/// f_t = σ(W_f x_t + U_f h_{t-1} + b_f)
/// g_t = tanh(W_g x_t + U_g (f_t ⊙ h_{t-1}) + b_g)
/// h_t = (1 − f_t) h_{t-1} + f_t g_t
/// ```
#[derive(Module, Debug)]
pub struct MguCell {
    /// From the input, `[d_input, 2 · d_hidden]`: forget gate, candidate.
    pub w_input: Param<Tensor<2>>,
    /// The biases, `[2 · d_hidden]`, in the same order.
    pub bias: Option<Param<Tensor<1>>>,
    /// From the hidden state, `[d_hidden, 2 · d_hidden]`: the same; the candidate's from `f_t ⊙ h_{t-1}`.
    pub w_hidden: Param<Tensor<2>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: MguOptions,
}

/// An MGU, of any number of layers and directions.
pub type Mgu = Recurrent<MguCell>;

/// The configuration of [`Mgu`].
pub type MguConfig = RecurrentConfig<MguOptions>;

/// What is particular to the MGU: nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MguOptions {}

const ROLES: [GateRole; 2] = [GateRole::Write, GateRole::Other];

impl CellOptions for MguOptions {
    type Cell = MguCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> MguCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        MguCell {
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
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        let products = [
            Product::of_state(0).into_sums([0]),
            Product::of_temp(1).into_sums([1]).masked_like(0),
        ];
        Declaration::stages(Self::STAGES)
            .state()
            .input(0)
            .input(1)
            .temp(0)
            .temp(0)
            .matrix("w_hidden", products)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            let forget = at.sum(0).sigmoid();
            at.set_temp(0, forget);
            at.set_temp(1, forget * at.state(0));
        } else {
            let (forget, candidate) = (at.temp(0), at.candidate(at.sum(1).tanh()));
            at.set_state(
                0,
                forget.one_minus().mul_add(at.state(0), forget * candidate),
            );
        }
    }
}

impl DefinedCell for MguCell {
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
