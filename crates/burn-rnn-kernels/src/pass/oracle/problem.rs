//! What a run reads, and the run by the equations in plain loops.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::definition::{Kept, Plan, ProductPlan, Scalars, Source};
use crate::pass::kernel::Engine;
use crate::pass::scan::output_width;
use crate::pass::sizes::Sizes;
use crate::pass::timing::Timing;

pub(super) struct Problem {
    pub(super) timing: Timing,
    sizes: Sizes,
    operands: Vec<Option<Vec<f64>>>,
    /// The operands that have gradients.
    differentiable: usize,
    by_output: Vec<f64>,
    by_states: Vec<Vec<f64>>,
}

impl Problem {
    pub(super) fn new(engine: &Engine, sizes: Sizes, timing: Timing, with_states: bool) -> Self {
        let plan = engine.0.plan();
        let mut rng = StdRng::seed_from_u64(7);
        // Values that a float holds exactly, so that both sides read the same.
        let mut draw = |len: usize| -> Vec<f64> {
            let values = (0..len).map(|_| f64::from(rng.random_range(-1.0f32..1.0)));
            values.collect()
        };
        let tensors = plan.declaration.states.len();
        let rows: Vec<usize> = (0..tensors)
            .map(|tensor| sizes.batch * sizes.state_row(plan, tensor))
            .collect();
        let mut operands = vec![Some(draw(sizes.batch * sizes.time * sizes.d_input))];
        operands.extend(rows.iter().map(|&len| with_states.then(|| draw(len))));
        operands.push(Some(draw(
            sizes.d_input * plan.inputs.len() * sizes.d_hidden,
        )));
        let biases = plan.biases.len() * sizes.d_hidden;
        operands.push((biases > 0).then(|| draw(biases)));
        for index in 0..plan.declaration.parameters.len() {
            let shape = sizes.parameter(plan, index);
            operands.push(Some(draw(shape.iter().product())));
        }
        let differentiable = operands.len();
        for mask in &plan.declaration.masks {
            let steps = if mask.by_step { sizes.time } else { 1 };
            operands.push(Some(draw(sizes.batch * steps * sizes.width(mask.width))));
        }
        let width = output_width(plan, &sizes);
        let mut by_output = draw(sizes.batch * sizes.time * width);
        // What stands in the padding is not there.
        for b in 0..sizes.batch {
            for t in timing.lengths.as_ref().map_or(sizes.time, |all| all[b])..sizes.time {
                by_output[(b * sizes.time + t) * width..][..width].fill(0.0);
            }
        }
        // A state that starts from −∞ stays there where a sequence has no step: it has no part in the loss.
        let states = plan.declaration.states.iter().zip(&rows);
        let by_states = states.map(|(state, &len)| {
            let mut by = draw(len);
            if state.initial.is_infinite() {
                by.fill(0.0);
            }
            by
        });
        Self {
            by_states: by_states.collect(),
            by_output,
            timing,
            sizes,
            operands,
            differentiable,
        }
    }

    /// The operands as floats.
    pub(super) fn floats(&self) -> Vec<Option<Vec<f32>>> {
        let operands = self.operands.iter();
        operands
            .map(|operand| operand.as_deref().map(floats))
            .collect()
    }

    /// The weights of the output and the last states in the loss, as floats.
    pub(super) fn cotangents(&self) -> (Vec<f32>, Vec<Vec<f32>>) {
        let states = self.by_states.iter().map(|by| floats(by)).collect();
        (floats(&self.by_output), states)
    }

    fn operand(&self, index: usize) -> &[f64] {
        self.operands[index].as_deref().unwrap_or_default()
    }

