//! A head behind a stream, on plain floats.

use burn::tensor::{DType, Tensor};
use burn_rnn_kernels::Steps;

use crate::definition::{Declaration, Definition, Engine, Stage};
use crate::{Head, HeadActivation};

/// A [`Head`] on plain floats, behind [`Stream::step_floats`](crate::Stream::step_floats): its weights packed once, on the CPU whatever
/// the backend, and no allocation. [`Head::floats`] makes it.
///
/// A clone shares the packed weights.
///
/// ```
/// use burn::tensor::Device;
/// use burn_rnn::{HeadActivation, HeadConfig, LstmConfig};
///
/// let device = Device::default();
/// let lstm = LstmConfig::new(2, 16).init(&device);
/// let head = HeadConfig::new(16, 3).with_activation(HeadActivation::Softmax).init(&device);
///
/// let (mut stream, mut head) = (lstm.stream(1), head.floats(1));
/// for sample in [[0.1, 0.2], [0.3, 0.4]] {
///     let probabilities: &[f32] = head.forward(stream.step_floats(&sample));
///     assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct HeadFloats {
    steps: Steps,
    activation: HeadActivation,
}

impl Head {
    /// The head on plain floats, for so many sequences side by side, with the parameters that it has now.
    ///
    /// # Panics
    ///
    /// Where the batch is zero, and where the weights are not of `f32`: the message shows both types. Quantized ones are read as `f32`.
    pub fn floats(&self, batch: usize) -> HeadFloats {
        assert!(
            batch > 0,
            "Head: floats of no sequences; expected at least 1"
        );
        let sizes = self.linear.weight.lazy_shape().dims();
        let weight = floats(self.linear.weight.val());
        let bias = self.linear.bias.as_ref().map(|bias| floats(bias.val()));
        let engine = Engine::of(Readout);
        HeadFloats {
            steps: Steps::without_recurrence(&engine, batch, sizes, &weight, bias.as_deref()),
            activation: self.activation,
        }
    }
}

fn floats<const D: usize>(parameter: Tensor<D>) -> Vec<f32> {
    let parameter = match parameter.dtype() {
        dtype if dtype.is_float() => parameter,
        _ => parameter.dequantize(),
    };
    let dtype = parameter.dtype();
    assert!(
        dtype == DType::F32,
        "Head: the parameters are of {dtype:?}, but plain floats of F32: use forward on the outputs of Stream::step, or cast the parameters"
    );
    let floats = parameter.into_data().try_into_vec();
    floats.expect("the type has been checked")
}

impl HeadFloats {
    /// The number of sequences.
    pub fn batch(&self) -> usize {
        self.steps.batch()
    }

    /// `o = c + V s`, row by row: `batch · d_hidden` to `batch · d_output`.
    ///
    /// # Panics
    ///
    /// Where there are more or fewer floats; the message shows both numbers.
    pub fn logits(&mut self, hidden: &[f32]) -> &[f32] {
        let (batch, d_hidden) = (self.batch(), self.steps.d_input());
        assert!(
            hidden.len() == batch * d_hidden,
            "Head: the hidden states have {} floats, expected batch · d_hidden = {batch} · {d_hidden}",
            hidden.len()
        );
        self.steps.step(hidden)
    }

    /// `y = h(c + V s)`, row by row: `batch · d_hidden` to `batch · d_output`.
    ///
    /// # Panics
    ///
    /// As [`logits`](HeadFloats::logits).
    pub fn forward(&mut self, hidden: &[f32]) -> &[f32] {
        self.logits(hidden);
        let d_output = self.steps.d_output();
        // In their place: the next step does not read them.
        let y = self.steps.states_mut().next();
        let y = y.expect("a readout has one output");
        match self.activation {
            HeadActivation::Identity => {}
            HeadActivation::Sigmoid => apply(y, |o| 1.0 / (1.0 + (-o).exp())),
            HeadActivation::Tanh => apply(y, f32::tanh),
            HeadActivation::Softmax => y.chunks_exact_mut(d_output).for_each(softmax),
        }
        y
    }
}

fn apply(values: &mut [f32], f: impl Fn(f32) -> f32) {
    for value in values {
        *value = f(*value);
    }
}

fn softmax(row: &mut [f32]) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    apply(row, |o| (o - largest).exp());
    let sum: f32 = row.iter().sum();
    apply(row, |e| e / sum);
}

/// `o = c + V s` as a cell that remembers nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Readout;

impl Definition for Readout {
    fn declare(&self) -> Declaration {
        Declaration::new().state().input(0)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        at.set_state(0, at.sum(0).value());
    }
}
