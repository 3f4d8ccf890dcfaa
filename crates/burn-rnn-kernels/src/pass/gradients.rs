//! The gradients of the parameters and of the input, from those of the sums of all steps.

use std::ops::Range;

use crate::definition::{ParameterKind, Plan, ProductPlan, Source, Width};
use crate::machine::level::Level;
use crate::product::matrix::{Matrix, multiply};

use super::backward::Returned;
use super::memory::Saved;
use super::operands::Operands;
use super::sizes::Sizes;

/// Which gradients are wanted; those of the states before the first step are always computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// That of the input.
    pub x: bool,
    /// Those of the parameters.
    pub parameters: bool,
}

/// What is needed beside what the backward pass has left.
pub(crate) struct Gradients<'a, 'b> {
    pub(crate) plan: &'a Plan,
    pub(crate) level: Level,
    pub(crate) sizes: &'a Sizes,
    pub(crate) operands: &'a Operands<&'b [f32]>,
    pub(crate) saved: &'a Saved,
}

impl Gradients<'_, '_> {
    /// The gradients of all operands that are wanted, in their order.
    pub(crate) fn of(&self, returned: Returned, wanted: Wanted) -> Operands<Vec<f32>> {
        let plan = self.plan;
        let mut all: Vec<Option<Vec<f32>>> = (0..plan.operands()).map(|_| None).collect();
        if wanted.x {
            all[0] = Some(self.of_input());
        }
        if wanted.parameters {
            if self.operands.get(plan.w_input()).is_some() {
                all[plan.w_input()] = Some(self.of_w_input());
            }
            let d_hidden = self.sizes.d_hidden;
            // Of the biases, then of the rows of per-unit parameters.
            let sum = |row: usize| &returned.sums[row * returned.padded..][..d_hidden];
            if self.operands.get(plan.bias()).is_some() {
                let all_biases = (0..plan.biases.len()).flat_map(sum);
                all[plan.bias()] = Some(all_biases.copied().collect());
            }
            let mut row = plan.biases.len();
            for (index, parameter) in plan.declaration.parameters.iter().enumerate() {
                let operand = plan.parameter(index);
                let first = row;
                let d = |data: &[f32]| -> Vec<f32> {
                    match &parameter.kind {
                        ParameterKind::Matrix { .. } => self.of_matrix(index, data.len()),
                        ParameterKind::Vectors { there, .. } => {
                            let there = there.iter().enumerate().filter(|(_, there)| **there);
                            let rows = there.flat_map(|(row, _)| sum(first + row));
                            rows.copied().collect()
                        }
                        ParameterKind::Scalars { count } => {
                            let scalars = first..first + count;
                            scalars.map(|row| sum(row).iter().sum()).collect()
                        }
                    }
                };
                all[operand] = self.operands.get(operand).copied().map(d);
                row += parameter.kind.rows();
            }
        }
        for (state, d) in returned.states.into_iter().enumerate() {
            all[Plan::STATES + state] = Some(d);
        }
        Operands::new(all)
    }

