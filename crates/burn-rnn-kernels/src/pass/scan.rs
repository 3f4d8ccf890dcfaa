//! Whole scans on plain slices: forward, backward, and both with little memory.

use std::sync::Arc;

use crate::definition::{MOST_MASKS, MOST_STATES, Plan, Width};
use crate::machine::level::Level;

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

/// Runs a cell over a batch of sequences; `keep` keeps what [`backward`] needs.
pub(crate) fn forward(
    kernel: &Arc<dyn Kernel>,
    level: Level,
    sizes: &Sizes,
    operands: &Operands<&[f32]>,
    timing: &Timing,
    keep: bool,
) -> Outputs {
    let plan = kernel.plan();
    let prepared = Prepared::new(kernel, level, sizes, operands, None);
    let given = Given::new(plan, |index| operands.get(index).copied());
    run(&prepared, sizes, &given, timing, 0, keep)
}

/// What a run reads beside the parameters. Nothing where a state or a mask is not given.
pub(crate) struct Given<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) states: [&'a [f32]; MOST_STATES],
    pub(crate) masks: [&'a [f32]; MOST_MASKS],
}

impl<'a> Given<'a> {
    /// Those of all operands.
    pub(crate) fn new(plan: &Plan, operand: impl Fn(usize) -> Option<&'a [f32]>) -> Self {
        let mut given = Self {
            x: operand(0).unwrap_or_default(),
            states: [&[]; MOST_STATES],
            masks: [&[]; MOST_MASKS],
        };
        for (index, _) in plan.declaration.states.iter().enumerate() {
            given.states[index] = operand(Plan::STATES + index).unwrap_or_default();
        }
        for (index, _) in plan.declaration.masks.iter().enumerate() {
            given.masks[index] = operand(plan.mask(index)).unwrap_or_default();
        }
        given
    }
}

/// As [`forward`], with parameters that are prepared; the tensors of states before `first_state` are left empty.
pub(crate) fn run(
    prepared: &Prepared,
    sizes: &Sizes,
    given: &Given<'_>,
    timing: &Timing,
    first_state: usize,
    keep: bool,
) -> Outputs {
    let plan = prepared.kernel.plan();
    let steps = Schedule::new(sizes, timing);
    let mut saved = keep.then(|| Saved::new(plan, sizes, steps.clone(), true));
    let width = sizes.width(plan.states[0].width);
    let mut output = vec![0.0; sizes.batch * sizes.time * width];
    let tensors = plan.declaration.states.len();
    let mut states: Vec<Vec<f32>> = (0..tensors)
        .map(|tensor| match tensor {
            left if left < first_state => Vec::new(),
            tensor => vec![0.0; sizes.batch * sizes.state_row(plan, tensor)],
        })
        .collect();
    let mut last: [&mut [f32]; MOST_STATES] = [(); MOST_STATES].map(|()| &mut [][..]);
    for (last, state) in last.iter_mut().zip(&mut states) {
        *last = state;
    }
    let pass = Pass {
        prepared,
        sizes,
        steps: &steps,
        x: given.x,
        states: given.states,
        masks: given.masks,
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
    let load = forward::load(plan, sizes, layouts, 0).through(saved.steps.longest());
    let pass = BackwardPass {
        kernel: kernel.as_ref(),
        level,
        sizes,
        weights: &weights,
        masks: Given::new(plan, |index| operands.get(index).copied()).masks,
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
