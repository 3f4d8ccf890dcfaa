//! The scan for users of Burn's tensors.

use burn::tensor::Tensor;

use crate::engine;
use crate::level::Level;
use crate::spec::{CellSpec, Operands, Owners, Peephole, Sizes};
use crate::steps::Steps;

/// What a scan reads, `G` being [`CellSpec::gates`]. With `D = 3` it runs over sequences, with `D = 2` it is one step.
#[derive(Clone, Debug)]
pub struct ScanTensors<const D: usize> {
    /// The sequences, `[batch, time, d_input]`, or the input of one step, `[batch, d_input]`.
    pub x: Tensor<D>,
    /// The hidden state to start from, `[batch, d_hidden]`.
    pub hidden: Tensor<2>,
    /// The cell state to start from, `[batch, d_hidden]`, of a cell that has one.
    pub cell: Option<Tensor<2>>,
    /// The gates to start from, `[batch, K · d_hidden]` with `K` the [carried ones](CellSpec::carried_gates), of a cell that
    /// carries some; none are zeros.
    pub gates: Option<Tensor<2>>,
    /// `[d_input, G · d_hidden]`.
    pub w_input: Tensor<2>,
    /// `[d_hidden, G · d_hidden]`.
    pub w_hidden: Tensor<2>,
    /// `[G · d_hidden]`.
    pub bias: Option<Tensor<1>>,
    /// A GRU's bias inside the reset product, `[d_hidden]`.
    pub bias_hidden: Option<Tensor<1>>,
    /// An LSTM's peepholes, of each gate that has parameters in the order input, forget, output: diagonal,
    /// `[sigmoid gates, d_hidden]`, or full, `[d_hidden, sigmoid gates · d_hidden]`.
    pub peephole: Option<Tensor<2>>,
    /// From the carried gates of one step to those of the next, `[K · d_hidden, K · d_hidden]`, of a cell that carries some.
    pub w_gates: Option<Tensor<2>>,
}

/// What a scan gives.
#[derive(Clone, Debug)]
pub struct ScanResults<const D: usize> {
    /// All hidden states, `[batch, time, d_hidden]`, or of one step `[batch, d_hidden]`.
    pub output: Tensor<D>,
    /// The last cell state, `[batch, d_hidden]`, of a cell that has one.
    pub cell: Option<Tensor<2>>,
    /// The last gates, `[batch, K · d_hidden]`, of a cell that carries some.
    pub gates: Option<Tensor<2>>,
}

/// Runs a cell over a batch of sequences. With `reverse` it runs from the last step to the first; outputs stand at the step
/// of their input, and the last cell state and gates are those after the first step of the sequence.
///
/// Gradients come back to every tracked tensor. Where none is tracked, nothing is kept for them. On a device with
/// Burn's gradient checkpointing, `device.autodiff().gradient_checkpointing()`, only the states between
/// about √time segments are kept and each segment runs forward once more in the backward pass.
///
/// # Errors
///
/// The tensors come back unchanged where the fused operators do not cover them: they are on another backend
/// than Flex and NdArray (or not all on the same), of another type than `f32`, or of shapes that do not fit each
/// other exactly; also where the [reference](crate::reference) is asked for.
#[inline]
pub fn scan<const D: usize>(
    spec: CellSpec,
    tensors: ScanTensors<D>,
    reverse: bool,
) -> Result<ScanResults<D>, Box<ScanTensors<D>>> {
    if engine::is_reference() || !tensors.fit(&spec) {
        return Err(Box::new(tensors));
    }
    dispatch::scan(spec, tensors, reverse)
}

/// The steps of a cell one after another, from the states of `tensors` on: [`Steps`] with copies of the parameters, so that
/// none is looked up or packed again. No gradient comes back. Of `x` the shape alone counts.
///
/// None where [`scan`] would give the tensors back.
pub fn steps(spec: CellSpec, tensors: ScanTensors<2>) -> Option<Steps> {
    if engine::is_reference() || !tensors.fit(&spec) {
        return None;
    }
    let tensors = dispatch::covered(&spec, tensors)?;
    let [batch, d_input] = tensors.x.dims();
    let [_, d_hidden] = tensors.hidden.dims();
    let sizes = Sizes {
        batch,
        time: 1,
        d_input,
        d_hidden,
    };
    let extra = match (tensors.peephole, tensors.bias_hidden) {
        (Some(peephole), _) => Some(floats(peephole)),
        (None, bias_hidden) => bias_hidden.map(floats),
    };
    let (cell, gates) = (tensors.cell.map(floats), tensors.gates.map(floats));
    let (bias, w_gates) = (tensors.bias.map(floats), tensors.w_gates.map(floats));
    let operands = Operands {
        x: &vec![0.0; batch * d_input],
        hidden: &floats(tensors.hidden),
        cell: cell.as_deref(),
        gates: gates.as_deref(),
        w_input: &floats(tensors.w_input),
        w_hidden: &floats(tensors.w_hidden),
        bias: bias.as_deref(),
        extra: extra.as_deref(),
        w_gates: w_gates.as_deref(),
        owners: Owners::default(),
    };
    Some(Steps::new(Level::chosen(), &spec, sizes, &operands))
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let floats = tensor.into_data().try_into_vec();
    floats.expect("tensors of f32 are covered and no others")
}

