//! The scan for users of Burn's tensors.

use std::sync::Arc;

use burn::backend::{DType, Dispatch, DispatchTensor, TensorMetadata};
use burn::tensor::{Device, Tensor};

use crate::machine::level::Level;
use crate::pass::{Engine, Operands, Sizes, Steps, Timing};

use super::operands::{Name, sizes};
use super::{dispatched, engine, reference};

/// The operands of a scan in Burn's tensors, in the order of the definition's declaration.
#[derive(Clone, Debug)]
pub struct Inputs {
    operands: Operands<DispatchTensor>,
    cell: Name,
}

impl Inputs {
    /// The input, `[batch, time, d_input]`, or of one step `[batch, d_input]`.
    #[inline]
    pub fn new<const D: usize>(x: Tensor<D>) -> Self {
        let mut inputs = Self::none();
        inputs.push(Some(x));
        inputs
    }

    /// Nothing yet.
    pub fn none() -> Self {
        Self {
            operands: Operands::new(Vec::new()),
            cell: Name("scan"),
        }
    }

    /// The same with the path of the cell's type, whose last part messages begin with.
    #[inline]
    #[must_use]
    pub fn of(mut self, cell: &'static str) -> Self {
        self.cell = Name(cell);
        self
    }

    /// Whether a scan of these would run fused, not in plain tensor operations.
    pub fn is_fused(&self) -> bool {
        !engine::is_reference() && dispatch::is_covered(&self.operands.map_ref(|tensor| tensor))
    }

    /// The device and type of the first operand.
    pub fn options(&self) -> Option<(Device, DType)> {
        let first = self.operands.there().next()?.clone();
        let dtype = first.kind.dtype();
        Some((dispatched::device(first), dtype))
    }

    /// Whether all operands are of the type of the first.
    #[inline]
    pub fn is_of_one_type(&self) -> bool {
        let mut types = self.operands.there().map(|tensor| tensor.kind.dtype());
        let first = types.next();
        types.all(|dtype| Some(dtype) == first)
    }

    /// The types of all operands in their order; none where one is not there.
    #[inline]
    pub fn types(&self) -> impl Iterator<Item = Option<DType>> + '_ {
        let operands = self.operands.iter();
        operands.map(|operand| operand.map(|tensor| tensor.kind.dtype()))
    }

    /// Puts a function of each recurrent matrix, one that reads a state or what stands for it, in its place; what has heads is given as
    /// `[rows of all heads, columns]`.
    pub fn map_matrices(&mut self, engine: &Engine, mut f: impl FnMut(Tensor<2>) -> Tensor<2>) {
        let plan = engine.0.plan();
        for index in plan.recurrent_matrices() {
            let operand = plan.parameter(index);
            let Some(tensor) = self.operands.get(operand) else {
                continue;
            };
            let mapped = match *tensor.shape().as_slice() {
                [heads, rows, columns] => {
                    let tensor = Tensor::<3>::from_dispatch(tensor.clone());
                    let mapped = f(tensor.reshape([heads * rows, columns]));
                    mapped.reshape([heads, rows, columns]).into_dispatch()
                }
                _ => f(Tensor::from_dispatch(tensor.clone())).into_dispatch(),
            };
            self.operands.replace(operand, mapped);
        }
    }

    /// Adds the next operand.
    #[inline]
    pub fn push<const D: usize>(&mut self, tensor: Option<Tensor<D>>) {
        self.operands.push(tensor.map(Tensor::into_dispatch));
    }
}

/// What a scan gives.
#[derive(Clone, Debug)]
pub struct ScanResults<const D: usize> {
    /// State 0 after every step, `[batch, time, d_output]`, or of one step `[batch, d_output]`. Zeros where there is padding.
    pub output: Tensor<D>,
    /// The tensors of states after the last steps, `[batch, features]` each.
    pub states: Vec<Tensor<2>>,
}

/// Runs a cell over a batch of sequences. With `D = 3` it runs over sequences, with `D = 2` it is one step.
///
/// Gradients come back to every tracked tensor but the masks. Where none is tracked, nothing is kept for them. On a device with
/// Burn's gradient checkpointing, `device.autodiff().gradient_checkpointing()`, only the states between
/// about √time segments are kept and each segment runs forward once more in the backward pass.
///
/// Quantized operands are dequantized, once a call. On Flex and NdArray, tensors of `f32` go through the fused passes; everything else, and everything where the
/// [reference](crate::reference) is asked for, is made of plain tensor operations.
///
/// # Panics
///
/// Where a shape or a type does not fit; the message names the operand and both.
#[inline]
pub fn scan<const D: usize>(engine: &Engine, inputs: &Inputs, timing: Timing) -> ScanResults<D> {
    let Inputs { operands, cell } = inputs;
    if engine::is_reference() {
        let sizes = sizes_of(engine, operands, *cell);
        return reference::scan(engine, &operands.map_ref(dispatched::float), &timing, sizes);
    }
    dispatch::scan(engine, operands, timing, *cell)
}

