//! coRNN: coupled oscillators.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::definition::{Declaration, Definition, Engine, Product, Stage};
use crate::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, Parameters, Recurrent,
    RecurrentConfig, tensor_state,
};

tensor_state! {
    /// The state of a coRNN.
    pub struct CoRnnState {
        /// The positions `h_t`, `[batch, d_hidden]`: the output.
        hidden,
        /// The velocities `z_t`, `[batch, d_hidden]`.
        velocity,
    }
}

/// The coupled oscillatory cell of Rusch & Mishra (2021), "Coupled oscillatory recurrent neural network (coRNN)":
///
/// ```text
/// z_t = z_{t-1} + Δt (tanh(W x_t + U h_{t-1} + V z_{t-1} + b) − γ h_{t-1} − ε z_{t-1})
/// h_t = h_{t-1} + Δt z_t
/// ```
#[derive(Module, Debug)]
pub struct CoRnnCell {
    /// `W`, `[d_input, d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// `b`, `[d_hidden]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// `U`, `[d_hidden, d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// `V`, `[d_hidden, d_hidden]`.
    pub w_velocity: Param<Tensor<2>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: CoRnnOptions,
}

/// A coRNN, of any number of layers and directions.
pub type CoRnn = Recurrent<CoRnnCell>;

/// The configuration of [`CoRnn`].
pub type CoRnnConfig = RecurrentConfig<CoRnnOptions>;

/// What is particular to the coRNN: the constants of its oscillators, which the paper chooses for each task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoRnnOptions {
    /// The time step `Δt`; 0.1 by default.
    pub dt: f32,
    /// The stiffness `γ`; 1 by default.
    pub gamma: f32,
    /// The damping `ε`; 1 by default.
    pub epsilon: f32,
}

impl Default for CoRnnOptions {
    fn default() -> Self {
        Self {
            dt: 0.1,
            gamma: 1.0,
            epsilon: 1.0,
        }
    }
}

impl RecurrentConfig<CoRnnOptions> {
    /// Sets the time step `Δt`; 0.1 by default.
    #[must_use]
    pub fn with_dt(mut self, dt: f32) -> Self {
        self.cell.dt = dt;
        self
    }

    /// Sets the stiffness `γ`; 1 by default.
    #[must_use]
    pub fn with_gamma(mut self, gamma: f32) -> Self {
        self.cell.gamma = gamma;
        self
    }

    /// Sets the damping `ε`; 1 by default.
    #[must_use]
    pub fn with_epsilon(mut self, epsilon: f32) -> Self {
        self.cell.epsilon = epsilon;
        self
    }
}

const ROLES: [GateRole; 1] = [GateRole::Other];

impl CellOptions for CoRnnOptions {
    type Cell = CoRnnCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> CoRnnCell {
        let initialization = &shape.initialization;
        let (d_input, d_hidden) = (shape.d_input, shape.d_hidden);
        CoRnnCell {
            w_input: initialization.input_weights(d_input, d_hidden, 1, device),
            bias: shape.biases(&ROLES, device),
            w_hidden: initialization.recurrent_weights(d_hidden, 1, device),
            w_velocity: initialization.recurrent_weights(d_hidden, 1, device),
            options: self.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations {
    dt: f32,
    gamma: f32,
    epsilon: f32,
}

impl Definition for Equations {
    fn declare(&self) -> Declaration {
        Declaration::new()
            .state()
            .state()
            .input(0)
            .matrix("w_hidden", [Product::of_state(0).into_sums([0])])
            .matrix("w_velocity", [Product::of_state(1).into_sums([0])])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let (hidden, velocity) = (at.state(0), at.state(1));
        let force = at.sum(0).tanh() - hidden * self.gamma - velocity * self.epsilon;
        let velocity = velocity + force * self.dt;
        at.set_state(1, velocity);
        at.set_state(0, hidden + velocity * self.dt);
    }
}

impl DefinedCell for CoRnnCell {
    type State = CoRnnState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        let CoRnnOptions { dt, gamma, epsilon } = self.options;
        Engine::of(Equations { dt, gamma, epsilon })
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
        to.add(&self.w_velocity);
    }
}
