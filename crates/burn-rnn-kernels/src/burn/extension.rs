//! The scan as an operation of Burn's backends: a backend extension.

#![allow(deprecated)] // NdArray: Burn 0.22 still has it, so users may still be on it.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType, Shape, TensorMetadata, backend_extension};

use crate::cpu_backend::CpuBackend;
use crate::level::Level;
use crate::run;
use crate::segments::{Segments, forward_in_segments};
use crate::spec::{CellSpec, Operands, Outputs, Owners, Saved, Sizes};

/// A tensor that some cells have and others do not.
#[derive(Clone, Debug, ExtensionType)]
pub(crate) enum Optional<B: Backend> {
    Present(FloatTensor<B>),
    Absent,
}

impl<B: Backend> Optional<B> {
    pub(crate) fn as_ref(&self) -> Option<&FloatTensor<B>> {
        match self {
            Self::Present(tensor) => Some(tensor),
            Self::Absent => None,
        }
    }

    /// The same with a function of the tensor, of this backend or another.
    pub(crate) fn map<O: Backend>(
        self,
        f: impl FnOnce(FloatTensor<B>) -> FloatTensor<O>,
    ) -> Optional<O> {
        match self {
            Self::Present(tensor) => Optional::Present(f(tensor)),
            Self::Absent => Optional::Absent,
        }
    }
}

/// What a scan reads, in the shapes of [`Operands`]; a sequence without its axis of time is one step.
#[derive(Clone, Debug, ExtensionType)]
pub(crate) struct Inputs<B: Backend> {
    pub(crate) x: FloatTensor<B>,
    pub(crate) hidden: FloatTensor<B>,
    #[extension_type]
    pub(crate) cell: Optional<B>,
    #[extension_type]
    pub(crate) gates: Optional<B>,
    pub(crate) w_input: FloatTensor<B>,
    pub(crate) w_hidden: FloatTensor<B>,
    #[extension_type]
    pub(crate) bias: Optional<B>,
    #[extension_type]
    pub(crate) extra: Optional<B>,
    #[extension_type]
    pub(crate) w_gates: Optional<B>,
}

/// All hidden states, in the shape of the sequence, and what else a cell carries after the last step: the cell state and the
/// gates.
type Results<B> = (
    FloatTensor<B>,
    Option<FloatTensor<B>>,
    Option<FloatTensor<B>>,
);

/// A backend that runs whole scans.
#[backend_extension(Flex: cfg(feature = "flex"), NdArray: cfg(feature = "ndarray"), Autodiff)]
pub(crate) trait FusedScan: Backend {
    /// Runs a cell over a batch of sequences, against the order of time with `reverse`.
    fn fused_scan(
        #[extension_type] inputs: Inputs<Self>,
        spec: CellSpec,
        reverse: bool,
    ) -> (
        FloatTensor<Self>,
        Option<FloatTensor<Self>>,
        Option<FloatTensor<Self>>,
    );
}

#[cfg(feature = "flex")]
impl FusedScan for burn::backend::Flex {
    fn fused_scan(inputs: Inputs<Self>, spec: CellSpec, reverse: bool) -> Results<Self> {
        forward(inputs, spec, reverse)
    }
}

#[cfg(feature = "ndarray")]
impl FusedScan for burn::backend::NdArray {
    fn fused_scan(inputs: Inputs<Self>, spec: CellSpec, reverse: bool) -> Results<Self> {
        forward(inputs, spec, reverse)
    }
}

/// A scan that no gradient will come back to.
pub(crate) fn forward<B: CpuBackend>(
    inputs: Inputs<B>,
    spec: CellSpec,
    reverse: bool,
) -> Results<B> {
    infer(&inputs.dense().view(), spec, reverse)
}

/// A scan of dense tensors that no gradient will come back to.
pub(crate) fn infer<B: CpuBackend>(
    tensors: &View<'_, B>,
    spec: CellSpec,
    reverse: bool,
) -> Results<B> {
    let owners = [tensors.w_input, tensors.w_hidden].map(B::owner);
    let extra = tensors.extra.and_then(B::owner);
    let w_gates = tensors.w_gates.and_then(B::owner);
    let operands = Operands {
        owners: Owners {
            w_input: owners[0].as_ref(),
            w_hidden: owners[1].as_ref(),
            extra: extra.as_ref(),
            w_gates: w_gates.as_ref(),
        },
        ..tensors.operands()
    };
    let level = Level::chosen();
    let outputs = run::forward(level, &spec, &tensors.sizes(), &operands, reverse, false);
    tensors.results(outputs)
}

