//! Cells by their definition, run with regularizers.

use burn::tensor::Tensor;
use burn_rnn_kernels::definition::MaskOf;
use burn_rnn_kernels::{Engine, Inputs, ScanResults, Steps, Timing, scan, steps};

use crate::defined::{check_types, inputs, push_states};
use crate::regularization::{Mask, Values, mask_matrices};
use crate::{Cell, CellState, DefinedCell, DefinedState, Mode, Parameters, Regularization};

/// A scan with `D = 3`, a step with `D = 2`.
pub(crate) fn run<C: DefinedCell, const D: usize>(
    cell: &C,
    x: Tensor<D>,
    state: C::State,
    timing: Timing,
    settings: &Regularization,
    mode: Mode,
) -> ScanResults<D> {
    let plain = cell.engine();
    let engine = plain.regularized(settings.inside(mode));
    let dims = x.dims();
    let time = if D == 3 { dims[1] } else { 1 };
    let options = (&x.device(), x.dtype());
    let (d_hidden, d_output) = (DefinedCell::d_hidden(cell), DefinedCell::d_output(cell));
    let masks = engine.masks([dims[0], time], d_hidden, d_output);
    let masks: Vec<Mask> = masks
        .map(|(of, shape)| Mask::draw(of, shape, settings, options))
        .collect();
    let mut all = Parameters(Inputs::new(x).of(core::any::type_name::<C>()));
    let copied = masked_states(&engine, &state, &masks);
    push_states(cell, &plain, state, &mut all.0);
    for state in copied {
        all.0.push(state);
    }
    cell.parameters(&mut all);
    check_types(|| Cell::name(cell), &all.0, engine.states());
    if mode == Mode::Training && settings.weight_drop > 0.0 {
        mask_matrices(&mut all.0, &engine, settings.weight_drop);
    }
    for mask in masks {
        mask.push_to(&mut all.0);
    }
    let mut results = scan::<D>(&engine, &all.0, timing);
    results.states.truncate(plain.states());
    results
}

/// What products read of the states before the first step.
fn masked_states<S: DefinedState>(
    engine: &Engine,
    state: &S,
    masks: &[Mask],
) -> Vec<Option<Tensor<2>>> {
    let copies = engine.copies();
    if copies.is_empty() {
        return Vec::new();
    }
    let tensors = state.clone().into_tensors();
    let copy = |copied: usize| {
        let mask = masks.iter().find(|mask| mask.of == MaskOf::Source(copied));
        let mask = mask.expect("a copied state has a mask");
        let Values::Same(mask) = &mask.values else {
            unreachable!("what products read has one mask for all steps");
        };
        let tensor = tensors.get(copied).cloned().flatten();
        // One of another shape is left as it is: the scan refuses it by name, with both shapes.
        tensor.map(|tensor| match tensor.dims() == mask.dims() {
            true => tensor * mask.clone(),
            false => tensor,
        })
    };
    copies.into_iter().map(copy).collect()
}

/// [`Cell::steps`] with what the regularizers are in evaluation.
pub(crate) fn steps_in_evaluation<C: DefinedCell>(
    cell: &C,
    state: &C::State,
    settings: &Regularization,
) -> Option<Steps> {
    let hidden = state.hidden();
    let [batch, _] = hidden.dims();
    let options = (&hidden.device(), hidden.dtype());
    let x = Tensor::<2>::zeros([batch, DefinedCell::d_input(cell)], options);
    // Where nothing is on, that is the cell's own.
    let engine = cell.engine().regularized(settings.inside(Mode::Evaluation));
    steps(&engine, &inputs(cell, &engine, x, state.clone()).0)
}
