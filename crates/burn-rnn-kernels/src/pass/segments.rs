//! Training with little memory: the sequence is cut into about √time segments, only the states
//! between them are kept, and the backward pass runs each segment forward once more (Chen et al.
//! 2016, "Training deep nets with sublinear memory cost").

use core::ops::Range;

use crate::level::Level;
use crate::run::{backward, forward};
use crate::spec::{
    CellSpec, Gradients, Operands, OutputGradients, Outputs, ParameterGradients, Sizes, Wanted,
};

/// The states that the segments of a run start from.
#[derive(Clone, Debug)]
pub struct Segments {
    /// In the order of the run, against time where it went so.
    starts: Vec<Start>,
}

#[derive(Clone, Debug)]
struct Start {
    /// The segment's steps, in time.
    steps: Range<usize>,
    hidden: Vec<f32>,
    cell: Option<Vec<f32>>,
    gates: Option<Vec<f32>>,
}

/// As [`forward`] without keeping anything, and the states between about √time segments.
///
/// # Panics
///
/// As [`forward`].
pub fn forward_in_segments(
    level: Level,
    spec: &CellSpec,
    sizes: &Sizes,
    operands: &Operands<'_>,
    reverse: bool,
) -> (Outputs, Segments) {
    operands.check(spec, sizes);
    let mut output = vec![0.0; sizes.batch * sizes.time * sizes.d_hidden];
    let mut hidden = operands.hidden.to_vec();
    let mut cell = operands.cell.map(<[f32]>::to_vec);
    let mut gates = operands.gates.map(<[f32]>::to_vec);
    let mut starts = Vec::new();
    for steps in ranges(sizes.time, reverse) {
        let x = cut(operands.x, sizes, &steps, sizes.d_input);
        let segment = Operands {
            x: &x,
            hidden: &hidden,
            cell: cell.as_deref(),
            gates: gates.as_deref(),
            ..*operands
        };
        let segment_sizes = Sizes {
            time: steps.len(),
            ..*sizes
        };
        let outputs = forward(level, spec, &segment_sizes, &segment, reverse, false);
        paste(&mut output, &outputs.output, sizes, &steps, sizes.d_hidden);
        let last = if reverse { 0 } else { steps.len() - 1 };
        let next_hidden = cut(
            &outputs.output,
            &segment_sizes,
            &(last..last + 1),
            sizes.d_hidden,
        );
        starts.push(Start {
            steps,
            hidden: core::mem::replace(&mut hidden, next_hidden),
            cell: core::mem::replace(&mut cell, outputs.cell),
            gates: core::mem::replace(&mut gates, outputs.gates),
        });
    }
    let outputs = Outputs {
        output,
        cell,
        gates,
        saved: None,
    };
    (outputs, Segments { starts })
}

/// The gradients of a run of [`forward_in_segments`], of which `operands`, `sizes` and `reverse` are the
/// same; those of [`backward`] within rounding, for one more forward pass.
///
/// # Panics
///
/// As [`backward`].
#[allow(clippy::too_many_arguments)] // They are those of `backward`.
pub fn backward_in_segments(
    level: Level,
    spec: &CellSpec,
    sizes: &Sizes,
    operands: &Operands<'_>,
    reverse: bool,
    segments: &Segments,
    d: OutputGradients<'_>,
    wanted: Wanted,
) -> Gradients {
    operands.check(spec, sizes);
    d.check(spec, sizes);
    let mut dx = wanted.x.then(|| vec![0.0; operands.x.len()]);
    let mut d_hidden = vec![0.0; operands.hidden.len()];
    let mut d_cell = d.cell.map(<[f32]>::to_vec);
    let mut d_gates = d.gates.map(<[f32]>::to_vec);
    let mut parameters: Option<ParameterGradients> = None;
    for start in segments.starts.iter().rev() {
        let steps = &start.steps;
        let segment_sizes = Sizes {
            time: steps.len(),
            ..*sizes
        };
        let x = cut(operands.x, sizes, steps, sizes.d_input);
        let segment = Operands {
            x: &x,
            hidden: &start.hidden,
            cell: start.cell.as_deref(),
            gates: start.gates.as_deref(),
            ..*operands
        };
        let outputs = forward(level, spec, &segment_sizes, &segment, reverse, true);
        let saved = outputs.saved.expect("it was asked for");
        let mut d_output = cut(d.output, sizes, steps, sizes.d_hidden);
        let last = if reverse { 0 } else { steps.len() - 1 };
        for (sequence, d_state) in d_output
            .chunks_exact_mut(steps.len() * sizes.d_hidden)
            .zip(d_hidden.chunks_exact(sizes.d_hidden))
        {
            add(
                &mut sequence[last * sizes.d_hidden..][..sizes.d_hidden],
                d_state,
            );
        }
        let d = OutputGradients {
            output: &d_output,
            cell: d_cell.as_deref(),
            gates: d_gates.as_deref(),
        };
        let gradients = backward(
            level,
            spec,
            &segment_sizes,
            &segment,
            reverse,
            saved,
            d,
            wanted,
        );
        if let (Some(dx), Some(part)) = (&mut dx, gradients.x) {
            paste(dx, &part, sizes, steps, sizes.d_input);
        }
        d_hidden = gradients.hidden;
        d_cell = gradients.cell;
        d_gates = gradients.gates;
        parameters = match (parameters, gradients.parameters) {
            (Some(mut sum), Some(part)) => {
                sum.add(&part);
                Some(sum)
            }
            (_, part) => part,
        };
    }
    Gradients {
        x: dx,
        hidden: d_hidden,
        cell: d_cell,
        gates: d_gates,
        parameters,
    }
}

impl ParameterGradients {
    fn add(&mut self, other: &Self) {
        add(&mut self.w_input, &other.w_input);
        add(&mut self.w_hidden, &other.w_hidden);
        for (sum, part) in [
            (&mut self.bias, &other.bias),
            (&mut self.extra, &other.extra),
            (&mut self.w_gates, &other.w_gates),
        ] {
            if let (Some(sum), Some(part)) = (sum, part) {
                add(sum, part);
            }
        }
    }
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

fn add(sum: &mut [f32], part: &[f32]) {
    sum.iter_mut()
        .zip(part)
        .for_each(|(sum, part)| *sum += part);
}
