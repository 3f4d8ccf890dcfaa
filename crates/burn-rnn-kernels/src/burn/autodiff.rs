//! The gradients of a scan in Burn's graph: one node for the whole of it.

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::{BalancedCheckpointing, CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, FloatDType, Shape, TensorMetadata};

use crate::cpu_backend::CpuBackend;
use crate::extension::{FusedScan, Inputs, forward, forward_and_keep, forward_and_keep_segments};
use crate::level::Level;
use crate::run;
use crate::segments::{Segments, backward_in_segments};
use crate::spec::{CellSpec, OutputGradients, Saved, Wanted};

/// Where the gradient of the last cell state, or of the last gates, waits for the backward pass of the scan.
///
/// A node of Burn's graph has one output, so what else is carried is a node of its own whose only
/// parent is the node of the hidden states. Steps run from the deepest node to the shallowest:
/// the cell state's and the gates' before the scan's.
type Slot<B> = Arc<Mutex<Option<FloatTensor<B>>>>;

impl<B: CpuBackend, C: CheckpointStrategy> FusedScan for Autodiff<B, C> {
    fn fused_scan(
        inputs: Inputs<Self>,
        spec: CellSpec,
        reverse: bool,
    ) -> (
        FloatTensor<Self>,
        Option<FloatTensor<Self>>,
        Option<FloatTensor<Self>>,
    ) {
        let Inputs {
            x,
            hidden,
            cell,
            gates,
            w_input,
            w_hidden,
            bias,
            extra,
            w_gates,
        } = inputs;
        let is_tracked =
            |tensor: Option<&FloatTensor<Self>>| tensor.is_some_and(|tensor| tensor.is_tracked());
        let wanted = Wanted {
            x: x.is_tracked(),
            parameters: w_input.is_tracked()
                || w_hidden.is_tracked()
                || is_tracked(bias.as_ref())
                || is_tracked(extra.as_ref())
                || is_tracked(w_gates.as_ref()),
        };
        let state_is_tracked =
            hidden.is_tracked() || is_tracked(cell.as_ref()) || is_tracked(gates.as_ref());

        // An untracked node of its own stands for a tensor that is not there.
        let absent = Self::from_inner(hidden.primitive().clone());
        let nodes = [
            x.node(),
            hidden.node(),
            cell.as_ref().unwrap_or(&absent).node(),
            gates.as_ref().unwrap_or(&absent).node(),
            w_input.node(),
            w_hidden.node(),
            bias.as_ref().unwrap_or(&absent).node(),
            extra.as_ref().unwrap_or(&absent).node(),
            w_gates.as_ref().unwrap_or(&absent).node(),
        ];
        let inputs = Inputs::<B> {
            x: x.into_primitive(),
            hidden: hidden.into_primitive(),
            cell: cell.map(|cell| cell.into_primitive()),
            gates: gates.map(|gates| gates.into_primitive()),
            w_input: w_input.into_primitive(),
            w_hidden: w_hidden.into_primitive(),
            bias: bias.map(|bias| bias.into_primitive()),
            extra: extra.map(|extra| extra.into_primitive()),
            w_gates: w_gates.map(|w_gates| w_gates.into_primitive()),
        };
        if !(wanted.x || wanted.parameters || state_is_tracked) {
            let (output, cell, gates) = forward(inputs, spec, reverse);
            let [cell, gates] = [cell, gates].map(|state| state.map(Self::from_inner));
            return (Self::from_inner(output), cell, gates);
        }

        // What is kept are the tensors as they were given, which share their memory with whoever
        // else has them, and not the copies that views had to be made dense by.
        let ((output, cell, gates), kept) =
            if TypeId::of::<C>() == TypeId::of::<BalancedCheckpointing>() {
                let (results, segments) = forward_and_keep_segments(inputs.clone(), spec, reverse);
                (results, Kept::Segments(Arc::new(segments)))
            } else {
                let (results, saved) = forward_and_keep(inputs.clone(), spec, reverse);
                (results, Kept::All(Arc::new(saved)))
            };
        let shape = output.shape();
        let (d_cell, d_gates) = (Slot::<B>::default(), Slot::<B>::default());
        let pass = Pass {
            inputs,
            spec,
            reverse,
            wanted,
            kept,
            d_cell: d_cell.clone(),
            d_gates: d_gates.clone(),
        };
        let prepared = Backward::<B, 9>::prepare::<C>(ScanBackward, nodes).compute_bound();
        let output = match prepared.stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(pass, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        };
        let carried = |state: Option<FloatTensor<B>>, slot: Slot<B>| {
            let state = state?;
            let prepared =
                Backward::<B, 1>::prepare::<C>(StateBackward, [output.node()]).compute_bound();
            Some(match prepared.stateful() {
                OpsKind::Tracked(prepared) => prepared.finish((slot, shape.clone()), state),
                OpsKind::UnTracked(prepared) => prepared.finish(state),
            })
        };
        let (cell, gates) = (carried(cell, d_cell), carried(gates, d_gates));
        (output, cell, gates)
    }
}

