//! The reference: a definition's scan in plain tensor operations, which the backend differentiates. It runs on every backend and float
//! type, and is what the fused passes are compared with.

use core::cell::RefCell;

use burn::backend::{DispatchTensor, TensorMetadata};
use burn::tensor::{Bool, Tensor, TensorData};

use crate::definition::{ParameterKind, Plan, Source};
use crate::pass::{Engine, Operands, Sizes, Timing};

use super::regularize;
use super::scan::ScanResults;
use super::steps::time_steps;
use super::tensors::TensorStage;
use super::weights::Weights;

/// Runs a cell over a batch of sequences in plain tensor operations.
pub(crate) fn scan<const D: usize>(
    engine: &Engine,
    operands: &Operands<DispatchTensor>,
    timing: &Timing,
    sizes: Sizes,
) -> ScanResults<D> {
    let plan = engine.0.plan();
    check_types(operands);
    let reference = Reference::new(plan, engine, operands, sizes);
    let (output, states) = reference.run(operands, timing);
    let output = if D == 2 {
        output.squeeze_dim::<2>(1).into_dispatch()
    } else {
        output.into_dispatch()
    };
    ScanResults {
        output: Tensor::from_dispatch(output),
        states,
    }
}

/// # Panics
///
/// Where the floats of the input and of the parameters are of unequal types.
fn check_types(operands: &Operands<DispatchTensor>) {
    let x = operands.x().kind.dtype();
    for (index, tensor) in operands.iter().enumerate().skip(1) {
        if let Some(tensor) = tensor {
            let other = tensor.kind.dtype();
            assert!(
                other == x,
                "the input is of {x:?}, but operand {index} of the cell (its states, then its parameters) of {other:?}: cast one with Tensor::cast"
            );
        }
    }
}

/// What the steps read, one after another.
type Steps = Box<dyn Iterator<Item = Tensor<2>>>;

fn in_order(sequence: Tensor<3>, reverse: bool) -> Steps {
    let steps = time_steps(sequence);
    if reverse {
        Box::new(steps.rev())
    } else {
        Box::new(steps)
    }
}

/// A cell's parameters as the steps read them, taken apart once.
struct Reference<'a> {
    plan: &'a Plan,
    engine: &'a Engine,
    sizes: Sizes,
    /// By stage and product.
    weights: Vec<Vec<Weights>>,
    rows: Vec<Option<Tensor<2>>>,
}

pub(super) fn tensor<const D: usize>(
    operands: &Operands<DispatchTensor>,
    index: usize,
) -> Option<Tensor<D>> {
    operands.get(index).cloned().map(Tensor::from_dispatch)
}

impl<'a> Reference<'a> {
    fn new(
        plan: &'a Plan,
        engine: &'a Engine,
        operands: &Operands<DispatchTensor>,
        sizes: Sizes,
    ) -> Self {
        let weights = plan.stages.iter().map(|stage| {
            let products = stage.products.iter();
            let products = products.map(|product| Weights::new(plan, product, operands, &sizes));
            products.collect()
        });
        let mut rows = Vec::new();
        for row in &plan.rows {
            let operand = plan.parameter(row.parameter);
            let kind = &plan.declaration.parameters[row.parameter].kind;
            rows.push(row.row.and_then(|index| match kind {
                ParameterKind::Vectors { flat: true, .. } => {
                    Some(tensor::<1>(operands, operand)?.unsqueeze())
                }
                ParameterKind::Scalars { .. } => {
                    let scalars = tensor::<1>(operands, operand)?;
                    Some(scalars.narrow(0, index, 1).unsqueeze())
                }
                _ => Some(tensor::<2>(operands, operand)?.narrow(0, index, 1)),
            }));
        }
        Self {
            plan,
            engine,
            sizes,
            weights: weights.collect(),
            rows,
        }
    }

