//! The operands of a scan as tensors of a backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Backend, BackendTensor, Dispatch, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
    ExtensionType, Shape,
};

use crate::definition::{ParameterKind, Plan, Width};
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

/// The sizes that operands of these shapes have.
///
/// # Panics
///
/// Where a shape does not fit the others; the message names the operand and both shapes.
pub(crate) fn sizes(plan: &Plan, shapes: &Operands<Shape>) -> Sizes {
    let x = shapes.x();
    let (batch, time, d_input) = match x.as_slice() {
        [batch, features] => (*batch, 1, *features),
        [batch, time, features] => (*batch, *time, *features),
        _ => {
            panic!("the input has shape {x:?}, expected [batch, time, d_input] or [batch, d_input]")
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
    assert!(
        batch > 0 && time > 0 && d_hidden > 0,
        "a scan needs at least one sequence, step and hidden unit, not {sizes:?}"
    );
    check(plan, shapes, &sizes);
    sizes
}

/// The units of a width, by what has them.
fn width(plan: &Plan, shapes: &Operands<Shape>, of: Width) -> Option<usize> {
    for (tensor, state) in plan.declaration.states.iter().enumerate() {
        let vectors = state.vectors_there();
        if state.width == of
            && vectors > 0
            && let Some(shape) = shapes.get(Plan::STATES + tensor)
        {
            return Some(shape[shape.num_dims() - 1] / vectors);
        }
    }
    match of {
        Width::Hidden => {
            let columns = shapes.get(plan.w_input())?;
            Some(columns[columns.num_dims() - 1] / plan.inputs.len())
        }
        Width::Output => None,
    }
}

/// Compares all shapes with those that the declaration asks for.
fn check(plan: &Plan, shapes: &Operands<Shape>, sizes: &Sizes) {
    let of = |index: usize, name: &str, expected: &[usize], needed: bool| match shapes.get(index) {
        Some(shape) => assert!(
            shape.as_slice() == expected,
            "{name} has shape {:?}, expected {expected:?}",
            shape.as_slice()
        ),
        None => assert!(
            !needed,
            "{name} is missing, expected a tensor of shape {expected:?}"
        ),
    };
    let Sizes {
        batch,
        time,
        d_input,
        d_hidden,
        ..
    } = *sizes;
    for (tensor, state) in plan.declaration.states.iter().enumerate() {
        let vectors = state.vectors_there();
        let width = sizes.width(state.width) * vectors;
        let name = format!("state {tensor}");
        of(Plan::STATES + tensor, &name, &[batch, width], false);
    }
    let inputs = plan.inputs.len() * d_hidden;
    of(plan.w_input(), "w_input", &[d_input, inputs], inputs > 0);
    of(plan.bias(), "bias", &[plan.biases.len() * d_hidden], false);
    for (index, parameter) in plan.declaration.parameters.iter().enumerate() {
        let (expected, needed) = match &parameter.kind {
            ParameterKind::Matrix { heads, .. } => (
                matrix_shape(plan, index, *heads, sizes),
                plan.blocks(index) > 0,
            ),
            ParameterKind::Vectors { flat: true, .. } => (vec![d_hidden], false),
            ParameterKind::Vectors { there, .. } => {
                let rows = there.iter().filter(|&&there| there).count();
                (vec![rows, d_hidden], false)
            }
            ParameterKind::Scalars { count } => (vec![*count], false),
        };
        of(plan.parameter(index), parameter.name, &expected, needed);
    }
    for (index, mask) in plan.declaration.masks.iter().enumerate() {
        let by_step = [batch, time, d_hidden];
        let same = [batch, d_hidden];
        let expected = if mask.by_step {
            &by_step[..]
        } else {
            &same[..]
        };
        of(plan.mask(index), &format!("mask {index}"), expected, false);
    }
}

fn matrix_shape(plan: &Plan, index: usize, heads: Option<usize>, sizes: &Sizes) -> Vec<usize> {
    let products = plan.stages.iter().flat_map(|stage| &stage.products);
    let Some(product) = products.clone().find(|product| product.parameter == index) else {
        return vec![0, 0];
    };
    let rows = plan.row_blocks(index) * sizes.width(product.source_width);
    let columns = plan.blocks(index) * sizes.width(plan.sums[product.sums[0]].width);
    match heads {
        Some(heads) => {
            assert!(
                rows.is_multiple_of(heads) && columns.is_multiple_of(heads),
                "{rows} units cannot be shared by {heads} heads"
            );
            vec![heads, rows / heads, columns / heads]
        }
        None => vec![rows, columns],
    }
}
