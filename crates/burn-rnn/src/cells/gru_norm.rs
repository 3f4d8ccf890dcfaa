//! The layer-normalised GRU.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use super::gru_equations::mix;
use super::layer_norm::{Moments, mean, squared};
use crate::definition::{Declaration, Definition, Product, Stage, Value};

/// Gains of a GRU's layer normalisation (Ba et al. 2016, "Layer normalization", equations 23 to 25):
///
/// ```text
/// (r, z) = LN(W_h h_{t-1}; α1) + LN(W_x x_t; α2) + b
/// h~  = tanh(LN(W x_t; α3) + b_n + σ(r) ⊙ (LN(U h_{t-1}; α4) + b_hidden))
/// h_t = (1 − σ(z)) h_{t-1} + σ(z) h~
/// LN(a; α) = α (a − mean(a)) / √(variance(a) + 1e−5)
/// ```
///
/// Mean and variance are over both gates together, and over the candidate alone. The paper's `β1 + β2` and `β3` are the cell's
/// [`bias`](crate::GruCell::bias), `β4` is its [`bias_hidden`](crate::GruCell::bias_hidden). Gains start from one.
#[derive(Module, Debug)]
pub struct GruNorm {
    /// `α2` and `α3`, one row a gate: `[3, d_hidden]`.
    pub gain_input: Param<Tensor<2>>,
    /// `α1` and `α4`, one row a gate: `[3, d_hidden]`.
    pub gain_hidden: Param<Tensor<2>>,
}

impl GruNorm {
    pub(super) fn init(d_hidden: usize, device: &Device) -> Self {
        Self {
            gain_input: Initializer::Ones.init([3, d_hidden], device),
            gain_hidden: Initializer::Ones.init([3, d_hidden], device),
        }
    }
}

/// Gates: the place of each among sums, temps and rows of a side.
const RESET: usize = 0;
const UPDATE: usize = 1;
const NEW: usize = 2;
/// From the input's side to the hidden one, among sums, temps and rows; from there to the biases.
const SIDE: usize = 3;
const BIASES: usize = 6;
const BIAS_HIDDEN: usize = 9;
/// Temps after the pre-activations: those that are summed over the units, then the gates.
const SUMS: usize = 6;
const SQUARES: usize = 8;
const NEW_SQUARES: usize = 10;
const RESET_GATE: usize = 12;
const UPDATE_GATE: usize = 13;
/// Reductions: sum and squares of each.
const OF_INPUT: [usize; 2] = [0, 4];
const OF_HIDDEN: [usize; 2] = [1, 5];
const OF_NEW_INPUT: [usize; 2] = [2, 6];
const OF_NEW_HIDDEN: [usize; 2] = [3, 7];
/// The gates that are normalised together.
const GATES: f32 = 2.0;

/// The equations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NormalizedGru;

impl Definition for NormalizedGru {
    const STAGES: usize = 4;

    fn declare(&self) -> Declaration {
        let mut cell = Declaration::stages(Self::STAGES).state();
        for _ in 0..SIDE {
            cell = cell.input_without_bias(0);
        }
        for _ in 0..SIDE {
            cell = cell.sum(0);
        }
        for stage in [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2] {
            cell = cell.temp(stage);
        }
        let new = [NEW, SIDE + NEW];
        for temp in [SUMS, SUMS + 1].into_iter().chain(new) {
            cell = cell.reduce(temp);
        }
        for temp in [SQUARES, SQUARES + 1, NEW_SQUARES, NEW_SQUARES + 1] {
            cell = cell.reduce(temp);
        }
        let of_hidden = Product::of_state(0).into_sums([SIDE, SIDE + 1, SIDE + 2]);
        cell.matrix("w_hidden", [of_hidden])
            .vectors("norm.gain_input", [true; 3])
            .vectors("norm.gain_hidden", [true; 3])
            .vectors("bias", [true; 3])
            .vector("bias_hidden")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        match index {
            0 => {
                Self::keep(at, 0);
                Self::keep(at, SIDE);
            }
            1 => {
                Self::square(at, 0, OF_INPUT[0], OF_NEW_INPUT[0]);
                Self::square(at, SIDE, OF_HIDDEN[0], OF_NEW_HIDDEN[0]);
            }
            2 => {
                let input = Moments::of(at, OF_INPUT, GATES);
                let hidden = Moments::of(at, OF_HIDDEN, GATES);
                let reset = Self::gate(at, [input, hidden], RESET);
                let update = Self::gate(at, [input, hidden], UPDATE);
                at.set_temp(RESET_GATE, reset);
                at.set_temp(UPDATE_GATE, update);
            }
            _ => {
                let input = Moments::of(at, OF_NEW_INPUT, 1.0);
                let hidden = Moments::of(at, OF_NEW_HIDDEN, 1.0);
                let input = input.normalize(at.temp(NEW), at.vector(NEW));
                let hidden = hidden.normalize(at.temp(SIDE + NEW), at.vector(SIDE + NEW));
                let product = hidden + at.vector(BIAS_HIDDEN);
                let new = input + at.vector(BIASES + NEW) + at.temp(RESET_GATE) * product;
                let new = at.candidate(new.tanh());
                at.set_state(0, mix(at.temp(UPDATE_GATE), at.state(0), new));
            }
        }
    }
}

impl NormalizedGru {
    /// Leaves the pre-activations of a side, and what the mean of its gates is made of.
    #[inline(always)]
    fn keep<S: Stage>(at: &S, side: usize) {
        let reset = at.sum(side + RESET).value();
        let update = at.sum(side + UPDATE).value();
        at.set_temp(side + RESET, reset);
        at.set_temp(side + UPDATE, update);
        at.set_temp(side + NEW, at.sum(side + NEW).value());
        at.set_temp(SUMS + side / SIDE, reset + update);
    }

    #[inline(always)]
    fn gate<S: Stage>(at: &S, [input, hidden]: [Moments<S::Value>; 2], gate: usize) -> S::Value {
        let input = input.normalize(at.temp(gate), at.vector(gate));
        let hidden = hidden.normalize(at.temp(SIDE + gate), at.vector(SIDE + gate));
        (input + hidden + at.vector(BIASES + gate)).sigmoid()
    }

    /// Leaves what the variances of a side are made of.
    #[inline(always)]
    fn square<S: Stage>(at: &S, side: usize, gates: usize, new: usize) {
        let gates = mean(at, gates, GATES);
        let reset = squared(at.temp(side + RESET), gates);
        let update = squared(at.temp(side + UPDATE), gates);
        at.set_temp(SQUARES + side / SIDE, reset + update);
        let new = mean(at, new, 1.0);
        at.set_temp(NEW_SQUARES + side / SIDE, squared(at.temp(side + NEW), new));
    }
}
