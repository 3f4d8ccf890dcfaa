//! The layer-normalised LSTM.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};

use super::layer_norm::{Moments, mean, squared};
use crate::definition::{Declaration, Definition, Product, Stage, Value, Width};

/// Gains and biases of an LSTM's layer normalisation (Ba et al. 2016, "Layer normalization", equations 20 to 22):
///
/// ```text
/// (i, f, g, o) = LN(W_h h_{t-1}; α1) + LN(W_x x_t; α2) + b
/// C_t = σ(f) C_{t-1} + σ(i) tanh(g)
/// h_t = σ(o) tanh(LN(C_t; α3, β3))
/// LN(z; α, β) = α (z − mean(z)) / √(variance(z) + 1e−5) + β
/// ```
///
/// Mean and variance are over all four gates together, as in the authors' code. The paper's `β1`, `β2` and `b` only occur as a sum:
/// they are the cell's [`bias`](crate::LstmCell::bias). Gains start from one, `β3` from zero.
#[derive(Module, Debug)]
pub struct LstmNorm {
    /// `α2`, one row a gate: `[4, d_hidden]`.
    pub gain_input: Param<Tensor<2>>,
    /// `α1`, one row a gate: `[4, d_hidden]`.
    pub gain_hidden: Param<Tensor<2>>,
    /// `α3`, `[d_hidden]`.
    pub gain_cell: Param<Tensor<1>>,
    /// `β3`, `[d_hidden]`; where the cell has biases.
    pub bias_cell: Option<Param<Tensor<1>>>,
}

impl LstmNorm {
    pub(super) fn init(d_hidden: usize, bias: bool, device: &Device) -> Self {
        Self {
            gain_input: Initializer::Ones.init([4, d_hidden], device),
            gain_hidden: Initializer::Ones.init([4, d_hidden], device),
            gain_cell: Initializer::Ones.init([d_hidden], device),
            bias_cell: bias.then(|| Initializer::Zeros.init([d_hidden], device)),
        }
    }
}

/// States.
const HIDDEN: usize = 0;
const CELL: usize = 1;
/// Gates: the place of each among sums, temps and rows of a side.
const INPUT: usize = 0;
const FORGET: usize = 1;
const CANDIDATE: usize = 2;
const OUTPUT: usize = 3;
/// From the input's side to the hidden one, among sums, temps and rows; from there to the biases.
const SIDE: usize = 4;
const BIASES: usize = 8;
const GAIN_CELL: usize = 12;
const BIAS_CELL: usize = 13;
const PROJECTION: usize = 8;
/// Temps after the pre-activations: those that are summed over the units, then the cell state, its squares and what is projected.
const SUMS: usize = 8;
const SQUARES: usize = 10;
const NEW_CELL: usize = 12;
const CELL_SQUARES: usize = 13;
const SHOWN: usize = 14;
/// Reductions: sum and squares of each.
const OF_INPUT: [usize; 2] = [0, 2];
const OF_HIDDEN: [usize; 2] = [1, 3];
const OF_CELL: [usize; 2] = [4, 5];
/// The gates that are normalised together.
const GATES: f32 = 4.0;

/// The equations, with a projection of the output or without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NormalizedLstm {
    pub(super) projects: bool,
}

impl Definition for NormalizedLstm {
    const STAGES: usize = 6;

