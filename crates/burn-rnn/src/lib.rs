//! Recurrent networks for [Burn](https://burn.dev): simple, LSTM, peephole, coupled-gate, GRU,
//! bidirectional and multi-layer, as Burn modules with automatic differentiation, the same code on
//! every backend.
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use burn_rnn::{HeadConfig, LstmConfig, State};
//!
//! let device = Device::default().autodiff();
//! let lstm = LstmConfig::new(28, 128).with_layers(2).with_dropout(0.2).init(&device);
//! let head = HeadConfig::new(lstm.d_output(), 10).init(&device);
//!
//! let input = Tensor::random([4, 50, 28], Distribution::Default, &device); // [batch, time, features]
//! let (output, state) = lstm.forward(input.clone(), None); // [batch, time, hidden]
//! let gradients = head.forward(output).mean().backward();
//! assert!(lstm.cells().all(|cell| cell.w_hidden.val().grad(&gradients).is_some()));
//!
//! let (_next_window, _) = lstm.forward(input, Some(state.detach())); // truncated BPTT
//! ```
//!
//! # Where to find what
//!
//! | architecture | configuration | network | cell |
//! |---|---|---|---|
//! | simple (Elman) | [`SimpleRnnConfig`] | [`SimpleRnn`] | [`SimpleCell`] |
//! | LSTM, with Greff's ablations, a projection, clips and other activations | [`LstmConfig`] | [`Lstm`] | [`LstmCell`] |
//! | peephole LSTM, diagonal and full | [`PeepholeLstmConfig`] | [`PeepholeLstm`] | [`LstmCell`] |
//! | coupled-gate LSTM | [`CoupledLstmConfig`] | [`CoupledLstm`] | [`LstmCell`] |
//! | GRU, both resets | [`GruConfig`] | [`Gru`] | [`GruCell`] |
//! | layer-normalised LSTM and GRU | `.with_layer_norm(true)` | [`LstmNorm`], [`GruNorm`] | [`LstmCell`], [`GruCell`] |
//! | IndRNN | [`IndRnnConfig`] | [`IndRnn`] | [`IndRnnCell`] |
//! | UGRNN | [`UgrnnConfig`] | [`Ugrnn`] | [`UgrnnCell`] |
//! | JANET | [`JanetConfig`] | [`Janet`] | [`JanetCell`] |
//! | MGU | [`MguConfig`] | [`Mgu`] | [`MguCell`] |
//! | RAN | [`RanConfig`] | [`Ran`] | [`RanCell`] |
//! | CFN | [`CfnConfig`] | [`Cfn`] | [`CfnCell`] |
//! | MinimalRNN | [`MinimalRnnConfig`] | [`MinimalRnn`] | [`MinimalRnnCell`] |
//! | coRNN | [`CoRnnConfig`] | [`CoRnn`] | [`CoRnnCell`] |
//! | LEM | [`LemConfig`] | [`Lem`] | [`LemCell`] |
//! | FastGRNN | [`FastGrnnConfig`] | [`FastGrnn`] | [`FastGrnnCell`] |
//! | nBRC | [`NbrcConfig`] | [`Nbrc`] | [`NbrcCell`] |
//! | sLSTM | [`SlstmConfig`] | [`Slstm`] | [`SlstmCell`] |
//! | bidirectional | `.with_bidirectional(true)` | [`Bidirectional`] | any |
//! | multi-layer | `.with_layers(n)` | [`Stacked`] | any |
//! | a cell of your own: [`definition`] | [`CellOptions`] | [`Recurrent`] | [`DefinedCell`] |
//!
//! [`guides`] has a page on a subject each, `weights` (features `pytorch`, `keras`, `onnx`) reads and writes files of other libraries.
//!
//! A [`Stream`] runs a network step by step on live data, and many sessions side by side: [`guides::streams`]. A [`Cell`] is one time step. [`Scan`] runs it over a sequence and is a [`Layer`];
//! [`Bidirectional`] and [`Stacked`] wrap layers and each other. [`Head`] reads the hidden states
//! out, [`Pooling`] makes one vector a sequence of them, [`Attention`] lets a decoder read an encoder's, and [`SlidingWindow`] is the network
//! without memory to compare with. Padded batches are read with their [`Lengths`]: [`guides::lengths`].
//! Dropout that does not forget, zoneout and the like: [`guides::regularization`].
//!
//! All of them are Burn modules and train with Burn's optimizers. A trainer of your own, data and loop in one short file:
//! [`examples/text_classifier.rs`](https://github.com/burn-rnn/burn-rnn/blob/main/examples/text_classifier.rs).
//!
//! # Backends
//!
//! One Cargo feature each: `flex` (default), `ndarray`, `wgpu`, `vulkan`, `metal`, `webgpu`,
//! `cuda`, `rocm`, `cpu`. `burn::tensor::Device` chooses among those that are on.
//!
//! # Two implementations of every scan
//!
//! A cell's equations are written once, as a [`Definition`](definition::Definition). On Flex and NdArray, tensors of `f32` go through the fused
//! engine: one node of the graph a scan, SIMD vectors, and a derivative that the engine makes of the equations. Everything else is the
//! reference: the same equations in plain tensor operations, which the backend differentiates. That is every other
//! backend and float type (`f64`, `f16`, `bf16`). [`reference()`] asks for it in one call and the environment variable
//! `BURN_RNN_ENGINE=reference` in a whole process. A cell of your own is fused, too, where it is a [`DefinedCell`]; a [`Cell`] with `step` in
//! plain tensors is for what no definition can say.

