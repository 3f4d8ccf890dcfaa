//! Parts of a sequence as tensors of their own, whose gradients come back together.
//!
//! The gradient of a slice is a tensor of its parent's size, zeros but for the slice; so many slices cost time² in the backward pass, and
//! time · log(time) where the sequence is halved again and again. Here all parts write their gradients into one tensor.

#![allow(deprecated)] // NdArray: Burn 0.22 still has it, so users may still be on it.

use core::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Shape, Slice, TensorMetadata, backend_extension,
};

/// A backend that takes a sequence apart.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub(crate) trait Unbind: Backend {
    /// The parts `[batch, length, features]` of a sequence `[batch, time, features]`, one after another; views where the backend has them.
    fn unbind(sequence: FloatTensor<Self>, lengths: Vec<usize>) -> Vec<FloatTensor<Self>>;
}

#[cfg(feature = "flex")]
impl Unbind for burn::backend::Flex {
    fn unbind(sequence: FloatTensor<Self>, lengths: Vec<usize>) -> Vec<FloatTensor<Self>> {
        slices::<Self>(&sequence, &lengths)
    }
}

#[cfg(feature = "ndarray")]
impl Unbind for burn::backend::NdArray {
    fn unbind(sequence: FloatTensor<Self>, lengths: Vec<usize>) -> Vec<FloatTensor<Self>> {
        slices::<Self>(&sequence, &lengths)
    }
}

fn slices<B: Backend>(sequence: &FloatTensor<B>, lengths: &[usize]) -> Vec<FloatTensor<B>> {
    let shape = sequence.shape();
    let slice = |steps| B::float_slice(sequence.clone(), &place(&shape, steps));
    ranges(lengths).map(slice).collect()
}

/// The steps of each part.
fn ranges(lengths: &[usize]) -> impl Iterator<Item = Range<usize>> {
    lengths.iter().scan(0, |end, length| {
        let start = *end;
        *end += length;
        Some(start..*end)
    })
}

/// Where steps are in a sequence.
fn place(sequence: &Shape, steps: Range<usize>) -> [Slice; 3] {
    let [batch, _, features] = sequence.dims();
    [0..batch, steps, 0..features].map(Slice::from)
}

/// The gradients that have come, in the shape of the sequence.
///
/// A node of Burn's graph has one output, so each part is a node of its own whose only parent is a node that stands for all of them. The
/// backward pass goes from the deepest node to the shallowest: to the parts before the whole.
///
/// They are written into one tensor as they come, which is no copy where nobody else has it: kept apart until the end they would be in
/// memory twice, and all of it new, which the system clears page by page.
type Joined<B> = Arc<Mutex<Option<FloatTensor<B>>>>;

impl<B: Backend + Unbind, C: CheckpointStrategy> Unbind for Autodiff<B, C> {
    fn unbind(sequence: FloatTensor<Self>, lengths: Vec<usize>) -> Vec<FloatTensor<Self>> {
        let node = sequence.node();
        let is_tracked = sequence.is_tracked();
        let sequence = sequence.into_primitive();
        let parts = B::unbind(sequence.clone(), lengths.clone());
        if !is_tracked {
            return parts.into_iter().map(Self::from_inner).collect();
        }
        let joined = Joined::<B>::default();
        let shape = sequence.shape();
        let prepared = Backward::<B, 1>::prepare::<C>(WholeBackward, [node]).compute_bound();
        let whole = match prepared.stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(joined.clone(), sequence),
            OpsKind::UnTracked(prepared) => prepared.finish(sequence),
        };
        let leaf = |(steps, tensor)| {
            let node = whole.node();
            let prepared = Backward::<B, 1>::prepare::<C>(PartBackward, [node]).compute_bound();
            match prepared.stateful() {
                OpsKind::Tracked(prepared) => {
                    prepared.finish((joined.clone(), shape.clone(), steps), tensor)
                }
                OpsKind::UnTracked(prepared) => prepared.finish(tensor),
            }
        };
        ranges(&lengths).zip(parts).map(leaf).collect()
    }
}

/// Hands the gradients of all parts on.
#[derive(Debug)]
struct WholeBackward;

impl<B: Backend> Backward<B, 1> for WholeBackward {
    type State = Joined<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let joined = ops.state.lock();
        let joined = joined.unwrap_or_else(PoisonError::into_inner).take();
        if let ([Some(parent)], Some(joined)) = (ops.parents, joined) {
            grads.register::<B>(parent.id, joined);
        }
    }
}

/// Puts the gradient of a part where it belongs.
#[derive(Debug)]
struct PartBackward;

impl<B: Backend> Backward<B, 1> for PartBackward {
    /// Where the gradients go, of which shape they are together, and which steps these are.
    type State = (Joined<B>, Shape, Range<usize>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (joined, shape, steps) = ops.state;
        let d = grads.consume::<B>(&ops.node);
        let mut joined = joined.lock().unwrap_or_else(PoisonError::into_inner);
        // Zeros for the parts that the loss does not read; filled, because Flex's zeros are made twice (burn-flex 0.22, to align them).
        let zeros = || B::float_full(shape.clone(), 0.0.into(), &d.device(), d.dtype().into());
        let all = joined.take().unwrap_or_else(zeros);
        *joined = Some(B::float_slice_assign(all, &place(&shape, steps), d));
    }
}