    /// The output and the last states by the equations.
    pub(super) fn run(&self, engine: &Engine) -> (Vec<f64>, Vec<Vec<f64>>) {
        let plan = engine.0.plan();
        let Sizes { batch, time, .. } = self.sizes;
        let width = output_width(plan, &self.sizes);
        let mut output = vec![0.0; batch * time * width];
        let mut last: Vec<Vec<f64>> = vec![Vec::new(); plan.declaration.states.len()];
        for b in 0..batch {
            let length = self
                .timing
                .lengths
                .as_ref()
                .map_or(time, |lengths| lengths[b]);
            let is_reset = |t: usize| self.timing.resets.as_ref().is_some_and(|r| r[b * time + t]);
            let initial: Vec<Vec<f64>> = plan
                .states
                .iter()
                .map(|state| vec![f64::from(state.initial); self.sizes.width(state.width)])
                .collect();
            let mut states: Vec<Vec<f64>> = plan
                .states
                .iter()
                .zip(&initial)
                .map(|(state, initial)| {
                    let row = self.sizes.state_row(plan, state.tensor);
                    let width = self.sizes.width(state.width);
                    match &self.operands[Plan::STATES + state.tensor] {
                        Some(given) if state.there => {
                            given[b * row + state.block * width..][..width].to_vec()
                        }
                        _ => initial.clone(),
                    }
                })
                .collect();
            for index in 0..length {
                let t = if self.timing.reverse {
                    length - 1 - index
                } else {
                    index
                };
                if !self.timing.reverse && is_reset(t) {
                    states.clone_from(&initial);
                }
                self.step(engine, b, t, &mut states);
                output[(b * time + t) * width..][..width].copy_from_slice(&states[0]);
                if self.timing.reverse && is_reset(t) {
                    states.clone_from(&initial);
                }
            }
            for (state, values) in plan.states.iter().zip(states) {
                if state.there {
                    last[state.tensor].extend(values);
                }
            }
        }
        (output, last)
    }

    fn step(&self, engine: &Engine, b: usize, t: usize, states: &mut [Vec<f64>]) {
        let plan = engine.0.plan();
        let before: Vec<Vec<f64>> = states.to_vec();
        let widest = self.sizes.d_hidden.max(self.sizes.d_output);
        let mut temps = vec![vec![0.0; widest]; plan.temps.len()];
        for (index, stage) in plan.stages.iter().enumerate() {
            let left = temps.clone();
            let sum_of = |&temp: &usize| -> f64 { left[temp].iter().sum() };
            let reduced: Vec<f64> = plan.declaration.reductions.iter().map(sum_of).collect();
            let width = self.sizes.width(stage.width);
            for unit in 0..width {
                let mut sums = vec![0.0; plan.sums.len()];
                for (sum, value) in sums.iter_mut().enumerate() {
                    *value = self.input_side(plan, sum, b, t, unit);
                }
                for product in &stage.products {
                    self.add_product(plan, product, &before, &left, unit, &mut sums);
                }
                let row = |row: &crate::definition::RowPlan| match row.row {
                    Some(index) if row.scalar => self.operand(plan.parameter(row.parameter))[index],
                    Some(index) => self.operand(plan.parameter(row.parameter))
                        [index * self.sizes.d_hidden + unit],
                    None => 0.0,
                };
                let mask = |index: usize| self.mask(plan, index, [b, t, unit]);
                let values = |all: &[Vec<f64>]| -> Vec<f64> {
                    all.iter()
                        .map(|all| all.get(unit).copied().unwrap_or(0.0))
                        .collect()
                };
                let at = Scalars {
                    sums,
                    states: values(&before),
                    temps: values(&temps).into(),
                    reduced: reduced.clone(),
                    vectors: plan.rows.iter().map(row).collect(),
                    masks: (0..plan.declaration.masks.len()).map(mask).collect(),
                    candidate: plan.rules.candidate.map(mask),
                    units: width as f64,
                    set: values(states).into(),
                };
                // The record says the same as the equations.
                let recorded = at.clone();
                engine.evaluate(index, &at);
                engine.records()[index].evaluate(&recorded);
                assert_eq!(at.set, recorded.set);
                assert_eq!(at.temps, recorded.temps);
                for (temp, value) in temps.iter_mut().zip(at.temps.into_inner()) {
                    temp[unit] = value;
                }
                for (state, value) in states.iter_mut().zip(at.set.into_inner()) {
                    if let Some(state) = state.get_mut(unit) {
                        *state = value;
                    }
                }
            }
            for (temp, copied) in plan.rules.temps() {
                if plan.declaration.temps[temp].stage == index {
                    let from = temps[temp].clone();
                    let copy = temps[copied.to].iter_mut().zip(from).take(width);
                    for (unit, (to, from)) in copy.enumerate() {
                        *to = from * self.mask(plan, copied.mask, [b, t, unit]);
                    }
                }
            }
            for temp in &mut temps {
                temp.truncate(widest);
            }
        }
        for (state, rule) in plan.rules.states() {
            for unit in 0..self.sizes.width(plan.states[state].width) {
                let mask = |index: usize| self.mask(plan, index, [b, t, unit]);
                let share = match rule.kept {
                    Kept::Nothing => 0.0,
                    Kept::Masked(index) => mask(index),
                    Kept::Share(share) => share.into(),
                };
                let (now, was) = (states[state][unit], before[state][unit]);
                states[state][unit] = (1.0 - share) * now + share * was;
                if let Some(copied) = rule.copy {
                    states[copied.to][unit] = states[state][unit] * mask(copied.mask);
                }
            }
        }
    }