    fn run(
        &self,
        operands: &Operands<DispatchTensor>,
        timing: &Timing,
    ) -> (Tensor<3>, Vec<Tensor<2>>) {
        let plan = self.plan;
        let Sizes { batch, time, .. } = self.sizes;
        let x = operands.x().clone();
        let mut x: Tensor<3> = if x.shape().num_dims() == 2 {
            Tensor::<2>::from_dispatch(x).unsqueeze_dim(1)
        } else {
            Tensor::from_dispatch(x)
        };
        let device = x.device();
        let options = (&device, x.dtype());
        let valid = timing.lengths.as_ref().map(|lengths| {
            let steps = lengths
                .iter()
                .flat_map(|&length| (0..time).map(move |step| step < length));
            let steps: Vec<bool> = steps.collect();
            Tensor::<2, Bool>::from_data(TensorData::new(steps, [batch, time]), &device)
        });
        if let Some(valid) = &valid {
            // What stands in the padding may be no number; nothing of it goes on.
            let padding = valid.clone().bool_not().unsqueeze_dim::<3>(2);
            let padding = padding.expand(x.dims());
            x = x.mask_fill(padding, 0.0);
        }
        let projected = self.project(x.clone(), operands);
        // From the last to the first where it runs against time.
        let in_order = |steps| in_order(steps, timing.reverse);
        let mut projected = projected.map(in_order);
        let mut masks: Vec<Option<Steps>> = (0..plan.declaration.masks.len())
            .map(|mask| {
                let operand = plan.mask(mask);
                if plan.declaration.masks[mask].by_step {
                    tensor::<3>(operands, operand).map(in_order)
                } else {
                    let mask = tensor::<2>(operands, operand);
                    mask.map(|mask| Box::new(core::iter::repeat(mask)) as Steps)
                }
            })
            .collect();
        let mut tensors: Vec<Tensor<2>> = Vec::new();
        for (index, state) in plan.declaration.states.iter().enumerate() {
            let vectors = state.vectors_there();
            let shape = [batch, vectors * self.sizes.width(state.width)];
            let given = tensor::<2>(operands, Plan::STATES + index);
            tensors.push(given.unwrap_or_else(|| Tensor::full(shape, state.initial, options)));
        }
        let mut outputs = Vec::with_capacity(time);
        let mut order: Vec<usize> = (0..time).collect();
        if timing.reverse {
            order.reverse();
        }
        for step in order {
            if !timing.reverse {
                tensors = self.cut(tensors, timing, step);
            }
            let next = |steps: &mut Steps| steps.next().expect("as many as there are steps");
            let sums = projected.as_mut().map(next);
            let masks = masks.iter_mut().map(|mask| mask.as_mut().map(next));
            let mut next = self.step(sums, &tensors, masks.collect());
            let mut output = next[0].clone();
            if let Some(valid) = &valid {
                let now = valid.clone().narrow(1, step, 1);
                for (next, before) in next.iter_mut().zip(&tensors) {
                    let now = now.clone().expand(before.dims());
                    *next = before.clone().mask_where(now, next.clone());
                }
                let padding = now.bool_not().expand(output.dims());
                output = output.mask_fill(padding, 0.0);
            }
            outputs.push(output.unsqueeze_dim::<3>(1));
            tensors = next;
            if timing.reverse {
                tensors = self.cut(tensors, timing, step);
            }
        }
        if timing.reverse {
            outputs.reverse();
        }
        (Tensor::cat(outputs, 1), tensors)
    }

    /// The input sides of all steps.
    fn project(&self, x: Tensor<3>, operands: &Operands<DispatchTensor>) -> Option<Tensor<3>> {
        let plan = self.plan;
        let weights: Tensor<2> = tensor(operands, plan.w_input())?;
        let bias = tensor::<1>(operands, plan.bias()).map(|bias| {
            let d_hidden = self.sizes.d_hidden;
            let blocks = plan.inputs.iter().map(|&sum| match plan.sums[sum].bias {
                Some(block) => bias.clone().narrow(0, block * d_hidden, d_hidden),
                None => Tensor::zeros([d_hidden], (&bias.device(), bias.dtype())),
            });
            if plan.biases.len() == plan.inputs.len() {
                bias.clone()
            } else {
                Tensor::cat(blocks.collect(), 0)
            }
        });
        Some(burn::tensor::module::linear(x, weights, bias))
    }

    /// The initial states where a part of its own begins.
    fn cut(&self, tensors: Vec<Tensor<2>>, timing: &Timing, step: usize) -> Vec<Tensor<2>> {
        let Some(resets) = &timing.resets else {
            return tensors;
        };
        let Sizes { batch, time, .. } = self.sizes;
        let here: Vec<bool> = (0..batch)
            .map(|sequence| {
                let length = timing
                    .lengths
                    .as_ref()
                    .map_or(time, |lengths| lengths[sequence]);
                step < length && resets[sequence * time + step]
            })
            .collect();
        if !here.contains(&true) {
            return tensors;
        }
        let device = tensors[0].device();
        let here = Tensor::<2, Bool>::from_data(TensorData::new(here, [batch, 1]), &device);
        let states = tensors.into_iter().zip(&self.plan.declaration.states);
        states
            .map(|(tensor, state)| {
                let here = here.clone().expand(tensor.dims());
                tensor.mask_fill(here, state.initial)
            })
            .collect()
    }

