//! A definition for each form that a declaration can have.

use crate::definition::{Declaration, Definition, Function, Product, Stage, Value, Width};

/// One product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Simple;

impl Definition for Simple {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0]);
        Declaration::new()
            .state()
            .input(0)
            .matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        at.set_state(0, at.sum(0).tanh());
    }
}

/// Several states, gates with one division.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lstm;

impl Definition for Lstm {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0, 1, 2, 3]);
        let cell = Declaration::new().state().state();
        let cell = cell.input(0).input(0).input(0).input(0);
        cell.matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let written = at.candidate(at.sum(0).gate_tanh_of(at.sum(2)));
        let cell = at.sum(1).gate(at.state(1)) + written;
        at.set_state(1, cell);
        at.set_state(0, at.sum(3).gate_tanh(cell));
    }
}

/// Input and recurrent side apart, a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gru;

impl Definition for Gru {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0, 1, 3]);
        let cell = Declaration::new().state();
        let cell = cell.input(0).input(0).input(0).sum(0);
        cell.matrix("w_hidden", [product]).vector("bias_hidden")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let (reset, update) = (at.sum(0).sigmoid(), at.sum(1).sigmoid());
        let product = (at.sum(3) + at.vector(0)).value();
        let new = (at.sum(2) + reset * product).tanh();
        at.set_state(0, update.one_minus().mul_add(at.state(0), update * new));
    }
}

/// Products that depend on each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mgu;

impl Definition for Mgu {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        let products = [
            Product::of_state(0).into_sums([0]),
            Product::of_temp(1).into_sums([1]).masked_like(0),
        ];
        let cell = Declaration::stages(2).state();
        let cell = cell.input(0).input(1).temp(0).temp(0);
        cell.matrix("w_hidden", products)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            let forget = at.sum(0).sigmoid();
            at.set_temp(0, forget);
            at.set_temp(1, forget * at.state(0));
        } else {
            let (forget, new) = (at.temp(0), at.candidate(at.sum(1).tanh()));
            at.set_state(0, forget.one_minus().mul_add(at.state(0), forget * new));
        }
    }
}

/// A sum that is read twice, trainable scalars, a sum without a bias, no product at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scaled;

impl Definition for Scaled {
    fn declare(&self) -> Declaration {
        let cell = Declaration::new().state().input_without_bias(0).input(0);
        cell.vectors("rows", [true, false, true])
            .scalars("scalars", 2)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let a = at.sum(0) + at.vector(0) * at.state(0) + at.vector_if(false, 1);
        let (gate, candidate) = ((a + at.vector(2)).sigmoid(), a.tanh());
        let weight = at.vector(3).sigmoid() * gate + at.vector(4);
        at.set_state(0, weight * candidate + at.sum(1).sigmoid() * at.state(0));
    }
}

/// Reductions over the units: a layer-normalised cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Normalized;

impl Definition for Normalized {
    const STAGES: usize = 3;

    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0]);
        let cell = Declaration::stages(3).state().input(0);
        let cell = cell.temp(0).temp(1).temp(1).reduce(0).reduce(2);
        cell.matrix("w_hidden", [product]).vector("gain")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        match index {
            0 => at.set_temp(0, at.sum(0).value()),
            1 => {
                let centred = at.temp(0) - at.reduced(0) / at.units();
                at.set_temp(1, centred);
                at.set_temp(2, centred * centred);
            }
            _ => {
                let deviation = (at.reduced(1) / at.units() + 0.1).sqrt();
                at.set_state(0, (at.vector(0) * at.temp(1) / deviation).tanh());
            }
        }
    }
}

/// A projection: what recurs has another width than the hidden units, and one state starts from a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Projected;

impl Definition for Projected {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        let cell = Declaration::stages(1).output_stage();
        let cell = cell.state_of(Width::Output, 0.0);
        let cell = cell.state_of(Width::Hidden, 0.5);
        let cell = cell.input(0).input(0).sum(1).temp(0);
        cell.matrix("w_hidden", [Product::of_state(0).into_sums([0, 1])])
            .matrix("w_project", [Product::of_temp(0).into_sums([2])])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            let cell = at.sum(0).gate(at.state(1)) + at.sum(1).tanh();
            at.set_state(1, cell);
            at.set_temp(0, cell.tanh());
        } else {
            at.set_state(0, at.sum(2).value());
        }
    }
}