mod activation;
mod attention;
mod attention_config;
mod attention_padding;
mod bidirectional;
mod cell;
mod cells;
mod config;
mod defined;
mod direction;
mod directional;
mod error;
mod gates;
pub mod guides;
mod head;
mod head_floats;
mod initialization;
mod layer;
mod learned_state;
mod lengths;
mod orthogonal;
mod pooling;
mod project;
mod recurrent;
mod regularization;
mod regularized;
mod resets;
mod scan;
mod scan_parts;
mod sequences;
mod sliding_window;
mod stacked;
mod state;
mod stream;
mod stream_engine;
mod stream_sessions;
mod stream_snapshot;
#[cfg(feature = "weights")]
pub mod weights;

pub use activation::Activation;
pub use attention::{Attention, AttentionMemory};
pub use attention_config::{AttentionConfig, AttentionScore};
pub use attention_padding::AttentionPadding;
pub use bidirectional::{Bidirectional, BidirectionalState, Merge};
pub use burn_rnn_kernels::{Steps, reference, release_memory};
pub use cell::{Cell, CellOptions, CellShape};
pub use cells::*;
pub use config::RecurrentConfig;
pub use defined::{DefinedCell, DefinedState, Parameters};
pub use direction::Direction;
pub use directional::{Directional, DirectionalState};
pub use error::{ConfigError, SequencesError, StreamError};
pub use gates::GateParameters;
pub use head::{Head, HeadActivation, HeadConfig};
pub use head_floats::HeadFloats;
pub use initialization::{GateRole, Initialization};
pub use layer::{Layer, Streaming};
pub use learned_state::LearnedState;
pub use lengths::Lengths;
pub use pooling::Pooling;
pub use recurrent::{Recurrent, RecurrentState};
pub use regularization::{ActivationPenalty, Mode, Regularization, Regularizer};
pub use resets::Resets;
pub use scan::{Scan, scan_hoisted, scan_steps};
pub use sequences::Sequences;
pub use sliding_window::{SlidingWindow, SlidingWindowConfig};
pub use stacked::{Stacked, StackedConfig, StackedState};
pub use state::{CellState, HiddenState, LstmState, State};
pub use stream::Stream;
pub use stream_snapshot::StreamSnapshot;