impl<const D: usize> ScanTensors<D> {
    /// Whether all shapes are those that the cell asks for, and there is something to run.
    fn fit(&self, spec: &CellSpec) -> bool {
        let x = self.x.dims();
        let (batch, d_input) = match x[..] {
            [batch, d_input] => (batch, d_input),
            [batch, time, d_input] if time > 0 => (batch, d_input),
            _ => return false,
        };
        let [_, d_hidden] = self.hidden.dims();
        let columns = spec.gates() * d_hidden;
        let state = [batch, d_hidden];
        let (takes_peephole, takes_bias_hidden) = match spec {
            CellSpec::Simple(_) => (false, false),
            CellSpec::Lstm(lstm) => (lstm.peephole != Peephole::None, false),
            CellSpec::Gru(gru) => (false, gru.reset_after),
        };
        let carried = spec.carried_gates() * d_hidden;
        let carries = matches!(spec, CellSpec::Lstm(lstm) if lstm.gate_recurrence);
        let bias_hidden = self.bias_hidden.as_ref().map(Tensor::dims);
        batch > 0
            && d_hidden > 0
            && carries == (carried > 0)
            && self.hidden.dims() == state
            && self.cell.as_ref().map(Tensor::dims) == spec.has_cell_state().then_some(state)
            && self.w_input.dims() == [d_input, columns]
            && self.w_hidden.dims() == [d_hidden, columns]
            && self
                .gates
                .as_ref()
                .is_none_or(|gates| carried > 0 && gates.dims() == [batch, carried])
            && self.w_gates.as_ref().map(Tensor::dims) == carries.then_some([carried; 2])
            && self
                .bias
                .as_ref()
                .is_none_or(|bias| bias.dims() == [columns])
            && bias_hidden.is_none_or(|dims| takes_bias_hidden && dims == [d_hidden])
            && self.peephole.as_ref().map(Tensor::dims)
                == takes_peephole.then_some(spec.extra_shape(d_hidden))
    }
}

/// Without a backend of the CPU there is nobody to run it.
#[cfg(not(any(feature = "flex", feature = "ndarray")))]
mod dispatch {
    use super::*;

    pub(super) fn scan<const D: usize>(
        _: CellSpec,
        tensors: ScanTensors<D>,
        _: bool,
    ) -> Result<ScanResults<D>, Box<ScanTensors<D>>> {
        Err(Box::new(tensors))
    }

    pub(super) fn covered(_: &CellSpec, _: ScanTensors<2>) -> Option<ScanTensors<2>> {
        None
    }
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
mod dispatch {
    use burn::backend::{DType, Dispatch, DispatchTensor, DispatchTensorKind, TensorMetadata};

    use super::*;
    use crate::extension::{FusedScan, Inputs, Optional, infer};

    // Tensors are large to move: inlined, they are moved once.
    #[inline(always)]
    pub(super) fn scan<const D: usize>(
        spec: CellSpec,
        tensors: ScanTensors<D>,
        reverse: bool,
    ) -> Result<ScanResults<D>, Box<ScanTensors<D>>> {
        let is_gru = matches!(spec, CellSpec::Gru(_));
        let inputs = into_inputs(tensors);
        #[cfg(feature = "flex")]
        if let Some(tensors) = flex::view(&inputs) {
            let (output, cell, gates) = infer(&tensors, spec, reverse);
            return Ok(ScanResults {
                output: flex::tensor(output),
                cell: cell.map(flex::tensor),
                gates: gates.map(flex::tensor),
            });
        }
        if !is_covered(&inputs) {
            return Err(Box::new(from_inputs(inputs, is_gru)));
        }
        let (output, cell, gates) = Dispatch::fused_scan(inputs, spec, reverse);
        Ok(ScanResults {
            output: Tensor::from_dispatch(output),
            cell: cell.map(Tensor::from_dispatch),
            gates: gates.map(Tensor::from_dispatch),
        })
    }

    /// The same tensors, where the operators cover them.
    pub(super) fn covered(spec: &CellSpec, tensors: ScanTensors<2>) -> Option<ScanTensors<2>> {
        let is_gru = matches!(spec, CellSpec::Gru(_));
        let inputs = into_inputs(tensors);
        is_covered(&inputs).then(|| from_inputs(inputs, is_gru))
    }