/// Whether what is on a device is worked on by the processor that asks for it.
pub fn is_on_cpu(device: &Device) -> bool {
    dispatch::is_on_cpu(&Tensor::<1>::empty([1], device).into_dispatch())
}

fn sizes_of(engine: &Engine, operands: &Operands<DispatchTensor>, cell: Name) -> Sizes {
    sizes(engine.0.plan(), &operands.map_ref(dispatched::shape), cell)
}

/// The steps of a cell one after another, with copies of the parameters, so that none is looked up or packed again. No gradient
/// comes back. Of the input the shape alone counts.
///
/// None where [`scan`] would be made of plain tensor operations.
pub fn steps(engine: &Engine, inputs: &Inputs) -> Option<Steps> {
    let Inputs { operands, cell } = inputs;
    let operands = operands.map_ref(dispatched::float);
    if engine::is_reference() || !dispatch::is_covered(&operands.map_ref(|tensor| tensor)) {
        return None;
    }
    let shapes = operands.map_ref(dispatched::shape);
    let sizes = sizes(engine.0.plan(), &shapes, *cell);
    let floats = operands.map(dispatched::floats);
    let floats = floats.map_ref(Vec::as_slice);
    Some(Steps::new(engine, Level::chosen(), sizes, &floats))
}

/// Without a backend of the CPU there is nobody to run it.
#[cfg(not(any(feature = "flex", feature = "ndarray")))]
mod dispatch {
    use super::*;

    pub(super) fn scan<const D: usize>(
        engine: &Engine,
        operands: &Operands<DispatchTensor>,
        timing: Timing,
        cell: Name,
    ) -> ScanResults<D> {
        let sizes = sizes_of(engine, operands, cell);
        reference::scan(engine, &operands.map_ref(dispatched::float), &timing, sizes)
    }

    pub(super) fn is_covered(_: &Operands<&DispatchTensor>) -> bool {
        false
    }

    pub(super) fn is_on_cpu(_: &DispatchTensor) -> bool {
        false
    }
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
mod dispatch {
    use super::*;
    use crate::burn::dispatched::cpu_kind;
    use crate::burn::extension::{FusedScan, Run, infer};
    use crate::burn::operands::Tensors;

    #[inline]
    pub(super) fn scan<const D: usize>(
        engine: &Engine,
        operands: &Operands<DispatchTensor>,
        timing: Timing,
        cell: Name,
    ) -> ScanResults<D> {
        let sizes = || sizes_of(engine, operands, cell);
        #[cfg(feature = "flex")]
        if let Some(tensors) = operands.try_map_ref(flex::plain) {
            let mut results =
                infer::<burn::backend::Flex>(&tensors, engine, &timing, sizes).into_iter();
            let output = results.next().expect("a scan has an output");
            return ScanResults {
                output: flex::tensor(output),
                states: results.map(flex::tensor).collect(),
            };
        }
        let sizes = sizes();
        let operands = operands.map_ref(dispatched::float);
        if !is_covered(&operands.map_ref(|tensor| tensor)) {
            return reference::scan(engine, &operands, &timing, sizes);
        }
        let run = Run {
            engine: engine.clone(),
            timing: Arc::new(timing),
            sizes,
        };
        let mut results = Dispatch::fused_scan(Tensors(operands), run).into_iter();
        let output = results.next().expect("a scan has an output");
        ScanResults {
            output: Tensor::from_dispatch(output),
            states: results.map(Tensor::from_dispatch).collect(),
        }
    }

    pub(super) fn is_on_cpu(tensor: &DispatchTensor) -> bool {
        cpu_kind(tensor).is_some()
    }

    /// Whether all tensors are of `f32` and on one and the same backend of the CPU.
    pub(super) fn is_covered(operands: &Operands<&DispatchTensor>) -> bool {
        let first = cpu_kind(operands.x());
        first.is_some()
            && operands
                .there()
                .all(|tensor| tensor.kind.dtype() == DType::F32 && cpu_kind(tensor) == first)
    }

    /// Scans without gradients on Burn's default backend, past its dispatch: that moves every tensor several times, which is
    /// more than a step of a small cell.
    #[cfg(feature = "flex")]
    mod flex {
        use burn::backend::tensor::FloatTensor;
        use burn::backend::{BackendTensor, DispatchAutodiffContext, DispatchTensorKind, Flex};

        use super::*;

        /// The tensor, where it is of `f32`, dense, and of no gradient's graph.
        #[inline]
        pub(super) fn plain(tensor: &DispatchTensor) -> Option<&FloatTensor<Flex>> {
            match &tensor.kind {
                DispatchTensorKind::Flex(BackendTensor::Float(tensor)) => {
                    (tensor.dtype() == DType::F32 && tensor.is_contiguous()).then_some(tensor)
                }
                _ => None,
            }
        }

        #[inline]
        pub(super) fn tensor<const D: usize>(tensor: FloatTensor<Flex>) -> Tensor<D> {
            Tensor::from_dispatch(DispatchTensor {
                kind: DispatchTensorKind::Flex(BackendTensor::Float(tensor)),
                autodiff: DispatchAutodiffContext::Disabled,
            })
        }
    }
}
