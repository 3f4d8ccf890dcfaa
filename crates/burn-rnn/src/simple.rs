//! The simple (Elman) cell.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, module::linear};
use burn_rnn_kernels as kernels;
use serde::{Deserialize, Serialize};

use crate::fused::{Fused, Time};
use crate::scan::{scan_flipped, scan_steps};
use crate::{
    Activation, Cell, CellOptions, CellShape, ConfigError, GateRole, HiddenState, Recurrent,
    RecurrentConfig,
};

/// The simple recurrent cell of Elman (1990), "Finding structure in time":
///
/// ```text
/// a_t = b + W s_{t-1} + U x_t
/// s_t = f(a_t)
/// ```
///
/// with `f` tanh (default), relu, sigmoid or the identity. The readout `y_t = h(c + V s_t)` is a
/// [`Head`](crate::Head) of its own. As row vectors: `a_t = x_t · w_input + s_{t-1} · w_hidden + bias`.
#[derive(Module, Debug)]
pub struct SimpleCell {
    /// `U`, `[d_input, d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// `W`, `[d_hidden, d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// `b`, `[d_hidden]`; PyTorch's `bias_ih + bias_hh`.
    pub bias: Option<Param<Tensor<1>>>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: SimpleOptions,
}

/// A simple recurrent network of any number of layers and directions.
pub type SimpleRnn = Recurrent<SimpleCell>;

/// The configuration of [`SimpleRnn`].
pub type SimpleRnnConfig = RecurrentConfig<SimpleOptions>;

/// What is particular to the simple cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleOptions {
    /// The function `f`; tanh by default.
    pub activation: Activation,
}

impl RecurrentConfig<SimpleOptions> {
    /// Sets the function `f`; tanh by default.
    #[must_use]
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.cell.activation = activation;
        self
    }
}

impl CellOptions for SimpleOptions {
    type Cell = SimpleCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape
            .initialization
            .validate(&[GateRole::Other], shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> SimpleCell {
        let CellShape {
            d_input,
            d_hidden,
            bias,
            initialization,
        } = shape;
        SimpleCell {
            w_input: initialization.input_weights(*d_input, *d_hidden, 1, device),
            w_hidden: initialization.recurrent_weights(*d_hidden, 1, device),
            bias: bias.then(|| initialization.bias(*d_hidden, &[GateRole::Other], device)),
            options: self.clone(),
        }
    }
}

impl SimpleCell {
    /// The part of `a_t` that does not depend on the state, for one step or for all.
    fn project<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let bias = self.bias.as_ref().map(Param::val);
        linear(input, self.w_input.val(), bias)
    }

    fn recur(&self, projected: Tensor<2>, state: HiddenState, w_hidden: Tensor<2>) -> HiddenState {
        let a = projected + state.hidden.matmul(w_hidden);
        HiddenState::new(self.options.activation.forward(a))
    }

    fn fused(&self) -> Fused {
        let activation = match self.options.activation {
            Activation::Tanh => kernels::Activation::Tanh,
            Activation::Relu => kernels::Activation::Relu,
            Activation::Sigmoid => kernels::Activation::Sigmoid,
            Activation::Identity => kernels::Activation::Identity,
        };
        Fused {
            spec: kernels::CellSpec::Simple(activation),
            w_input: self.w_input.val(),
            w_hidden: self.w_hidden.val(),
            bias: self.bias.as_ref().map(Param::val),
            bias_hidden: None,
            peephole: None,
            w_gates: None,
        }
    }
}

impl Cell for SimpleCell {
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
            .unwrap_or_else(|(x_t, state)| {
                self.recur(self.project(x_t), state, self.w_hidden.val())
            })
    }

    fn steps(&self, state: &HiddenState) -> Option<kernels::Steps> {
        self.fused().steps(state.clone())
    }

    fn scan(&self, input: Tensor<3>, state: HiddenState) -> (Tensor<3>, HiddenState) {
        self.fused()
            .scan(input, state, Time::Forward)
            .unwrap_or_else(|(input, state)| {
                let w_hidden = self.w_hidden.val();
                scan_steps(self.project(input), state, |projected, state| {
                    self.recur(projected, state, w_hidden.clone())
                })
            })
    }

    fn scan_reversed(&self, input: Tensor<3>, state: HiddenState) -> (Tensor<3>, HiddenState) {
        self.fused()
            .scan(input, state, Time::Backward)
            .unwrap_or_else(|(input, state)| scan_flipped(self, input, state))
    }
}