/// What the backward pass of a scan needs.
#[derive(Clone, Debug)]
struct Pass<B: CpuBackend> {
    inputs: Inputs<B>,
    spec: CellSpec,
    reverse: bool,
    wanted: Wanted,
    kept: Kept,
    d_cell: Slot<B>,
    d_gates: Slot<B>,
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

impl<B: CpuBackend> Backward<B, 9> for ScanBackward {
    type State = Pass<B>;

    fn backward(self, ops: Ops<Pass<B>, 9>, grads: &mut Gradients, _: &mut Checkpointer) {
        let Pass {
            inputs,
            spec,
            reverse,
            wanted,
            kept,
            d_cell,
            d_gates,
        } = ops.state;
        let d_output = B::dense(grads.consume::<B>(&ops.node));
        let take = |slot: Slot<B>| {
            let d = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            d.map(B::dense)
        };
        let (d_cell, d_gates) = (take(d_cell), take(d_gates));
        let inputs = inputs.dense();
        let (level, sizes, operands) = (
            Level::chosen(),
            inputs.view().sizes(),
            inputs.view().operands(),
        );
        let d = OutputGradients {
            output: B::floats(&d_output),
            cell: d_cell.as_ref().map(B::floats),
            gates: d_gates.as_ref().map(B::floats),
        };
        let d = match kept {
            Kept::All(saved) => {
                let saved = Arc::try_unwrap(saved).unwrap_or_else(|shared| Saved::clone(&shared));
                run::backward(level, &spec, &sizes, &operands, reverse, saved, d, wanted)
            }
            Kept::Segments(segments) => backward_in_segments(
                level, &spec, &sizes, &operands, reverse, &segments, d, wanted,
            ),
        };

        let (w_input, w_hidden, bias, extra, w_gates) = match d.parameters {
            Some(d) => (
                Some(d.w_input),
                Some(d.w_hidden),
                d.bias,
                d.extra,
                d.w_gates,
            ),
            None => (None, None, None, None, None),
        };
        let shape = |tensor: &FloatTensor<B>| tensor.shape();
        let gradients = [
            d.x.map(|d| (d, inputs.x.shape())),
            Some((d.hidden, inputs.hidden.shape())),
            d.cell.zip(inputs.cell.as_ref().map(shape)),
            d.gates.zip(inputs.gates.as_ref().map(shape)),
            w_input.map(|d| (d, inputs.w_input.shape())),
            w_hidden.map(|d| (d, inputs.w_hidden.shape())),
            bias.zip(inputs.bias.as_ref().map(shape)),
            extra.zip(inputs.extra.as_ref().map(shape)),
            w_gates.zip(inputs.w_gates.as_ref().map(shape)),
        ];
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(parent) = parent
                && let Some((d, shape)) = gradient
            {
                grads.register::<B>(parent.id, B::tensor(d, shape));
            }
        }
    }
}

/// Hands the gradient of the last cell state, or of the last gates, over to [`ScanBackward`].
#[derive(Debug)]
struct StateBackward;

impl<B: CpuBackend> Backward<B, 1> for StateBackward {
    /// Where the gradient goes, and the shape of the hidden states.
    type State = (Slot<B>, Shape);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (slot, shape) = ops.state;
        let d_state = grads.consume::<B>(&ops.node);
        let [hidden_states] = ops.parents;
        if let Some(hidden_states) = hidden_states {
            // So that the scan's step finds a gradient where the loss reads no hidden state.
            let zeros = B::float_zeros(shape, &d_state.device(), FloatDType::F32);
            grads.register::<B>(hidden_states.id, zeros);
        }
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(d_state);
    }
}
