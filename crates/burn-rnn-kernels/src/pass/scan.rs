//! Whole scans on plain slices: forward, backward, and both with little memory.

use std::sync::Arc;

use crate::definition::{MOST_MASKS, MOST_STATES, Plan, Width};
use crate::machine::level::Level;
use crate::product::cache::Owner;

use super::backward::{BackwardPass, Transposed};
use super::forward::{self, Pass, Results};
use super::gradients::{Gradients, Wanted};
use super::kernel::Kernel;
use super::memory::Saved;
use super::operands::Operands;
use super::prepared::Prepared;
use super::sizes::Sizes;
use super::timing::{Schedule, Timing};

/// What a scan gives.
#[derive(Debug)]
pub(crate) struct Outputs {
    /// State 0 after every step, `[batch, time, width]`; zeros where there is padding.
    pub(crate) output: Vec<f32>,
    /// The tensors of states after the last steps.
    pub(crate) states: Vec<Vec<f32>>,
    /// What the backward pass needs, where it was asked for.
    pub(crate) saved: Option<Saved>,
}

/// What came back from what a scan gave.
pub(crate) struct OutputGradients<'a> {
    pub(crate) output: &'a [f32],
    /// Of the tensors of states; none is zero.
    pub(crate) states: Vec<Option<&'a [f32]>>,
}

/// The tensors of states among the operands.
pub(crate) fn states<'a>(plan: &Plan, operands: &Operands<&'a [f32]>) -> [&'a [f32]; MOST_STATES] {
    let mut states = [&[][..]; MOST_STATES];
    for (index, state) in states.iter_mut().enumerate() {
        if index < plan.declaration.states.len() {
            *state = operands
                .get(Plan::STATES + index)
                .copied()
                .unwrap_or_default();
        }
    }
    states
}

/// The masks among the operands.
fn masks<'a>(plan: &Plan, operands: &Operands<&'a [f32]>) -> [&'a [f32]; MOST_MASKS] {
    let mut masks = [&[][..]; MOST_MASKS];
    for (index, mask) in masks.iter_mut().enumerate() {
        if index < plan.declaration.masks.len() {
            *mask = operands.get(plan.mask(index)).copied().unwrap_or_default();
        }
    }
    masks
}

/// Runs a cell over a batch of sequences; `keep` keeps what [`backward`] needs.
pub(crate) fn forward(
    kernel: &Arc<dyn Kernel>,
    level: Level,
    sizes: &Sizes,
    operands: &Operands<&[f32]>,
    owners: Option<&Operands<Owner>>,
    timing: &Timing,
    keep: bool,
) -> Outputs {
    let plan = kernel.plan();
    let steps = Schedule::new(sizes, timing);
    let prepared = Prepared::new(kernel, level, sizes, operands, owners);
    let mut saved = keep.then(|| Saved::new(plan, sizes, steps.clone(), true));
    let width = sizes.width(plan.states[0].width);
    let mut output = vec![0.0; sizes.batch * sizes.time * width];
    let tensors = plan.declaration.states.len();
    let mut states: Vec<Vec<f32>> = (0..tensors)
        .map(|tensor| vec![0.0; sizes.batch * sizes.state_row(plan, tensor)])
        .collect();
    let mut last: [&mut [f32]; MOST_STATES] = [(); MOST_STATES].map(|()| &mut [][..]);
    for (last, state) in last.iter_mut().zip(&mut states) {
        *last = state;
    }
    let pass = Pass {
        prepared: &prepared,
        sizes,
        steps: &steps,
        x: operands.x(),
        states: self::states(plan, operands),
        masks: masks(plan, operands),
    };
    pass.run(Results {
        output: &mut output,
        states: last,
        saved: saved.as_mut(),
    });
    Outputs {
        output,
        states,
        saved,
    }
}

/// The gradients of a run of [`forward`], of which `operands` and `sizes` are the same.
pub(crate) fn backward(
    kernel: &Arc<dyn Kernel>,
    level: Level,
    sizes: &Sizes,
    operands: &Operands<&[f32]>,
    mut saved: Saved,
    d: &OutputGradients<'_>,
    wanted: Wanted,
) -> Operands<Vec<f32>> {
    let plan = kernel.plan();
    let weights = Transposed::new(plan, level, sizes, operands);
    let mut d_last = [&[][..]; MOST_STATES];
    for (to, from) in d_last.iter_mut().zip(&d.states) {
        *to = from.unwrap_or_default();
    }
    let layouts = weights.layouts();
    let load = forward::load(plan, sizes, layouts, saved.steps.longest(), 0);
    let pass = BackwardPass {
        kernel: kernel.as_ref(),
        level,
        sizes,
        weights: &weights,
        masks: masks(plan, operands),
        d_output: d.output,
        d_last,
    };
    let returned = pass.run(&mut saved, load);
    let gradients = Gradients {
        plan,
        level,
        sizes,
        operands,
        saved: &saved,
    };
    gradients.of(returned, wanted)
}

/// The width of the output.
pub(crate) fn output_width(plan: &Plan, sizes: &Sizes) -> usize {
    match plan.states[0].width {
        Width::Hidden => sizes.d_hidden,
        Width::Output => sizes.d_output,
    }
}
