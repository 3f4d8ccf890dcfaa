//! The operands of a scan as tensors of a backend.

use core::fmt;

use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Backend, BackendTensor, Dispatch, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
    ExtensionType, Shape,
};

use crate::definition::{Plan, Width};
use crate::pass::{Operands, Sizes};

/// The operands of a scan on one backend.
#[derive(Clone, Debug)]
pub(crate) struct Tensors<B: Backend>(pub(crate) Operands<FloatTensor<B>>);

impl<B: Backend> ExtensionType<B> for Tensors<B> {
    type Target = Tensors<Dispatch>;

    fn map_to_dispatch<F>(self, map_kind: F, autodiff: DispatchAutodiffContext) -> Self::Target
    where
        F: Fn(BackendTensor<B>) -> DispatchTensorKind,
    {
        Tensors(self.0.map(|tensor| DispatchTensor {
            kind: map_kind(BackendTensor::Float(tensor)),
            autodiff,
        }))
    }

    fn map_from_dispatch<F>(target: Self::Target, unwrap_kind: F) -> Self
    where
        F: Fn(DispatchTensor) -> BackendTensor<B>,
    {
        Self(target.0.map(|tensor| unwrap_kind(tensor).float()))
    }

    fn routing_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        Some(target.0.x())
    }

    fn routing_float_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        Some(target.0.x())
    }

    fn autodiff_context(target: &Self::Target) -> DispatchAutodiffContext {
        let merge = |context: DispatchAutodiffContext, tensor: &DispatchTensor| {
            context.merge(tensor.autodiff)
        };
        target
            .0
            .there()
            .fold(DispatchAutodiffContext::Disabled, merge)
    }
}

/// The name of a cell in messages: the last part of its type's path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name(pub(crate) &'static str);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.rsplit("::").next().unwrap_or(self.0))
    }
}

/// The sizes that operands of these shapes have.
///
/// # Panics
///
/// Where a shape does not fit the others; the message names the cell and the operand, and shows both shapes.
pub(crate) fn sizes(plan: &Plan, shapes: &Operands<Shape>, cell: Name) -> Sizes {
    let x = shapes.x();
    let (batch, time, d_input) = match x.as_slice() {
        [batch, features] => (*batch, 1, *features),
        [batch, time, features] => (*batch, *time, *features),
        _ => {
            panic!(
                "{cell}: the input has shape {x:?}, expected [batch, time, d_input] or [batch, d_input]"
            )
        }
    };
    let width = |of: Width| width(plan, shapes, of);
    let d_hidden = width(Width::Hidden).expect("a cell has hidden units");
    let sizes = Sizes {
        batch,
        time,
        d_input,
        d_hidden,
        d_output: width(Width::Output).unwrap_or(d_hidden),
    };
    let reads = shapes.get(plan.w_input()).map_or(d_input, |shape| shape[0]);
    let what = match x.num_dims() {
        2 => "the step's input",
        _ => "the input",
    };
    assert!(
        batch > 0 && time > 0 && d_input == reads,
        "{cell}: {what} has shape {:?}, expected [batch ≥ 1, {}d_input = {reads}]{}",
        x.as_slice(),
        if x.num_dims() == 2 {
            ""
        } else {
            "time ≥ 1, "
        },
        match time {
            0 => "; a sequence of length zero has no output and no last step: leave it out",
            _ => "",
        }
    );
    assert!(
        d_hidden > 0,
        "{cell}: no hidden units, expected at least one"
    );
    check(plan, shapes, &sizes, cell);
    sizes
}

