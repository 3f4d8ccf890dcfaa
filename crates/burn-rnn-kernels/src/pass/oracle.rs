//! The passes against the equations over numbers of 64 bits, differentiated numerically.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::definition::{
    Declaration, Definition, ParameterKind, Product, Scalars, Source, Stage, Value,
};
use crate::machine::level::Level;

use super::gradients::Wanted;
use super::kernel::Engine;
use super::operands::Operands;
use super::scan::{OutputGradients, backward, forward, state_row};
use super::timing::{Sizes, Timing};

/// `h' = tanh a`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Simple;

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

#[derive(Clone, Copy, Debug, PartialEq)]
struct Lstm;

impl Definition for Lstm {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0, 1, 2, 3]);
        let sums = Declaration::new()
            .state()
            .state()
            .input(0)
            .input(0)
            .input(0)
            .input(0);
        sums.matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let written = at.sum(0).gate_tanh_of(at.sum(2));
        let cell = at.sum(1).gate(at.state(1)) + written;
        at.set_state(1, cell);
        at.set_state(0, at.sum(3).gate_tanh(cell));
    }
}

/// The GRU that resets after the product.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gru;

impl Definition for Gru {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0, 1, 3]);
        let sums = Declaration::new().state().input(0).input(0).input(0).sum(0);
        sums.matrix("w_hidden", [product]).vector("bias_hidden")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let (reset, update) = (at.sum(0).sigmoid(), at.sum(1).sigmoid());
        let product = (at.sum(3) + at.vector(0)).value();
        let new = (at.sum(2) + reset * product).tanh();
        at.set_state(0, update.one_minus().mul_add(at.state(0), update * new));
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Mgu;

impl Definition for Mgu {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        let products = [
            Product::of_state(0).into_sums([0]),
            Product::of_temp(1).into_sums([1]),
        ];
        let sums = Declaration::stages(2)
            .state()
            .input(0)
            .input(1)
            .temp(0)
            .temp(0);
        sums.matrix("w_hidden", products)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            let forget = at.sum(0).sigmoid();
            at.set_temp(0, forget);
            at.set_temp(1, forget * at.state(0));
        } else {
            let (forget, new) = (at.temp(0), at.sum(1).tanh());
            at.set_state(0, forget.one_minus().mul_add(at.state(0), forget * new));
        }
    }
}

struct Problem {
    sizes: Sizes,
    timing: Timing,
    operands: Vec<Option<Vec<f64>>>,
    by_output: Vec<f64>,
    by_states: Vec<Vec<f64>>,
}

impl Problem {
    fn new(engine: &Engine, sizes: Sizes, timing: Timing) -> Self {
        let plan = engine.0.plan();
        let mut rng = StdRng::seed_from_u64(7);
        let mut draw = |len: usize| -> Vec<f64> {
            (0..len)
                .map(|_| f64::from(rng.random_range(-1.0f32..1.0)))
                .collect()
        };
        let mut operands = vec![Some(draw(sizes.batch * sizes.time * sizes.d_input))];
        let tensors = plan.declaration.states.len();
        for tensor in 0..tensors {
            operands.push(Some(draw(sizes.batch * state_row(plan, &sizes, tensor))));
        }
        let columns = plan.inputs.len() * sizes.d_hidden;
        operands.push(Some(draw(sizes.d_input * columns)));
        operands.push(Some(draw(columns)));
        for (index, parameter) in plan.declaration.parameters.iter().enumerate() {
            operands.push(Some(draw(match &parameter.kind {
                ParameterKind::Matrix { .. } => {
                    plan.row_blocks(index) * sizes.d_hidden * plan.blocks(index) * sizes.d_hidden
                }
                ParameterKind::Vectors { there, .. } => there.len() * sizes.d_hidden,
                ParameterKind::Scalars { count } => *count,
            })));
        }
        Self {
            by_output: draw(sizes.batch * sizes.time * sizes.d_hidden),
            by_states: (0..tensors)
                .map(|tensor| draw(sizes.batch * state_row(plan, &sizes, tensor)))
                .collect(),
            sizes,
            timing,
            operands,
        }
    }

