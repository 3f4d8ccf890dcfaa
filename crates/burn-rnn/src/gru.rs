//! The gated recurrent unit.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation::sigmoid, activation::tanh, module::linear};
use burn_rnn_kernels as kernels;
use serde::{Deserialize, Serialize};

use crate::fused::{Fused, Time};
use crate::gates::{GateParameters, block};
use crate::scan::{scan_flipped, scan_steps};
use crate::{
    Cell, CellOptions, CellShape, ConfigError, GateRole, HiddenState, Recurrent, RecurrentConfig,
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

    /// The part of the pre-activations that does not depend on the state, for one step or for all.
    fn project<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let bias = self.bias.as_ref().map(Param::val);
        linear(input, self.w_input.val(), bias)
    }

    fn fused(&self) -> Fused {
        let reset_after = self.options.reset == Reset::AfterProduct;
        let bias_hidden = self.bias_hidden.as_ref().filter(|_| reset_after);
        Fused {
            spec: kernels::CellSpec::Gru(kernels::GruSpec { reset_after }),
            w_input: self.w_input.val(),
            w_hidden: self.w_hidden.val(),
            bias: self.bias.as_ref().map(Param::val),
            bias_hidden: bias_hidden.map(Param::val),
            peephole: None,
            w_gates: None,
        }
    }

    fn recurrence(&self) -> Recurrence {
        let w_hidden = self.w_hidden.val();
        let d_hidden = self.d_hidden();
        match self.options.reset {
            Reset::AfterProduct => Recurrence::After {
                w_hidden,
                bias_new: self.bias_hidden.as_ref().map(|bias| bias.val().unsqueeze()),
            },
            Reset::BeforeProduct => Recurrence::Before {
                w_gates: w_hidden.clone().narrow(1, 0, 2 * d_hidden),
                w_new: block(&w_hidden, GruGate::New as usize, d_hidden),
            },
        }
    }
}

/// The recurrent side of the cell, with everything that all steps share taken out once.
enum Recurrence {
    After {
        w_hidden: Tensor<2>,
        bias_new: Option<Tensor<2>>,
    },
    Before {
        w_gates: Tensor<2>,
        w_new: Tensor<2>,
    },
}

impl Recurrence {
    fn step(&self, x: Tensor<2>, state: HiddenState) -> HiddenState {
        let h = state.hidden;
        let [_, d_hidden] = h.dims();
        let cut = |fused: &Tensor<2>, gate: GruGate| block(fused, gate as usize, d_hidden);
        let gate = |from_hidden: &Tensor<2>, gate| sigmoid(cut(&x, gate) + cut(from_hidden, gate));

        let (update, new) = match self {
            Self::After { w_hidden, bias_new } => {
                let from_hidden = h.clone().matmul(w_hidden.clone());
                let reset = gate(&from_hidden, GruGate::Reset);
                let product = cut(&from_hidden, GruGate::New);
                let product = match bias_new {
                    Some(bias) => product + bias.clone(),
                    None => product,
                };
                (gate(&from_hidden, GruGate::Update), reset * product)
            }
            Self::Before { w_gates, w_new } => {
                let from_hidden = h.clone().matmul(w_gates.clone());
                let reset = gate(&from_hidden, GruGate::Reset);
                let product = (reset * h.clone()).matmul(w_new.clone());
                (gate(&from_hidden, GruGate::Update), product)
            }
        };
        let new = tanh(cut(&x, GruGate::New) + new);
        HiddenState::new((1.0 - update.clone()) * h + update * new)
    }
}

impl Cell for GruCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn zero_state(&self, batch: usize) -> HiddenState {
        let w = self.w_hidden.val();
        HiddenState::zeros(batch, self.d_hidden(), (&w.device(), w.dtype()))
    }

    fn accepts(&self, state: &HiddenState, batch: usize) -> bool {
        state.fits(batch, self.d_hidden())
    }

    fn step(&self, x_t: Tensor<2>, state: HiddenState) -> HiddenState {
        self.fused()
            .step(x_t, state)
            .unwrap_or_else(|(x_t, state)| self.recurrence().step(self.project(x_t), state))
    }

    fn steps(&self, state: &HiddenState) -> Option<kernels::Steps> {
        self.fused().steps(state.clone())
    }

    fn scan(&self, input: Tensor<3>, state: HiddenState) -> (Tensor<3>, HiddenState) {
        self.fused()
            .scan(input, state, Time::Forward)
            .unwrap_or_else(|(input, state)| {
                let recurrence = self.recurrence();
                scan_steps(self.project(input), state, |projected, state| {
                    recurrence.step(projected, state)
                })
            })
    }

    fn scan_reversed(&self, input: Tensor<3>, state: HiddenState) -> (Tensor<3>, HiddenState) {
        self.fused()
            .scan(input, state, Time::Backward)
            .unwrap_or_else(|(input, state)| scan_flipped(self, input, state))
    }
}