    /// One step: from the input sides and the tensors of states to those after it.
    fn step(
        &self,
        projected: Option<Tensor<2>>,
        tensors: &[Tensor<2>],
        masks: Vec<Option<Tensor<2>>>,
    ) -> Vec<Tensor<2>> {
        let plan = self.plan;
        let batch = self.sizes.batch;
        let states: Vec<Option<Tensor<2>>> = plan
            .states
            .iter()
            .map(|state| {
                let tensor = &tensors[state.tensor];
                let width = self.sizes.width(state.width);
                state.there.then(|| {
                    if tensor.dims()[1] == width {
                        tensor.clone()
                    } else {
                        tensor.clone().narrow(1, state.block * width, width)
                    }
                })
            })
            .collect();
        let mut temps: Vec<Option<Tensor<2>>> = vec![None; plan.temps.len()];
        let mut set: Vec<Option<Tensor<2>>> = vec![None; plan.states.len()];
        let mut reduced: Vec<Option<Tensor<2>>> = vec![None; plan.declaration.reductions.len()];
        for (index, stage) in plan.stages.iter().enumerate() {
            let sums = self.sums(index, projected.as_ref(), &states, &temps);
            let width = self.sizes.width(stage.width);
            let options = (&tensors[0].device(), tensors[0].dtype());
            let at = TensorStage {
                sums,
                states: states.clone(),
                temps: RefCell::new(temps),
                reduced: reduced.clone(),
                rows: self.rows.clone(),
                masks: masks.clone(),
                candidate: plan.rules.candidate.and_then(|mask| masks[mask].clone()),
                set: RefCell::new(set),
                like: Tensor::empty([batch, width], options),
                arena: RefCell::default(),
            };
            self.engine.0.tensors(index, &at);
            temps = at.temps.into_inner();
            set = at.set.into_inner();
            regularize::temps(plan, index, &masks, &mut temps);
            for &reduction in &stage.reduces {
                let temp = temps[plan.declaration.reductions[reduction]].clone();
                reduced[reduction] = temp.map(|temp| temp.sum_dim(1));
            }
        }
        regularize::states(plan, &masks, &states, &mut set);
        let mut after: Vec<Vec<Tensor<2>>> = vec![Vec::new(); tensors.len()];
        for (state, set) in plan.states.iter().zip(set) {
            if let Some(set) = set.filter(|_| state.there) {
                after[state.tensor].push(set);
            }
        }
        let join = |mut parts: Vec<Tensor<2>>| match parts.len() {
            1 => parts.remove(0),
            _ => Tensor::cat(parts, 1),
        };
        after.into_iter().map(join).collect()
    }

    /// The pre-activations of a stage.
    fn sums(
        &self,
        index: usize,
        projected: Option<&Tensor<2>>,
        states: &[Option<Tensor<2>>],
        temps: &[Option<Tensor<2>>],
    ) -> Vec<Option<Tensor<2>>> {
        let plan = self.plan;
        let stage = &plan.stages[index];
        let width = self.sizes.width(stage.width);
        let mut sums: Vec<Option<Tensor<2>>> = vec![None; plan.sums.len()];
        let input = |sum: usize| plan.inputs.iter().position(|&input| input == sum);
        let mut has_input = vec![false; plan.sums.len()];
        for (product, weights) in stage.products.iter().zip(&self.weights[index]) {
            let source = match product.source {
                Source::State(state) => states[state].clone(),
                Source::Temp(temp) => temps[temp].clone(),
            };
            let source = source.expect("a product's source is there");
            let mut all = weights.multiply(source, product.sums.len());
            // The input sides of neighbouring sums are added at once.
            let inputs: Option<Vec<usize>> = product.sums.iter().map(|&sum| input(sum)).collect();
            if let Some(inputs) = inputs
                && let Some(projected) = projected
                && inputs.windows(2).all(|pair| pair[1] == pair[0] + 1)
                && product.sums.iter().all(|&sum| !has_input[sum])
            {
                let first = inputs[0] * width;
                let sides = if inputs.len() == plan.inputs.len() {
                    projected.clone()
                } else {
                    projected.clone().narrow(1, first, inputs.len() * width)
                };
                all = all + sides;
                product.sums.iter().for_each(|&sum| has_input[sum] = true);
            }
            for (place, &sum) in product.sums.iter().enumerate() {
                let part = if product.sums.len() == 1 {
                    all.clone()
                } else {
                    all.clone().narrow(1, place * width, width)
                };
                sums[sum] = Some(match sums[sum].take() {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
        }
        for &sum in &stage.sums {
            if let (Some(block), false) = (input(sum), has_input[sum])
                && let Some(projected) = projected
            {
                let side = projected.clone().narrow(1, block * width, width);
                sums[sum] = Some(match sums[sum].take() {
                    Some(sum) => sum + side,
                    None => side,
                });
            }
        }
        sums
    }
}
