//! LEM: long expressive memory.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, Parameters, Recurrent,
    RecurrentConfig, tensor_state,
};

tensor_state! {
    /// The state of a LEM.
    pub struct LemState {
        /// `y_t`, `[batch, d_hidden]`: the output.
        hidden,
        /// `z_t`, `[batch, d_hidden]`.
        latent,
    }
}

/// The long expressive memory of Rusch et al. (2022), "Long expressive memory for sequence modeling":
///
/// ```text
/// Δ_t  = Δt σ(W_1 x_t + V_1 y_{t-1} + b_1)
/// Δ̄_t  = Δt σ(W_2 x_t + V_2 y_{t-1} + b_2)
/// z_t  = (1 − Δ_t) z_{t-1} + Δ_t tanh(W_z x_t + V_z y_{t-1} + b_z)
/// y_t  = (1 − Δ̄_t) y_{t-1} + Δ̄_t tanh(W_y x_t + V_y z_t + b_y)
/// ```
///
/// `y_t` sees the new `z_t`, as in the authors' code.
#[derive(Module, Debug)]
pub struct LemCell {
    /// From the input, `[d_input, 4 · d_hidden]`: `Δ`, `Δ̄`, `z`, `y`.
    pub w_input: Param<Tensor<2>>,
    /// The biases, `[4 · d_hidden]`, in the same order.
    pub bias: Option<Param<Tensor<1>>>,
    /// From `y_{t-1}`, `[d_hidden, 3 · d_hidden]`: `Δ`, `Δ̄`, `z`.
    pub w_hidden: Param<Tensor<2>>,
    /// From `z_t` to `y`, `[d_hidden, d_hidden]`.
    pub w_latent: Param<Tensor<2>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: LemOptions,
}

/// A LEM, of any number of layers and directions.
pub type Lem = Recurrent<LemCell>;

/// The configuration of [`Lem`].
pub type LemConfig = RecurrentConfig<LemOptions>;

/// What is particular to the LEM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LemOptions {
    /// The largest time step, `Δt`; 1 by default.
    pub dt: f32,
}

impl Default for LemOptions {
    fn default() -> Self {
        Self { dt: 1.0 }
    }
}

impl RecurrentConfig<LemOptions> {
    /// Sets the largest time step, `Δt`; 1 by default.
    #[must_use]
    pub fn with_dt(mut self, dt: f32) -> Self {
        self.cell.dt = dt;
        self
    }
}

const ROLES: [GateRole; 4] = [
    GateRole::Write,
    GateRole::Write,
    GateRole::Other,
    GateRole::Other,
];

impl CellOptions for LemOptions {
    type Cell = LemCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> LemCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        LemCell {
            w_input: initialization.input_weights(d_input, d_hidden, 4, device),
            bias: shape.biases(&ROLES, device),
            w_hidden: initialization.recurrent_weights(d_hidden, 3, device),
            w_latent: initialization.recurrent_weights(d_hidden, 1, device),
            options: self.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations {
    dt: f32,
}

impl Definition for Equations {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        // Temp 0 is z_t, temp 1 is Δ̄_t / Δt.
        Declaration::stages(Self::STAGES)
            .state()
            .state()
            .input(0)
            .input(0)
            .input(0)
            .input(1)
            .temp(0)
            .temp(0)
            .matrix("w_hidden", [Product::of_state(0).into_sums([0, 1, 2])])
            .matrix(
                "w_latent",
                [Product::of_temp(0).into_sums([3]).masked_like(1)],
            )
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            let step = at.sum(0).sigmoid() * self.dt;
            let latent = at.state(1);
            let latent = step.mul_add(at.candidate(at.sum(2).tanh()) - latent, latent);
            at.set_state(1, latent);
            at.set_temp(0, latent);
            at.set_temp(1, at.sum(1).sigmoid());
        } else {
            let step = at.temp(1) * self.dt;
            let hidden = at.state(0);
            at.set_state(
                0,
                step.mul_add(at.candidate(at.sum(3).tanh()) - hidden, hidden),
            );
        }
    }
}

impl DefinedCell for LemCell {
    type State = LemState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        Engine::of(Equations {
            dt: self.options.dt,
        })
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
        to.add(&self.w_latent);
    }
}