    fn declare(&self) -> Declaration {
        let mut cell = Declaration::stages(5);
        cell = if self.projects {
            cell.output_stage().state_of(Width::Output, 0.0)
        } else {
            cell.state()
        };
        cell = cell.state();
        for _ in 0..SIDE {
            cell = cell.input_without_bias(0);
        }
        for _ in 0..SIDE {
            cell = cell.sum(0);
        }
        for stage in [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4] {
            cell = cell.temp(stage);
        }
        for temp in [SUMS, SUMS + 1, SQUARES, SQUARES + 1, NEW_CELL, CELL_SQUARES] {
            cell = cell.reduce(temp);
        }
        let of_hidden = Product::of_state(HIDDEN).into_sums([SIDE, SIDE + 1, SIDE + 2, SIDE + 3]);
        cell = cell.matrix("w_hidden", [of_hidden]);
        if self.projects {
            let projection = Product::of_temp(SHOWN).into_sums([PROJECTION]);
            cell = cell.sum(5).matrix("w_project", [projection]);
        }
        cell.vectors("norm.gain_input", [true; 4])
            .vectors("norm.gain_hidden", [true; 4])
            .vectors("bias", [true; 4])
            .vector("norm.gain_cell")
            .vector("norm.bias_cell")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        match index {
            0 => {
                Self::keep(at, 0);
                Self::keep(at, SIDE);
            }
            1 => {
                Self::square(at, 0, OF_INPUT[0]);
                Self::square(at, SIDE, OF_HIDDEN[0]);
            }
            2 => {
                let sides = Self::sides(at);
                let input = Self::gate(at, sides, INPUT).sigmoid();
                let forget = Self::gate(at, sides, FORGET).sigmoid();
                let candidate = at.candidate(Self::gate(at, sides, CANDIDATE).tanh());
                let cell = forget.mul_add(at.state(CELL), input * candidate);
                at.set_state(CELL, cell);
                at.set_temp(NEW_CELL, cell);
            }
            3 => {
                let mean = mean(at, OF_CELL[0], 1.0);
                at.set_temp(CELL_SQUARES, squared(at.temp(NEW_CELL), mean));
            }
            4 => {
                let output = Self::gate(at, Self::sides(at), OUTPUT).sigmoid();
                let cell = Moments::of(at, OF_CELL, 1.0);
                let cell = cell.normalize(at.temp(NEW_CELL), at.vector(GAIN_CELL));
                let shown = output * (cell + at.vector(BIAS_CELL)).tanh();
                at.set_temp(SHOWN, shown);
                at.set_state_if(!self.projects, HIDDEN, shown);
            }
            _ => at.set_state(HIDDEN, at.sum(PROJECTION).value()),
        }
    }
}

impl NormalizedLstm {
    /// Leaves the pre-activations of a side, and what their mean is made of.
    #[inline(always)]
    fn keep<S: Stage>(at: &S, side: usize) {
        let input = at.sum(side + INPUT).value();
        let forget = at.sum(side + FORGET).value();
        let candidate = at.sum(side + CANDIDATE).value();
        let output = at.sum(side + OUTPUT).value();
        at.set_temp(side + INPUT, input);
        at.set_temp(side + FORGET, forget);
        at.set_temp(side + CANDIDATE, candidate);
        at.set_temp(side + OUTPUT, output);
        at.set_temp(SUMS + side / SIDE, (input + forget) + (candidate + output));
    }

    /// Leaves what the variance of a side is made of.
    #[inline(always)]
    fn square<S: Stage>(at: &S, side: usize, sum: usize) {
        let mean = mean(at, sum, GATES);
        let input = squared(at.temp(side + INPUT), mean);
        let forget = squared(at.temp(side + FORGET), mean);
        let candidate = squared(at.temp(side + CANDIDATE), mean);
        let output = squared(at.temp(side + OUTPUT), mean);
        at.set_temp(
            SQUARES + side / SIDE,
            (input + forget) + (candidate + output),
        );
    }

    #[inline(always)]
    fn sides<S: Stage>(at: &S) -> [Moments<S::Value>; 2] {
        [
            Moments::of(at, OF_INPUT, GATES),
            Moments::of(at, OF_HIDDEN, GATES),
        ]
    }

    /// The pre-activation of a gate.
    #[inline(always)]
    fn gate<S: Stage>(at: &S, [input, hidden]: [Moments<S::Value>; 2], gate: usize) -> S::Value {
        let input = input.normalize(at.temp(gate), at.vector(gate));
        let hidden = hidden.normalize(at.temp(SIDE + gate), at.vector(SIDE + gate));
        input + hidden + at.vector(BIASES + gate)
    }
}