/// What a cell of one's own is defined with.
///
/// A cell is three things: a [`Definition`](definition::Definition), which says once what its equations are; a Burn module with its
/// parameters; and a [`DefinedCell`], which brings the two together. It is then a [`Cell`]: [`Scan`], [`Bidirectional`], [`Stacked`] and
/// streams take it, and it runs where the built-in cells run, fused in `f32` on Flex and NdArray, as tensor operations elsewhere.
///
/// The minimal gated unit, `f = σ(W_f x + U_f h)`, `g = tanh(W_g x + U_g (f ⊙ h))`, `h' = (1 − f) h + f g`, has a product that reads what
/// the step itself has computed, so it has two stages:
///
/// ```
/// use burn::module::{Module, Param};
/// use burn::nn::Initializer::{Orthogonal, Uniform, Zeros};
/// use burn::tensor::{Device, Tensor};
/// use burn_rnn::definition::{Declaration, Definition, Engine, Product, Stage, Value};
/// use burn_rnn::{DefinedCell, HiddenState, Layer, Parameters, Scan};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Equations;
///
/// impl Definition for Equations {
///     const STAGES: usize = 2;
///
///     fn declare(&self) -> Declaration {
///         Declaration::stages(2)
///             .state() // state 0, the output: h
///             .input(0) // sum 0, of stage 0: block 0 of `w_input` and of the bias
///             .input(1) // sum 1, of stage 1: block 1
///             .temp(0) // temp 0, which stage 0 leaves: f
///             .temp(0) // temp 1: f ⊙ h
///             .matrix(
///                 "w_hidden",
///                 [
///                     Product::of_state(0).into_sums([0]), // block 0 of its columns
///                     // Block 1. The mask of variational dropout is that of h, which f ⊙ h stands for.
///                     Product::of_temp(1).into_sums([1]).masked_like(0),
///                 ],
///             )
///     }
///
///     #[inline(always)] // Without, it is compiled without the machine's vector instructions.
///     fn stage<S: Stage>(&self, index: usize, at: &S) {
///         if index == 0 {
///             let forget = at.sum(0).sigmoid();
///             at.set_temp(0, forget);
///             at.set_temp(1, forget * at.state(0));
///         } else {
///             // Marked, so that recurrent dropout knows what is newly written.
///             let (forget, candidate) = (at.temp(0), at.candidate(at.sum(1).tanh()));
///             at.set_state(0, forget.one_minus() * at.state(0) + forget * candidate);
///         }
///     }
/// }
///
/// #[derive(Module, Debug)]
/// struct OwnCell {
///     w_input: Param<Tensor<2>>,  // [d_input, 2 · d_hidden]
///     bias: Param<Tensor<1>>,     // [2 · d_hidden]
///     w_hidden: Param<Tensor<2>>, // [d_hidden, 2 · d_hidden]
/// }
///
/// impl DefinedCell for OwnCell {
///     type State = HiddenState; // or one of several tensors: see `tensor_state!`
///
///     fn d_input(&self) -> usize {
///         self.w_input.lazy_shape()[0]
///     }
///     fn d_hidden(&self) -> usize {
///         self.w_hidden.lazy_shape()[0]
///     }
///     fn engine(&self) -> Engine {
///         Engine::of(Equations)
///     }
///     fn parameters(&self, to: &mut Parameters) {
///         to.add(&self.w_input);
///         to.add(&self.bias);
///         to.add(&self.w_hidden);
///     }
/// }
///
/// let device = Device::default().autodiff();
/// let cell = OwnCell {
///     w_input: Uniform { min: -0.5, max: 0.5 }.init([3, 2 * 8], &device),
///     bias: Zeros.init([2 * 8], &device),
///     w_hidden: Orthogonal { gain: 1.0 }.init([8, 2 * 8], &device),
/// };
/// let layer = Scan::new(cell);
/// let (output, _) = layer.forward(Tensor::ones([4, 10, 3], &device), None);
/// let gradients = output.mean().backward();
/// assert!(layer.cell.w_hidden.val().grad(&gradients).is_some());
/// ```
///
/// # How to say what
///
/// | form | how |
/// |---|---|
/// | one product, then point-wise | one stage, [`input`](definition::Declaration::input) by gate, one [`matrix`](definition::Declaration::matrix) |
/// | a gate without a recurrent side | its sum is in no product |
/// | input and recurrent side of a gate apart | two sums: [`input`](definition::Declaration::input) and [`sum`](definition::Declaration::sum) |
/// | a product of what the step has computed | another stage, and [`Product::of_temp`](definition::Product::of_temp) |
/// | several vectors that recur | several states, a product of each |
/// | recurrence by unit, scalars | [`vector`](definition::Declaration::vector), [`scalars`](definition::Declaration::scalars), read by [`Stage::vector`](definition::Stage::vector) |
/// | heads: a block-diagonal matrix | [`heads`](definition::Declaration::heads) |
/// | a sum over the units (layer normalisation) | [`reduce`](definition::Declaration::reduce) |
/// | a projection | [`output_stage`](definition::Declaration::output_stage) |
/// | what regularizers work on | [`candidate`](definition::Stage::candidate) marks what is newly written, [`masked_like`](definition::Product::masked_like) a temp that stands for a state |
/// | a state that does not start from zeros | [`state_of`](definition::Declaration::state_of) |
/// | a transformed parameter, `U − Uᵀ` | [`Parameters::add_tensor`] |
/// | options of the user's | fields of the definition: [`choose`](definition::Value::choose), [`Sum::activate`](definition::Sum::activate) |
///
/// [`CellOptions`] gives it a configuration like the built-in ones'. The cells of this crate are written in the same way, a file each.
///
/// # Stability
///
/// This is public and new: until 1.0 a minor version may add methods to the traits that the engine implements (`Stage`, `Value`) and
/// rename others, with a line in the changelog. [`Engine`](definition::Engine) beyond [`Engine::of`](definition::Engine::of) is for this crate and for tests.
pub mod definition {
    pub use burn_rnn_kernels::Engine;
    pub use burn_rnn_kernels::definition::{
        Binary, Declaration, Definition, Function, Operation, Product, Record, Scalars, Stage, Sum,
        Unary, Value, Width,
    };
}

/// What the macros of this crate need.
#[doc(hidden)]
pub mod __private {
    pub use burn::tensor::Tensor;
}