/// The units of a width, by what has them.
fn width(plan: &Plan, shapes: &Operands<Shape>, of: Width) -> Option<usize> {
    // Of the parameters, where they tell: a state that does not fit is then found to be what does not.
    if of == Width::Hidden
        && !plan.inputs.is_empty()
        && let Some(columns) = shapes.get(plan.w_input())
    {
        return Some(columns[columns.num_dims() - 1] / plan.inputs.len());
    }
    for (index, matrix) in plan.matrices.iter().enumerate() {
        if let Some(matrix) = matrix
            && let Some(shape) = shapes.get(plan.parameter(index))
            && shape.num_dims() >= 2
        {
            let heads = matrix.heads.unwrap_or(1);
            let [rows, columns] = [2, 1].map(|last| heads * shape[shape.num_dims() - last]);
            if matrix.width == of {
                return Some(columns / matrix.blocks);
            }
            if matrix.source_width == of {
                return Some(rows / matrix.row_blocks);
            }
        }
    }
    for (tensor, state) in plan.declaration.states.iter().enumerate() {
        let vectors = state.vectors_there();
        if state.width == of
            && vectors > 0
            && let Some(shape) = shapes.get(Plan::STATES + tensor)
        {
            return Some(shape[shape.num_dims() - 1] / vectors);
        }
    }
    None
}

/// Compares all shapes with those that the declaration asks for.
fn check(plan: &Plan, shapes: &Operands<Shape>, sizes: &Sizes, cell: Name) {
    let (given, least, most) = (shapes.len(), plan.mask(0), plan.operands());
    assert!(
        (least..=most).contains(&given),
        "{cell} gives {} parameters, but its definition declares {}: w_input, the bias and {}; what is not there is given as None",
        given.saturating_sub(plan.w_input()),
        least - plan.w_input(),
        plan.declaration
            .parameters
            .iter()
            .map(|parameter| parameter.name)
            .collect::<Vec<_>>()
            .join(", "),
    );
    let of = |index: usize, name: fmt::Arguments<'_>, expected: &[usize], needed: bool| match shapes
        .get(index)
    {
        Some(shape) => assert!(
            shape.as_slice() == expected,
            "{cell}: {name} has shape {:?}, expected {expected:?}",
            shape.as_slice()
        ),
        None => assert!(
            !needed,
            "{cell}: {name} is missing, expected a tensor of shape {expected:?}"
        ),
    };
    let Sizes {
        batch,
        time,
        d_input,
        d_hidden,
        ..
    } = *sizes;
    for tensor in 0..plan.declaration.states.len() {
        let expected = [batch, sizes.state_row(plan, tensor)];
        let shape = shapes.get(Plan::STATES + tensor);
        if let Some(shape) = shape.map(Shape::as_slice) {
            assert!(
                shape == expected,
                "{cell}: the state has a tensor of shape {shape:?}, expected [batch, features] = {expected:?}: give a state of as many \
                 sequences and units as zero_state({batch}) has"
            );
        }
    }
    let inputs = plan.inputs.len() * d_hidden;
    let (expected, needed) = ([d_input, inputs], inputs > 0);
    of(plan.w_input(), format_args!("w_input"), &expected, needed);
    let biases = [plan.biases.len() * d_hidden];
    of(plan.bias(), format_args!("bias"), &biases, false);
    for (index, parameter) in plan.declaration.parameters.iter().enumerate() {
        let matrix = plan.matrices[index];
        if let Some(matrix) = matrix
            && let Some(heads) = matrix.heads
        {
            for units in [matrix.source_width, matrix.width].map(|width| sizes.width(width)) {
                assert!(
                    units.is_multiple_of(heads),
                    "{cell}: {units} units cannot be shared by {heads} heads"
                );
            }
        }
        let (name, expected) = (parameter.name, sizes.parameter(plan, index));
        let needed = matrix.is_some();
        of(
            plan.parameter(index),
            format_args!("{name}"),
            &expected,
            needed,
        );
    }
    for (index, mask) in plan.declaration.masks.iter().enumerate() {
        let width = sizes.width(mask.width);
        let by_step = [batch, time, width];
        let same = [batch, width];
        let expected = if mask.by_step {
            &by_step[..]
        } else {
            &same[..]
        };
        of(
            plan.mask(index),
            format_args!("mask {index}"),
            expected,
            false,
        );
    }
}
