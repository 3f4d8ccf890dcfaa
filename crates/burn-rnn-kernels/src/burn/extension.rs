//! The scan as an operation of Burn's backends: a backend extension.

#![allow(deprecated)] // NdArray: Burn 0.22 still has it, so users may still be on it.

use std::sync::Arc;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Shape, TensorMetadata, backend_extension};

use crate::definition::Plan;
use crate::machine::level::Level;
use crate::pass::{
    Engine, Operands, Outputs, Saved, Segments, Sizes, Timing, forward, forward_in_segments,
    output_width,
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
        infer::<Self>(&operands, &run.engine, &run.timing, run.sizes)
    }
}

#[cfg(feature = "ndarray")]
impl FusedScan for burn::backend::NdArray {
    fn fused_scan(operands: Tensors<Self>, run: Run) -> Vec<FloatTensor<Self>> {
        let operands = dense(operands);
        let operands = operands.0.map_ref(|tensor| tensor);
        infer::<Self>(&operands, &run.engine, &run.timing, run.sizes)
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

/// A scan of dense tensors that no gradient will come back to.
pub(crate) fn infer<B: CpuBackend>(
    operands: &Operands<&FloatTensor<B>>,
    engine: &Engine,
    timing: &Timing,
    sizes: Sizes,
) -> Vec<FloatTensor<B>> {
    let kernel = &engine.0;
    let plan = kernel.plan();
    let read = read::<B>(operands, sizes);
    let owner = |(index, tensor): (usize, Option<&&FloatTensor<B>>)| -> Option<Owner> {
        B::owner(tensor.filter(|_| index >= plan.w_input())?)
    };
    let owners: Operands<Owner> = operands.iter().enumerate().map(owner).collect();
    let level = Level::chosen();
    let outputs = forward(
        kernel,
        level,
        &read.sizes,
        &read.floats,
        Some(&owners),
        timing,
        false,
    );
    results::<B>(plan, &read, outputs)
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
    let mut outputs = forward(
        kernel,
        level,
        &read.sizes,
        &read.floats,
        None,
        &run.timing,
        true,
    );
    let saved = outputs.saved.take().expect("it was asked for");
    (results::<B>(kernel.plan(), &read, outputs), saved)
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
    (results::<B>(kernel.plan(), &read, outputs), segments)
}

fn results<B: CpuBackend>(plan: &Plan, read: &Read<'_>, outputs: Outputs) -> Vec<FloatTensor<B>> {
    let Read { sizes, is_step, .. } = read;
    let width = output_width(plan, sizes);
    let shape = if *is_step {
        Shape::new([sizes.batch, width])
    } else {
        Shape::new([sizes.batch, sizes.time, width])
    };
    let mut all = Vec::with_capacity(1 + outputs.states.len());
    all.push(B::tensor(outputs.output, shape));
    for (tensor, state) in outputs.states.into_iter().enumerate() {
        all.push(if *is_step && tensor == 0 {
            all[0].clone()
        } else {
            let shape = Shape::new([sizes.batch, sizes.state_row(plan, tensor)]);
            B::tensor(state, shape)
        });
    }
    all
}
