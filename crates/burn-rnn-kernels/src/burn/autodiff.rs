//! The gradients of a scan in Burn's graph: one node for the whole of it.

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, FloatDType, Shape, TensorMetadata};

use crate::definition::{MOST_OPERANDS, Plan};
use crate::machine::level::Level;
use crate::pass::{
    Operands, OutputGradients, Saved, Segments, Wanted, backward, backward_in_segments,
};

use super::cpu_backend::CpuBackend;
use super::extension::{
    FusedScan, Run, dense, forward_and_keep, forward_and_keep_segments, infer, read,
};
use super::operands::Tensors;

/// Where the gradients of the last states wait for the backward pass of the scan.
///
/// A node of Burn's graph has one output, so each state is a node of its own whose only parent is the node of the
/// output. Steps run from the deepest node to the shallowest: the states' before the scan's.
type Waiting<B> = Arc<Mutex<Vec<Option<FloatTensor<B>>>>>;

impl<B: CpuBackend, C: CheckpointStrategy> FusedScan for Autodiff<B, C> {
    fn fused_scan(operands: Tensors<Self>, run: Run) -> Vec<FloatTensor<Self>> {
        let plan = run.engine.0.plan();
        let first = plan.w_input();
        let is_tracked = |index: usize| {
            let tensor = operands.0.get(index);
            tensor.is_some_and(|tensor| tensor.is_tracked())
        };
        let wanted = Wanted {
            x: is_tracked(0),
            parameters: (first..operands.0.len()).any(is_tracked),
        };
        let states_are_tracked = (Plan::STATES..first).any(is_tracked);

        // An untracked node of its own stands for a tensor that is not there.
        let absent = Self::from_inner(operands.0.x().primitive().clone());
        let nodes: [_; MOST_OPERANDS] =
            core::array::from_fn(|index| operands.0.get(index).unwrap_or(&absent).node());
        let is_step = operands.0.x().shape().num_dims() == 2;
        let operands = Tensors::<B>(operands.0.map(|tensor| tensor.into_primitive()));
        if !(wanted.x || wanted.parameters || states_are_tracked) {
            let operands = dense(operands);
            let results = infer::<B>(
                &operands.0.map_ref(|tensor| tensor),
                &run.engine,
                &run.timing,
                || run.sizes,
            );
            return results.into_iter().map(Self::from_inner).collect();
        }

        // What is kept are the tensors as they were given, which share their memory with whoever
        // else has them, and not the copies that views had to be made dense by.
        let (results, kept) = if TypeId::of::<C>() == TypeId::of::<BalancedCheckpointing>() {
            let (results, segments) = forward_and_keep_segments(operands.clone(), &run);
            (results, Kept::Segments(Arc::new(segments)))
        } else {
            let (results, saved) = forward_and_keep(operands.clone(), &run);
            (results, Kept::All(Arc::new(saved)))
        };
        let mut results = results.into_iter();
        let output = results.next().expect("a scan has an output");
        let shape = output.shape();
        let waiting = Waiting::<B>::default();
        let pass = Pass {
            operands,
            run,
            wanted,
            kept,
            waiting: waiting.clone(),
        };
        let prepared =
            Backward::<B, MOST_OPERANDS>::prepare::<C>(ScanBackward, nodes).compute_bound();
        let output = match prepared.stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(pass, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        };
        let mut all = vec![output];
        for (tensor, state) in results.enumerate() {
            if is_step && tensor == 0 {
                all.push(all[0].clone());
                continue;
            }
            let node = all[0].node();
            let prepared = Backward::<B, 1>::prepare::<C>(StateBackward, [node]).compute_bound();
            all.push(match prepared.stateful() {
                OpsKind::Tracked(prepared) => {
                    prepared.finish((waiting.clone(), tensor, shape.clone()), state)
                }
                OpsKind::UnTracked(prepared) => prepared.finish(state),
            });
        }
        all
    }
}

/// What the backward pass of a scan needs.
#[derive(Clone, Debug)]
struct Pass<B: CpuBackend> {
    operands: Tensors<B>,
    run: Run,
    wanted: Wanted,
    kept: Kept,
    waiting: Waiting<B>,
}

/// What the forward pass left. Shared because a state of Burn's can be cloned, although it is not in a backward pass.
#[derive(Clone, Debug)]
enum Kept {
    /// Everything.
    All(Arc<Saved>),
    /// With Burn's gradient checkpointing: the states between segments.
    Segments(Arc<Segments>),
}

/// Back-propagation through time.
#[derive(Debug)]
struct ScanBackward;

impl<B: CpuBackend> Backward<B, MOST_OPERANDS> for ScanBackward {
    type State = Pass<B>;

    fn backward(
        self,
        ops: Ops<Pass<B>, MOST_OPERANDS>,
        grads: &mut Gradients,
        _: &mut Checkpointer,
    ) {
        let Pass {
            operands,
            run,
            wanted,
            kept,
            waiting,
        } = ops.state;
        let kernel = &run.engine.0;
        let plan = kernel.plan();
        let d_output = B::dense(grads.consume::<B>(&ops.node));
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.resize_with(plan.declaration.states.len(), || None);
        let d_states: Vec<_> = waiting.drain(..).map(|d| d.map(B::dense)).collect();
        let operands = dense(operands);
        let operands = operands.0.map_ref(|tensor| tensor);
        let read = read::<B>(&operands, run.sizes);
        let level = Level::chosen();
        let d = OutputGradients {
            output: B::floats(&d_output),
            states: d_states.iter().map(|d| d.as_ref().map(B::floats)).collect(),
        };
        let gradients: Operands<Vec<f32>> = match kept {
            Kept::All(saved) => {
                let saved = Arc::try_unwrap(saved).unwrap_or_else(|shared| Saved::clone(&shared));
                backward(kernel, level, &read.sizes, &read.floats, saved, &d, wanted)
            }
            Kept::Segments(segments) => backward_in_segments(
                kernel,
                level,
                &read.sizes,
                &read.floats,
                &run.timing,
                &segments,
                &d,
                wanted,
            ),
        };
        let gradients = gradients.zip(operands).into_inner();
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(parent) = parent
                && let Some((d, operand)) = gradient
            {
                grads.register::<B>(parent.id, B::tensor(d, operand.shape()));
            }
        }
    }
}

/// Hands the gradient of a last state over to [`ScanBackward`].
#[derive(Debug)]
struct StateBackward;

impl<B: CpuBackend> Backward<B, 1> for StateBackward {
    /// Where the gradient goes, and the shape of the output.
    type State = (Waiting<B>, usize, Shape);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (waiting, tensor, shape) = ops.state;
        let d_state = grads.consume::<B>(&ops.node);
        let [output] = ops.parents;
        if let Some(output) = output {
            // So that the scan's step finds a gradient where the loss reads no output.
            let zeros = B::float_zeros(shape, &d_state.device(), FloatDType::F32);
            grads.register::<B>(output.id, zeros);
        }
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() <= tensor {
            waiting.resize_with(tensor + 1, || None);
        }
        waiting[tensor] = Some(d_state);
    }
}
