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
//! | LSTM, with Greff's ablations | [`LstmConfig`] | [`Lstm`] | [`LstmCell`] |
//! | peephole LSTM, diagonal and full | [`PeepholeLstmConfig`] | [`PeepholeLstm`] | [`LstmCell`] |
//! | coupled-gate LSTM | [`CoupledLstmConfig`] | [`CoupledLstm`] | [`LstmCell`] |
//! | GRU, both resets | [`GruConfig`] | [`Gru`] | [`GruCell`] |
//! | bidirectional | `.with_bidirectional(true)` | [`Bidirectional`] | any |
//! | multi-layer | `.with_layers(n)` | [`Stacked`] | any |
//! | a cell of your own | [`CellOptions`] | [`Recurrent`] | [`DefinedCell`] |
//!
//! A [`Stream`] runs a network step by step on live data. A [`Cell`] is one time step. [`Scan`] runs it over a sequence and is a [`Layer`];
//! [`Bidirectional`] and [`Stacked`] wrap layers and each other. [`Head`] reads the hidden states
//! out, [`Attention`] lets a decoder read an encoder's, and [`SlidingWindow`] is the network without memory to compare with.
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
mod bidirectional;
mod cell;
mod cells;
mod config;
mod defined;
mod directional;
mod error;
mod gates;
mod head;
mod initialization;
mod layer;
mod recurrent;
mod scan;
mod sliding_window;
mod stacked;
mod state;
mod stream;

pub use activation::Activation;
pub use attention::{Attention, AttentionConfig, AttentionMemory, AttentionScore};
pub use bidirectional::{Bidirectional, BidirectionalState, Merge};
pub use burn_rnn_kernels::{Steps, reference, release_memory};
pub use cell::{Cell, CellOptions, CellShape};
pub use cells::*;
pub use config::RecurrentConfig;
pub use defined::{DefinedCell, DefinedState, Parameters};
pub use directional::{Directional, DirectionalState};
pub use error::ConfigError;
pub use gates::GateParameters;
pub use head::{Head, HeadActivation, HeadConfig};
pub use initialization::{GateRole, Initialization};
pub use layer::{Layer, Streaming};
pub use recurrent::{Recurrent, RecurrentState};
pub use scan::{Scan, scan_steps};
pub use sliding_window::{SlidingWindow, SlidingWindowConfig};
pub use stacked::{Stacked, StackedConfig, StackedState};
pub use state::{CellState, HiddenState, LstmState, State};
pub use stream::Stream;

/// What a cell of one's own is defined with: see [`Definition`](definition::Definition).
pub mod definition {
    pub use burn_rnn_kernels::Engine;
    pub use burn_rnn_kernels::definition::{
        Declaration, Definition, Function, Operation, Product, Record, Scalars, Stage, Sum, Value,
        Width,
    };
}

/// The examples of the README, tested.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
