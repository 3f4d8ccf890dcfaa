//! The scan as an operation of Burn's backends: a backend extension.

#![allow(deprecated)] // NdArray: Burn 0.22 still has it, so users may still be on it.

use std::sync::Arc;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Shape, TensorMetadata, backend_extension};

use crate::definition::Plan;
use crate::machine::level::Level;
use crate::pass::{
    Engine, Given, Operands, Outputs, Prepared, Saved, Seen, Segments, Sizes, Timing, find,
    forward, forward_in_segments, keep, output_width, run,
};
use crate::product::cache::Owner;

use super::cpu_backend::CpuBackend;
use super::operands::Tensors;

/// What is run, and how.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) engine: Engine,
    pub(crate) timing: Arc<Timing>,
    pub(crate) sizes: Sizes,
}

/// A backend that runs whole scans.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub(crate) trait FusedScan: Backend {
    /// Runs a cell over a batch of sequences: all outputs, in the shape of the input, and the states after the last steps. Of one step the
    /// output is the first state.
    fn fused_scan(#[extension_type] operands: Tensors<Self>, run: Run) -> Vec<FloatTensor<Self>>;
}

#[cfg(feature = "flex")]
impl FusedScan for burn::backend::Flex {
    fn fused_scan(operands: Tensors<Self>, run: Run) -> Vec<FloatTensor<Self>> {
        let operands = dense(operands);
        let operands = operands.0.map_ref(|tensor| tensor);
        infer::<Self>(&operands, &run.engine, &run.timing, || run.sizes)
    }
}

#[cfg(feature = "ndarray")]
impl FusedScan for burn::backend::NdArray {
    fn fused_scan(operands: Tensors<Self>, run: Run) -> Vec<FloatTensor<Self>> {
        let operands = dense(operands);
        let operands = operands.0.map_ref(|tensor| tensor);
        infer::<Self>(&operands, &run.engine, &run.timing, || run.sizes)
    }
}

/// The same with every tensor [dense](CpuBackend::dense).
pub(crate) fn dense<B: CpuBackend>(operands: Tensors<B>) -> Tensors<B> {
    Tensors(operands.0.map(B::dense))
}

/// Dense tensors with their sizes and floats.
pub(crate) struct Read<'a> {
    pub(crate) sizes: Sizes,
    pub(crate) floats: Operands<&'a [f32]>,
    /// Whether the input is one step without its axis of time.
    pub(crate) is_step: bool,
}

pub(crate) fn read<'a, B: CpuBackend>(
    operands: &Operands<&'a FloatTensor<B>>,
    sizes: Sizes,
) -> Read<'a> {
    Read {
        sizes,
        floats: operands.map_ref(|tensor| B::floats(tensor)),
        is_step: operands.x().shape().num_dims() == 2,
    }
}

/// A scan of dense tensors that no gradient will come back to. Their `sizes` are asked for where the cell is not known from before.
pub(crate) fn infer<B: CpuBackend>(
    operands: &Operands<&FloatTensor<B>>,
    engine: &Engine,
    timing: &Timing,
    sizes: impl FnOnce() -> Sizes,
) -> Vec<FloatTensor<B>> {
    let plan = engine.0.plan();
    let (prepared, sizes) = prepared::<B>(operands, engine, sizes);
    let floats = |index: usize| operands.get(index).map(|tensor| B::floats(tensor));
    let given = Given::new(plan, floats);
    let is_step = B::dims(operands.x()).len() == 2;
    // The first state is then the output.
    let states = usize::from(is_step);
    let outputs = run(&prepared, &sizes, &given, timing, states, false);
    results::<B>(plan, &sizes, is_step, outputs)
}