    /// The output and the last states by the equations, of cells whose widths are all `d_hidden`.
    fn run<D: Definition>(&self, definition: &D, engine: &Engine) -> (Vec<f64>, Vec<Vec<f64>>) {
        let plan = engine.0.plan();
        let Sizes {
            batch,
            time,
            d_input,
            d_hidden,
            ..
        } = self.sizes;
        let operand = |index: usize| self.operands[index].as_deref().unwrap_or_default();
        let mut output = vec![0.0; batch * time * d_hidden];
        let count = plan.declaration.states.len();
        let mut states: Vec<Vec<f64>> = (0..count)
            .map(|state| operand(1 + state).to_vec())
            .collect();
        for b in 0..batch {
            let length = self
                .timing
                .lengths
                .as_ref()
                .map_or(time, |lengths| lengths[b]);
            for step in 0..length {
                let t = if self.timing.reverse {
                    length - 1 - step
                } else {
                    step
                };
                let before: Vec<Vec<f64>> = states
                    .iter()
                    .map(|s| s[b * d_hidden..][..d_hidden].to_vec())
                    .collect();
                let mut temps = vec![vec![0.0; plan.temps.len()]; d_hidden];
                for stage in 0..plan.stages.len() {
                    let left = temps.clone();
                    for unit in 0..d_hidden {
                        let mut sums = vec![0.0; plan.sums.len()];
                        for (block, &sum) in plan.inputs.iter().enumerate() {
                            let column = block * d_hidden + unit;
                            sums[sum] += operand(plan.bias())[column];
                            for k in 0..d_input {
                                sums[sum] += operand(0)[(b * time + t) * d_input + k]
                                    * operand(plan.w_input())
                                        [k * plan.inputs.len() * d_hidden + column];
                            }
                        }
                        for product in plan.stages.iter().flat_map(|stage| &stage.products) {
                            let data = operand(plan.parameter(product.parameter));
                            let columns = plan.blocks(product.parameter) * d_hidden;
                            for (&sum, block) in product.sums.iter().zip(&product.blocks) {
                                for k in 0..d_hidden {
                                    let value = match product.source {
                                        Source::State(state) => before[state][k],
                                        Source::Temp(temp) => left[k][temp],
                                    };
                                    let row = product.row_block * d_hidden + k;
                                    sums[sum] +=
                                        value * data[row * columns + block * d_hidden + unit];
                                }
                            }
                        }
                        let vectors = plan.rows.iter().map(|row| {
                            operand(plan.parameter(row.parameter))
                                [row.row.unwrap_or(0) * d_hidden + unit]
                        });
                        let at = Scalars {
                            sums,
                            states: before.iter().map(|state| state[unit]).collect(),
                            temps: temps[unit].clone().into(),
                            vectors: vectors.collect(),
                            units: d_hidden as f64,
                            set: states
                                .iter()
                                .map(|s| s[b * d_hidden + unit])
                                .collect::<Vec<_>>()
                                .into(),
                            ..Scalars::default()
                        };
                        definition.stage(stage, &at);
                        temps[unit] = at.temps.into_inner();
                        for (state, value) in states.iter_mut().zip(at.set.into_inner()) {
                            state[b * d_hidden + unit] = value;
                        }
                    }
                }
                output[(b * time + t) * d_hidden..][..d_hidden]
                    .copy_from_slice(&states[0][b * d_hidden..][..d_hidden]);
            }
        }
        (output, states)
    }

    fn loss<D: Definition>(&self, definition: &D, engine: &Engine) -> f64 {
        let (output, states) = self.run(definition, engine);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let of_states = states.iter().zip(&self.by_states).map(|(a, b)| dot(a, b));
        dot(&output, &self.by_output) + of_states.sum::<f64>()
    }
}

fn agree<D: Definition>(definition: D, sizes: Sizes, timing: Timing) {
    let engine = Engine::of(definition);
    let mut problem = Problem::new(&engine, sizes, timing);
    let floats = |values: &[f64]| -> Vec<f32> { values.iter().map(|&v| v as f32).collect() };
    let given: Vec<Option<Vec<f32>>> = problem
        .operands
        .iter()
        .map(|o| o.as_deref().map(floats))
        .collect();
    let operands = Operands::new(given.iter().map(|o| o.as_deref()).collect());
    let (output, states) = problem.run(&definition, &engine);
    let close = |what: &str, a: &[f32], b: &[f64]| {
        assert_eq!(a.len(), b.len(), "{what}");
        for (index, (a, b)) in a.iter().zip(b).enumerate() {
            let error = (f64::from(*a) - b).abs() / (1.0 + b.abs());
            assert!(
                error < 2e-4,
                "{definition:?} {sizes:?} {what} {index}: {a}, expected {b}"
            );
        }
    };
    let d_output = floats(&problem.by_output);
    let d_states: Vec<Vec<f32>> = problem.by_states.iter().map(|d| floats(d)).collect();
    let wanted = Wanted {
        x: true,
        parameters: true,
    };
    let mut numerical: Vec<Option<Vec<f64>>> = Vec::new();
    for operand in 0..problem.operands.len() {
        let len = problem.operands[operand].as_ref().map_or(0, Vec::len);
        let mut d = Vec::new();
        for index in 0..len {
            let mut at = |by: f64| {
                problem.operands[operand].as_mut().unwrap()[index] += by;
                let loss = problem.loss(&definition, &engine);
                problem.operands[operand].as_mut().unwrap()[index] -= by;
                loss
            };
            d.push((at(1e-5) - at(-1e-5)) / 2e-5);
        }
        numerical.push(Some(d));
    }
    for level in Level::available() {
        for keep in [false, true] {
            let timing = &problem.timing;
            let outputs = forward(&engine.0, level, &sizes, &operands, None, timing, keep);
            close("output", &outputs.output, &output);
            for (given, expected) in outputs.states.iter().zip(&states) {
                close("state", given, expected);
            }
            if let Some(saved) = outputs.saved {
                let d = OutputGradients {
                    output: &d_output,
                    states: d_states.iter().map(|d| Some(&d[..])).collect(),
                };
                let d = backward(&engine.0, level, &sizes, &operands, saved, &d, wanted);
                for (index, (given, expected)) in d.iter().zip(&numerical).enumerate() {
                    let expected = expected.as_deref().unwrap_or_default();
                    close(
                        &format!("gradient of {index}"),
                        given.map_or(&[][..], |d| d),
                        expected,
                    );
                }
            }
        }
    }
}

#[test]
fn passes_agree_with_the_equations() {
    for (batch, time, d_input, d_hidden) in [(1, 1, 1, 1), (2, 3, 3, 5), (5, 4, 2, 9)] {
        let sizes = Sizes {
            batch,
            time,
            d_input,
            d_hidden,
            d_output: d_hidden,
        };
        for reverse in [false, true] {
            for lengths in [
                None,
                Some((0..batch).map(|b| (b * 3 + 1) % (time + 1)).collect()),
            ] {
                let timing = Timing {
                    reverse,
                    lengths,
                    resets: None,
                };
                agree(Simple, sizes, timing.clone());
                agree(Lstm, sizes, timing.clone());
                agree(Gru, sizes, timing.clone());
                agree(Mgu, sizes, timing);
            }
        }
    }
}
