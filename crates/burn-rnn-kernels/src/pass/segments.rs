//! Training with little memory: the sequence is cut into about √time segments, only the states
//! between them are kept, and the backward pass runs each segment forward once more (Chen et al.
//! 2016, "Training deep nets with sublinear memory cost").

use core::ops::Range;
use std::sync::Arc;

use crate::definition::Plan;
use crate::machine::level::Level;

use super::gradients::Wanted;
use super::kernel::Kernel;
use super::operands::Operands;
use super::scan::{OutputGradients, Outputs, backward, forward, output_width};
use super::sizes::Sizes;
use super::timing::Timing;

/// The states that the segments of a run start from.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    /// In the order of the run, against time where it went so.
    starts: Vec<Start>,
}

#[derive(Clone, Debug)]
struct Start {
    /// The segment's steps, in time.
    steps: Range<usize>,
    states: Vec<Vec<f32>>,
}

/// A segment of a run: what it reads of its steps.
struct Segment {
    sizes: Sizes,
    timing: Timing,
    /// The input, and the masks that are given by step.
    cut: Vec<(usize, Vec<f32>)>,
}

impl Segment {
    fn new(
        plan: &Plan,
        sizes: &Sizes,
        operands: &Operands<&[f32]>,
        timing: &Timing,
        steps: &Range<usize>,
    ) -> Self {
        let mut cut = vec![(0, self::cut(operands.x(), sizes, steps, sizes.d_input))];
        for (index, mask) in plan.declaration.masks.iter().enumerate() {
            let operand = plan.mask(index);
            if let Some(from) = operands.get(operand).filter(|_| mask.by_step) {
                cut.push((
                    operand,
                    self::cut(from, sizes, steps, sizes.width(mask.width)),
                ));
            }
        }
        let len = steps.len();
        let lengths = timing.lengths.as_ref().map(|lengths| {
            let of_segment = |length: &usize| length.saturating_sub(steps.start).min(len);
            lengths.iter().map(of_segment).collect()
        });
        let resets = timing.resets.as_ref().map(|resets| {
            let sequences = resets.chunks_exact(sizes.time);
            sequences
                .flat_map(|sequence| &sequence[steps.clone()])
                .copied()
                .collect()
        });
        Self {
            sizes: Sizes {
                time: len,
                ..*sizes
            },
            timing: Timing {
                reverse: timing.reverse,
                lengths,
                resets,
            },
            cut,
        }
    }

    /// The operands of the segment, from states on.
    fn operands<'a>(
        &'a self,
        whole: &'a Operands<&[f32]>,
        states: &'a [Vec<f32>],
    ) -> Operands<&'a [f32]> {
        let operands = whole.iter().enumerate().map(|(index, operand)| {
            if let Some((_, cut)) = self.cut.iter().find(|(cut, _)| *cut == index) {
                return Some(&cut[..]);
            }
            let state = index
                .checked_sub(Plan::STATES)
                .and_then(|state| states.get(state));
            state.map(Vec::as_slice).or(operand.copied())
        });
        operands.collect()
    }
}

/// As [`forward`] without keeping anything, and the states between about √time segments.
pub(crate) fn forward_in_segments(
    kernel: &Arc<dyn Kernel>,
    level: Level,
    sizes: &Sizes,
    operands: &Operands<&[f32]>,
    timing: &Timing,
) -> (Outputs, Segments) {
    let plan = kernel.plan();
    let width = output_width(plan, sizes);
    let mut output = vec![0.0; sizes.batch * sizes.time * width];
    let mut states: Vec<Vec<f32>> = plan
        .declaration
        .states
        .iter()
        .enumerate()
        .map(
            |(tensor, state)| match operands.get(Plan::STATES + tensor) {
                Some(given) => given.to_vec(),
                None => vec![state.initial; sizes.batch * sizes.state_row(plan, tensor)],
            },
        )
        .collect();
    let mut starts = Vec::new();
    for steps in ranges(sizes.time, timing.reverse) {
        let segment = Segment::new(plan, sizes, operands, timing, &steps);
        let of_segment = segment.operands(operands, &states);
        let (sizes_of, timing_of) = (&segment.sizes, &segment.timing);
        let outputs = forward(kernel, level, sizes_of, &of_segment, timing_of, false);
        paste(&mut output, &outputs.output, sizes, &steps, width);
        drop(of_segment);
        starts.push(Start {
            steps,
            states: core::mem::replace(&mut states, outputs.states),
        });
    }
    let outputs = Outputs {
        output,
        states,
        saved: None,
    };
    (outputs, Segments { starts })
}