/// The parameters, prepared now or before, and the sizes of the run.
fn prepared<B: CpuBackend>(
    operands: &Operands<&FloatTensor<B>>,
    engine: &Engine,
    sizes: impl FnOnce() -> Sizes,
) -> (Arc<Prepared>, Sizes) {
    let plan = engine.0.plan();
    let (w_input, end) = (plan.w_input(), plan.mask(0));
    let x = B::dims(operands.x());
    let is_there = |index: usize, seen: Option<&Seen>| match (operands.get(w_input + index), seen) {
        (Some(tensor), Some(seen)) => {
            B::floats(tensor).as_ptr() == seen.address && B::dims(tensor) == &seen.shape[..]
        }
        (given, seen) => given.is_none() && seen.is_none(),
    };
    if let Some((prepared, known)) = find(engine, x[0], is_there) {
        // What does not fit is told with everything else.
        let sizes = fitting::<B>(plan, operands, known).unwrap_or_else(sizes);
        return (prepared, sizes);
    }
    let Read { sizes, floats, .. } = read::<B>(operands, sizes());
    let owner = |(index, tensor): (usize, Option<&&FloatTensor<B>>)| -> Option<Owner> {
        B::owner(tensor.filter(|_| (w_input..end).contains(&index))?)
    };
    let owners: Operands<Owner> = operands.iter().enumerate().map(owner).collect();
    let prepared = Prepared::new(&engine.0, Level::chosen(), &sizes, &floats, Some(&owners));
    let prepared = Arc::new(prepared);
    let seen = |index: usize| match (operands.get(index), owners.get(index)) {
        (None, _) => Some(None),
        (Some(tensor), Some(owner)) => Some(Some(Seen {
            address: B::floats(tensor).as_ptr(),
            shape: B::dims(tensor).iter().copied().collect(),
            owner: owner.clone(),
        })),
        // Whether it is changed cannot be known.
        (Some(_), None) => None,
    };
    if let Some(parameters) = (w_input..end).map(seen).collect() {
        keep(prepared.clone(), sizes, parameters);
    }
    (prepared, sizes)
}

/// The sizes of a run whose parameters are known, none where its input or a state has another shape or there are masks to look at.
fn fitting<B: CpuBackend>(
    plan: &Plan,
    operands: &Operands<&FloatTensor<B>>,
    known: Sizes,
) -> Option<Sizes> {
    let time = match *B::dims(operands.x()) {
        [_, d_input] if d_input == known.d_input => 1,
        [_, time, d_input] if d_input == known.d_input && time > 0 => time,
        _ => return None,
    };
    let fits = |tensor: usize| {
        let expected = [known.batch, known.state_row(plan, tensor)];
        let state = operands.get(Plan::STATES + tensor);
        state.is_none_or(|state| B::dims(state) == expected)
    };
    let states = plan.declaration.states.len();
    let mut masks = plan.mask(0)..operands.len();
    let fits = (0..states).all(fits) && masks.all(|index| operands.get(index).is_none());
    fits.then_some(Sizes { time, ..known })
}

/// A scan and what its backward pass needs.
pub(crate) fn forward_and_keep<B: CpuBackend>(
    operands: Tensors<B>,
    run: &Run,
) -> (Vec<FloatTensor<B>>, Saved) {
    let kernel = &run.engine.0;
    let operands = dense(operands);
    let operands = operands.0.map_ref(|tensor| tensor);
    let read = read::<B>(&operands, run.sizes);
    let level = Level::chosen();
    let mut outputs = forward(kernel, level, &read.sizes, &read.floats, &run.timing, true);
    let saved = outputs.saved.take().expect("it was asked for");
    (
        results::<B>(kernel.plan(), &read.sizes, read.is_step, outputs),
        saved,
    )
}

/// A scan and the little of it that its backward pass computes the rest from once more.
pub(crate) fn forward_and_keep_segments<B: CpuBackend>(
    operands: Tensors<B>,
    run: &Run,
) -> (Vec<FloatTensor<B>>, Segments) {
    let kernel = &run.engine.0;
    let operands = dense(operands);
    let operands = operands.0.map_ref(|tensor| tensor);
    let read = read::<B>(&operands, run.sizes);
    let level = Level::chosen();
    let (outputs, segments) =
        forward_in_segments(kernel, level, &read.sizes, &read.floats, &run.timing);
    (
        results::<B>(kernel.plan(), &read.sizes, read.is_step, outputs),
        segments,
    )
}

fn results<B: CpuBackend>(
    plan: &Plan,
    sizes: &Sizes,
    is_step: bool,
    outputs: Outputs,
) -> Vec<FloatTensor<B>> {
    let width = output_width(plan, sizes);
    let shape = if is_step {
        Shape::new([sizes.batch, width])
    } else {
        Shape::new([sizes.batch, sizes.time, width])
    };
    let mut all = Vec::with_capacity(1 + outputs.states.len());
    all.push(B::tensor(outputs.output, shape));
    for (tensor, state) in outputs.states.into_iter().enumerate() {
        all.push(if is_step && tensor == 0 {
            all[0].clone()
        } else {
            let shape = Shape::new([sizes.batch, sizes.state_row(plan, tensor)]);
            B::tensor(state, shape)
        });
    }
    all
}