    /// A mask for a unit of a sequence at a step; units of the other width have none.
    fn mask(&self, plan: &Plan, index: usize, [b, t, unit]: [usize; 3]) -> f64 {
        let mask = plan.declaration.masks[index];
        let step = if mask.by_step {
            b * self.sizes.time + t
        } else {
            b
        };
        let width = self.sizes.width(mask.width);
        if unit < width {
            self.operand(plan.mask(index))[step * width + unit]
        } else {
            0.0
        }
    }

    fn input_side(&self, plan: &Plan, sum: usize, b: usize, t: usize, unit: usize) -> f64 {
        let Sizes {
            time,
            d_input,
            d_hidden,
            ..
        } = self.sizes;
        let Some(block) = plan.inputs.iter().position(|&input| input == sum) else {
            return 0.0;
        };
        if unit >= d_hidden {
            return 0.0;
        }
        let bias = plan.sums[sum]
            .bias
            .map(|block| self.operand(plan.bias())[block * d_hidden + unit]);
        let column = block * d_hidden + unit;
        let columns = plan.inputs.len() * d_hidden;
        let products = (0..d_input).map(|k| {
            let x = self.operand(0)[(b * time + t) * d_input + k];
            x * self.operand(plan.w_input())[k * columns + column]
        });
        bias.unwrap_or(0.0) + products.sum::<f64>()
    }

    fn add_product(
        &self,
        plan: &Plan,
        product: &ProductPlan,
        before: &[Vec<f64>],
        temps: &[Vec<f64>],
        unit: usize,
        sums: &mut [f64],
    ) {
        let data = self.operand(plan.parameter(product.parameter));
        let width = self.sizes.width(plan.sums[product.sums[0]].width);
        let rows = self.sizes.width(product.source_width);
        let heads = product.heads.unwrap_or(1);
        let (of_head, rows_of_head) = (width / heads, rows / heads);
        let matrix = plan.matrices[product.parameter].expect("it has a product");
        let columns = matrix.blocks * of_head;
        for (&sum, block) in product.sums.iter().zip(&product.blocks) {
            for k in 0..rows {
                if product.heads.is_some() && k / rows_of_head != unit / of_head {
                    continue;
                }
                let value = match product.source {
                    Source::State(state) => before[state][k],
                    Source::Temp(temp) => temps[temp][k],
                };
                let row = product.row_block * rows + k;
                sums[sum] += value * data[row * columns + block * of_head + unit % of_head];
            }
        }
    }

    fn loss(&self, engine: &Engine) -> f64 {
        let (output, states) = self.run(engine);
        let dot = |a: &[f64], b: &[f64]| -> f64 {
            let terms = a.iter().zip(b).filter(|(_, b)| **b != 0.0);
            terms.map(|(a, b)| a * b).sum()
        };
        let of_states = states.iter().zip(&self.by_states).map(|(a, b)| dot(a, b));
        dot(&output, &self.by_output) + of_states.sum::<f64>()
    }

    /// The derivatives of the loss by every element of every operand that has a gradient.
    pub(super) fn numerical(&mut self, engine: &Engine) -> Vec<Option<Vec<f64>>> {
        let mut all = Vec::new();
        for operand in 0..self.differentiable {
            let Some(len) = self.operands[operand].as_ref().map(Vec::len) else {
                all.push(None);
                continue;
            };
            let mut at = |index: usize, by: f64| {
                let value = |problem: &mut Self, by: f64| {
                    if let Some(values) = &mut problem.operands[operand] {
                        values[index] += by;
                    }
                };
                value(self, by);
                let loss = self.loss(engine);
                value(self, -by);
                loss
            };
            const STEP: f64 = 1e-6;
            let slope = |index: usize| (at(index, STEP) - at(index, -STEP)) / (2.0 * STEP);
            all.push(Some((0..len).map(slope).collect()));
        }
        all
    }
}

fn floats(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}