/// Masks of sequences and of steps, on what a product reads and on what it gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Masked;

impl Definition for Masked {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        let product = Product::of_temp(0).into_sums([0]);
        let cell = Declaration::stages(2).state().input(1).temp(0);
        cell.matrix("w_hidden", [product]).mask().mask_by_step()
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            at.set_temp(0, at.state(0) * at.mask(0));
        } else {
            let new = at.sum(0).tanh();
            at.set_state(0, at.mask(1) * new + at.mask(1).one_minus() * at.state(0));
        }
    }
}

/// Options at run time: sums, states side by side and rows that are not there, functions that are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) on: bool,
}

impl Definition for Chosen {
    fn declare(&self) -> Declaration {
        let into = |state| Product::of_state(state).into_sums([0, 1]);
        let cell = Declaration::new().state();
        let cell = cell.states_side_by_side([self.on, true]);
        let cell = cell.input(0).input_if(self.on, 0);
        let mut products = Vec::new();
        if self.on {
            products.push(into(1).at(0, 0));
        }
        products.push(into(2).at(usize::from(self.on), 0));
        cell.matrix("w_hidden", [into(0)])
            .matrix("w_gates", products)
            .vectors("rows", [self.on, true])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let see = at.vector_if(self.on, 0) * at.state(0);
        let gate = (at.sum_if(self.on, 1) + see).activate_if(self.on, Function::Sigmoid, 1.0);
        let function = if self.on {
            Function::ScaledTanh {
                alpha: 1.5,
                beta: 0.5,
            }
        } else {
            Function::HardSigmoid {
                alpha: 0.2,
                beta: 0.5,
            }
        };
        let new = (at.sum(0) + at.vector(1)).activate(function);
        let keep = gate.choose(self.on, new.one_minus());
        at.set_state(0, keep.one_minus().mul_add(at.state(0), new));
        at.set_state_if(self.on, 1, gate);
        at.set_state(2, new.apply(Function::Clip { limit: 0.4 }));
    }
}

/// Every operation of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Every;

impl Definition for Every {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0]);
        let cell = Declaration::new().state().input(0).input(0);
        cell.matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let (a, b) = (
            (-at.sum(0)).value(),
            (at.sum(1) * 0.5 - at.state(0)).softplus(),
        );
        let c = (a.abs() + 0.2).sqrt() + (b + 1.0).ln() - (a * 0.3).exp() * 0.1;
        let d = a.apply(Function::Elu { alpha: 0.7 }) + c.apply(Function::Softsign);
        let e = b.apply(Function::LeakyRelu { alpha: 0.1 }).max(d * 0.5);
        let f = (e / (b + 2.0)).min(a + 1.5) + d.relu() * 0.2 - 0.1;
        let g = f.apply(Function::Affine {
            alpha: 0.5,
            beta: 0.1,
        });
        let h = g.apply(Function::ThresholdedRelu { alpha: 0.3 }) * 0.1;
        at.set_state(0, (g + h + a.softplus() * 0.1).tanh());
    }
}

/// Heads, an initial state without a bound, a maximum: the sLSTM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exponential {
    pub(super) heads: usize,
}

impl Definition for Exponential {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0, 1, 2, 3]);
        let cell = Declaration::new().state().state().state();
        let cell = cell.state_of(Width::Hidden, f32::NEG_INFINITY);
        let cell = cell.input(0).input(0).input(0).input(0);
        cell.heads("w_hidden", self.heads, [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let input = at.sum(0).value();
        let forget = at.state(3) - (-at.sum(1)).softplus();
        let stabilizer = input.max(forget);
        let (input, forget) = ((input - stabilizer).exp(), (forget - stabilizer).exp());
        let cell = forget.mul_add(at.state(1), input * at.sum(2).tanh());
        let normalizer = forget.mul_add(at.state(2), input);
        at.set_state(3, stabilizer);
        at.set_state(2, normalizer);
        at.set_state(1, cell);
        at.set_state(0, at.sum(3).sigmoid() * (cell / normalizer));
    }
}