    #[inline(always)]
    fn into_inputs<const D: usize>(tensors: ScanTensors<D>) -> Inputs<Dispatch> {
        fn optional<const D: usize>(tensor: Option<Tensor<D>>) -> Optional<Dispatch> {
            match tensor {
                Some(tensor) => Optional::Present(tensor.into_dispatch()),
                None => Optional::Absent,
            }
        }
        Inputs {
            x: tensors.x.into_dispatch(),
            hidden: tensors.hidden.into_dispatch(),
            cell: optional(tensors.cell),
            gates: optional(tensors.gates),
            w_input: tensors.w_input.into_dispatch(),
            w_hidden: tensors.w_hidden.into_dispatch(),
            bias: optional(tensors.bias),
            extra: match tensors.peephole {
                Some(peephole) => Optional::Present(peephole.into_dispatch()),
                None => optional(tensors.bias_hidden),
            },
            w_gates: optional(tensors.w_gates),
        }
    }

    fn from_inputs<const D: usize>(inputs: Inputs<Dispatch>, is_gru: bool) -> ScanTensors<D> {
        fn optional<const D: usize>(tensor: Optional<Dispatch>) -> Option<Tensor<D>> {
            match tensor {
                Optional::Present(tensor) => Some(Tensor::from_dispatch(tensor)),
                Optional::Absent => None,
            }
        }
        let (bias_hidden, peephole) = if is_gru {
            (optional(inputs.extra), None)
        } else {
            (None, optional(inputs.extra))
        };
        ScanTensors {
            x: Tensor::from_dispatch(inputs.x),
            hidden: Tensor::from_dispatch(inputs.hidden),
            cell: optional(inputs.cell),
            gates: optional(inputs.gates),
            w_input: Tensor::from_dispatch(inputs.w_input),
            w_hidden: Tensor::from_dispatch(inputs.w_hidden),
            bias: optional(inputs.bias),
            bias_hidden,
            peephole,
            w_gates: optional(inputs.w_gates),
        }
    }

    /// Whether all tensors are of `f32` and on one and the same backend of the CPU.
    fn is_covered(inputs: &Inputs<Dispatch>) -> bool {
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
        let backend = backend(x);
        let optional = [cell, gates, bias, extra, w_gates].map(Optional::as_ref);
        let mut all = [x, hidden, w_input, w_hidden]
            .into_iter()
            .chain(optional.into_iter().flatten());
        backend.is_some()
            && all
                .all(|tensor| tensor.kind.dtype() == DType::F32 && self::backend(tensor) == backend)
    }

    /// Scans without gradients on Burn's default backend, past its dispatch: that moves every tensor several times, which is
    /// more than a step of a small cell.
    #[cfg(feature = "flex")]
    mod flex {
        use burn::backend::tensor::FloatTensor;
        use burn::backend::{BackendTensor, DispatchAutodiffContext, Flex};

        use super::*;
        use crate::extension::View;

        /// The tensors, where all are of `f32`, dense, and of no gradient's graph.
        #[inline]
        pub(super) fn view(inputs: &Inputs<Dispatch>) -> Option<View<'_, Flex>> {
            Some(View {
                x: plain(&inputs.x)?,
                hidden: plain(&inputs.hidden)?,
                cell: optional(&inputs.cell)?,
                gates: optional(&inputs.gates)?,
                w_input: plain(&inputs.w_input)?,
                w_hidden: plain(&inputs.w_hidden)?,
                bias: optional(&inputs.bias)?,
                extra: optional(&inputs.extra)?,
                w_gates: optional(&inputs.w_gates)?,
            })
        }

        fn optional(tensor: &Optional<Dispatch>) -> Option<Option<&FloatTensor<Flex>>> {
            match tensor {
                Optional::Present(tensor) => plain(tensor).map(Some),
                Optional::Absent => Some(None),
            }
        }

        fn plain(tensor: &DispatchTensor) -> Option<&FloatTensor<Flex>> {
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

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum CpuKind {
        #[cfg(feature = "flex")]
        Flex,
        #[cfg(feature = "ndarray")]
        NdArray,
    }

    fn backend(tensor: &DispatchTensor) -> Option<CpuKind> {
        let kind = match &tensor.kind {
            DispatchTensorKind::Autodiff(inner) => inner,
            kind => kind,
        };
        match kind {
            #[cfg(feature = "flex")]
            DispatchTensorKind::Flex(_) => Some(CpuKind::Flex),
            #[cfg(feature = "ndarray")]
            DispatchTensorKind::NdArray(_) => Some(CpuKind::NdArray),
            _ => None,
        }
    }
}