/// The gradients of a run of [`forward_in_segments`], of which the other arguments are the
/// same; those of [`backward`] within rounding, for one more forward pass.
#[allow(clippy::too_many_arguments)] // They are those of `backward`.
pub(crate) fn backward_in_segments(
    kernel: &Arc<dyn Kernel>,
    level: Level,
    sizes: &Sizes,
    operands: &Operands<&[f32]>,
    timing: &Timing,
    segments: &Segments,
    d: &OutputGradients<'_>,
    wanted: Wanted,
) -> Operands<Vec<f32>> {
    let plan = kernel.plan();
    let width = output_width(plan, sizes);
    let mut dx = wanted.x.then(|| vec![0.0; operands.x().len()]);
    let mut d_states: Vec<Option<Vec<f32>>> =
        d.states.iter().map(|d| d.map(<[f32]>::to_vec)).collect();
    let mut total: Vec<Option<Vec<f32>>> = (0..plan.operands()).map(|_| None).collect();
    for start in segments.starts.iter().rev() {
        let steps = &start.steps;
        let segment = Segment::new(plan, sizes, operands, timing, steps);
        let of_segment = segment.operands(operands, &start.states);
        let (sizes_of, timing_of) = (&segment.sizes, &segment.timing);
        let outputs = forward(kernel, level, sizes_of, &of_segment, timing_of, true);
        let saved = outputs.saved.expect("it was asked for");
        let d_output = cut(d.output, sizes, steps, width);
        let of_outputs = OutputGradients {
            output: &d_output,
            states: d_states.iter().map(Option::as_deref).collect(),
        };
        let gradients = backward(
            kernel,
            level,
            sizes_of,
            &of_segment,
            saved,
            &of_outputs,
            wanted,
        );
        for (index, gradient) in gradients.into_inner().into_iter().enumerate() {
            let Some(part) = gradient else { continue };
            if index == 0 {
                if let Some(dx) = &mut dx {
                    paste(dx, &part, sizes, steps, sizes.d_input);
                }
            } else if index < plan.w_input() {
                d_states[index - Plan::STATES] = Some(part);
            } else if let Some(sum) = &mut total[index] {
                sum.iter_mut()
                    .zip(part)
                    .for_each(|(sum, part)| *sum += part);
            } else {
                total[index] = Some(part);
            }
        }
    }
    total[0] = dx;
    for (tensor, d) in d_states.into_iter().enumerate() {
        total[Plan::STATES + tensor] = d;
    }
    Operands::new(total)
}

/// About √time ranges of about √time steps, in the order of the run.
fn ranges(time: usize, reverse: bool) -> Vec<Range<usize>> {
    let len = time.isqrt().max(1);
    let count = time.div_ceil(len);
    let mut ranges: Vec<Range<usize>> = (0..count)
        .map(|index| time * index / count..time * (index + 1) / count)
        .collect();
    if reverse {
        ranges.reverse();
    }
    ranges
}

/// Some steps of sequences `[batch, time, features]`.
fn cut(from: &[f32], sizes: &Sizes, steps: &Range<usize>, features: usize) -> Vec<f32> {
    let steps = steps.start * features..steps.end * features;
    if features == 0 {
        return Vec::new();
    }
    let sequences = from.chunks_exact(sizes.time * features);
    sequences
        .flat_map(|sequence| &sequence[steps.clone()])
        .copied()
        .collect()
}

/// The reverse of [`cut`].
fn paste(to: &mut [f32], part: &[f32], sizes: &Sizes, steps: &Range<usize>, features: usize) {
    if features == 0 {
        return;
    }
    let sequences = to.chunks_exact_mut(sizes.time * features);
    for (sequence, part) in sequences.zip(part.chunks_exact(steps.len() * features)) {
        sequence[steps.start * features..steps.end * features].copy_from_slice(part);
    }
}