/// A scan and what its backward pass needs.
pub(crate) fn forward_and_keep<B: CpuBackend>(
    inputs: Inputs<B>,
    spec: CellSpec,
    reverse: bool,
) -> (Results<B>, Saved) {
    run_with(inputs, |sizes, operands| {
        let level = Level::chosen();
        let mut outputs = run::forward(level, &spec, sizes, operands, reverse, true);
        let saved = outputs.saved.take().expect("it was asked for");
        (outputs, saved)
    })
}

/// A scan and the little of it that its backward pass computes the rest from once more.
pub(crate) fn forward_and_keep_segments<B: CpuBackend>(
    inputs: Inputs<B>,
    spec: CellSpec,
    reverse: bool,
) -> (Results<B>, Segments) {
    run_with(inputs, |sizes, operands| {
        forward_in_segments(Level::chosen(), &spec, sizes, operands, reverse)
    })
}

fn run_with<B: CpuBackend, K>(
    inputs: Inputs<B>,
    run: impl FnOnce(&Sizes, &Operands<'_>) -> (Outputs, K),
) -> (Results<B>, K) {
    let inputs = inputs.dense();
    let tensors = inputs.view();
    let (outputs, kept) = run(&tensors.sizes(), &tensors.operands());
    (tensors.results(outputs), kept)
}

impl<B: CpuBackend> Inputs<B> {
    /// The same with every tensor [dense](CpuBackend::dense).
    pub(crate) fn dense(self) -> Self {
        Self {
            x: B::dense(self.x),
            hidden: B::dense(self.hidden),
            cell: self.cell.map(B::dense),
            gates: self.gates.map(B::dense),
            w_input: B::dense(self.w_input),
            w_hidden: B::dense(self.w_hidden),
            bias: self.bias.map(B::dense),
            extra: self.extra.map(B::dense),
            w_gates: self.w_gates.map(B::dense),
        }
    }

    pub(crate) fn view(&self) -> View<'_, B> {
        View {
            x: &self.x,
            hidden: &self.hidden,
            cell: self.cell.as_ref(),
            gates: self.gates.as_ref(),
            w_input: &self.w_input,
            w_hidden: &self.w_hidden,
            bias: self.bias.as_ref(),
            extra: self.extra.as_ref(),
            w_gates: self.w_gates.as_ref(),
        }
    }
}

/// [`Inputs`] that somebody else has: tensors are large to move.
pub(crate) struct View<'a, B: Backend> {
    pub(crate) x: &'a FloatTensor<B>,
    pub(crate) hidden: &'a FloatTensor<B>,
    pub(crate) cell: Option<&'a FloatTensor<B>>,
    pub(crate) gates: Option<&'a FloatTensor<B>>,
    pub(crate) w_input: &'a FloatTensor<B>,
    pub(crate) w_hidden: &'a FloatTensor<B>,
    pub(crate) bias: Option<&'a FloatTensor<B>>,
    pub(crate) extra: Option<&'a FloatTensor<B>>,
    pub(crate) w_gates: Option<&'a FloatTensor<B>>,
}

impl<'a, B: CpuBackend> View<'a, B> {
    /// The floats of dense tensors.
    pub(crate) fn operands(&self) -> Operands<'a> {
        Operands {
            x: B::floats(self.x),
            hidden: B::floats(self.hidden),
            cell: self.cell.map(B::floats),
            gates: self.gates.map(B::floats),
            w_input: B::floats(self.w_input),
            w_hidden: B::floats(self.w_hidden),
            bias: self.bias.map(B::floats),
            extra: self.extra.map(B::floats),
            w_gates: self.w_gates.map(B::floats),
            owners: Owners::default(),
        }
    }

    fn results(&self, outputs: Outputs) -> Results<B> {
        let output = B::tensor(outputs.output, self.output_shape());
        let cell = outputs
            .cell
            .map(|cell| B::tensor(cell, self.hidden.shape()));
        let gates = outputs.gates.map(|gates| {
            let [batch, _] = self.hidden.shape().dims();
            let width = gates.len() / batch;
            B::tensor(gates, Shape::new([batch, width]))
        });
        (output, cell, gates)
    }

    pub(crate) fn sizes(&self) -> Sizes {
        let x = self.x.shape();
        Sizes {
            batch: x[0],
            time: if x.num_dims() == 2 { 1 } else { x[1] },
            d_input: x[x.num_dims() - 1],
            d_hidden: self.hidden.shape()[1],
        }
    }

    /// `[batch, time, d_hidden]`, or `[batch, d_hidden]` for one step.
    pub(crate) fn output_shape(&self) -> Shape {
        let mut dims = self.x.shape().to_vec();
        if let Some(features) = dims.last_mut() {
            *features = self.hidden.shape()[1];
        }
        Shape::from(dims)
    }
}