    /// The gradients of consecutive sums of a width, over all steps.
    fn slots(&self, width: Width, slots: Range<usize>) -> Matrix<'_> {
        let units = self.sizes.width(width);
        let row = self.plan.slots[width as usize] * units;
        let total = self.saved.steps.total();
        let data = &self.saved.slots[width as usize];
        Matrix::columns(data, total, row, slots.start * units, slots.len() * units)
    }

    /// The blocks of `w_input` in runs whose sums have their gradients side by side: the first block and the slots.
    fn input_runs(&self) -> Vec<(usize, Range<usize>)> {
        let slots = self.plan.inputs.iter().map(|&sum| self.plan.sums[sum].slot);
        runs((0..self.plan.inputs.len()).zip(slots))
    }

    /// `dx = Σ d · W_inputᵀ`.
    fn of_input(&self) -> Vec<f32> {
        let Sizes {
            d_input, d_hidden, ..
        } = *self.sizes;
        let total = self.saved.steps.total();
        let columns = self.plan.inputs.len() * d_hidden;
        let mut dx = vec![0.0; total * d_input];
        if let Some(w_input) = self.operands.get(self.plan.w_input()) {
            for (block, slots) in self.input_runs() {
                let width = slots.len() * d_hidden;
                let weights = Matrix::columns(w_input, d_input, columns, block * d_hidden, width);
                let d = self.slots(Width::Hidden, slots);
                multiply(self.level, &mut dx, d_input, 0, d, weights.transposed());
            }
        }
        self.saved.steps.scatter(dx, d_input)
    }

    /// `dW_input = xᵀ d`.
    fn of_w_input(&self) -> Vec<f32> {
        let Sizes {
            d_input, d_hidden, ..
        } = *self.sizes;
        let x = self.operands.x();
        let gathered = self.saved.steps.gather(x, d_input);
        let x = gathered.as_deref().unwrap_or(x);
        let x = Matrix::dense(x, self.saved.steps.total(), d_input).transposed();
        let columns = self.plan.inputs.len() * d_hidden;
        let mut d_weights = vec![0.0; d_input * columns];
        for (block, slots) in self.input_runs() {
            let d = self.slots(Width::Hidden, slots);
            multiply(self.level, &mut d_weights, columns, block * d_hidden, x, d);
        }
        d_weights
    }

    /// The gradient of a matrix: a product of what was multiplied with it, transposed, and the gradients of the sums, for each of its
    /// products.
    fn of_matrix(&self, parameter: usize, len: usize) -> Vec<f32> {
        let mut d_weights = vec![0.0; len];
        let of = self.plan.matrices[parameter].map_or(0, |matrix| matrix.blocks);
        let products = self.plan.stages.iter().flat_map(|stage| &stage.products);
        for product in products.filter(|product| product.parameter == parameter) {
            let width = self.plan.sums[product.sums[0]].width;
            let (rows, columns) = (
                self.sizes.width(product.source_width),
                self.sizes.width(width),
            );
            let heads = product.heads.unwrap_or(1);
            let (rows_of_head, columns_of_head) = (rows / heads, columns / heads);
            let row_stride = of * columns_of_head;
            let slots = product.sums.iter().map(|&sum| self.plan.sums[sum].slot);
            for (block, slots) in runs(product.blocks.iter().copied().zip(slots)) {
                for head in 0..heads {
                    let first_row = product.row_block * rows + head * rows_of_head;
                    let source = self.source(product, head * rows_of_head, rows_of_head);
                    // The columns of a head are side by side in one block alone.
                    let each = if product.heads.is_some() {
                        1
                    } else {
                        slots.len()
                    };
                    for index in (0..slots.len()).step_by(each) {
                        let d = if product.heads.is_some() {
                            let slot = slots.start + index;
                            let row = self.plan.slots[width as usize] * columns;
                            let first = slot * columns + head * columns_of_head;
                            let data = &self.saved.slots[width as usize];
                            let total = self.saved.steps.total();
                            Matrix::columns(data, total, row, first, columns_of_head)
                        } else {
                            self.slots(width, slots.clone())
                        };
                        let first = first_row * row_stride + (block + index) * columns_of_head;
                        multiply(
                            self.level,
                            &mut d_weights,
                            row_stride,
                            first,
                            source.transposed(),
                            d,
                        );
                    }
                }
            }
        }
        d_weights
    }

    /// What a product has multiplied, over all steps.
    fn source(&self, product: &ProductPlan, first: usize, columns: usize) -> Matrix<'_> {
        let data = match product.source {
            Source::State(state) => &self.saved.states[state],
            Source::Temp(temp) => &self.saved.temps[temp],
        };
        let width = self.sizes.width(product.source_width);
        Matrix::columns(data, self.saved.steps.total(), width, first, columns)
    }
}

/// Blocks with their slots in runs in which both follow each other: the first block and the slots.
fn runs(blocks: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, Range<usize>)> {
    let mut runs: Vec<(usize, Range<usize>)> = Vec::new();
    for (block, slot) in blocks {
        if let Some((first, slots)) = runs.last_mut()
            && *first + slots.len() == block
            && slots.end == slot
        {
            slots.end += 1;
        } else {
            runs.push((block, slot..slot + 1));
        }
    }
    runs
}
