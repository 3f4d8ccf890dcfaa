//! Who is timed, and at what.

use serde::{Deserialize, Serialize};

use crate::case::{Case, Cell, Mode};

/// An implementation of recurrent networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Contestant {
    /// This library.
    #[serde(rename = "burn-rnn")]
    Ours,
    /// This library's `Stream`, which carries the state and keeps the parameters ready.
    #[serde(rename = "burn-rnn-stream")]
    Stream,
    /// This library without lengths, over padding and all.
    #[serde(rename = "padded")]
    Padded,
    /// This library with a stream for each session.
    #[serde(rename = "apart")]
    Apart,
    /// This library's plain LSTM, beside a variant of it.
    #[serde(rename = "plain-lstm")]
    PlainLstm,
    /// Burn's own modules.
    #[serde(rename = "burn-nn")]
    BurnNn,
    /// candle-nn.
    #[serde(rename = "candle-nn")]
    Candle,
    /// PyTorch.
    #[serde(rename = "pytorch")]
    PyTorch,
    /// ONNX Runtime.
    #[serde(rename = "onnxruntime")]
    OnnxRuntime,
}

/// The process that a contestant runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This program, started once more.
    Rust,
    /// `peers.py`.
    Python,
}

impl Contestant {
    /// Everybody, ours first: the order of the tables' columns.
    pub const ALL: [Self; 9] = [
        Self::Ours,
        Self::Stream,
        Self::Padded,
        Self::Apart,
        Self::PlainLstm,
        Self::BurnNn,
        Self::Candle,
        Self::PyTorch,
        Self::OnnxRuntime,
    ];

    /// As a column's heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ours => "burn-rnn",
            Self::Stream => "burn-rnn Stream",
            Self::Padded => "ours, all steps",
            Self::Apart => "streams of one",
            Self::PlainLstm => "our plain LSTM",
            Self::BurnNn => "burn-nn",
            Self::Candle => "candle-nn",
            Self::PyTorch => "PyTorch",
            Self::OnnxRuntime => "ONNX Runtime",
        }
    }

    /// Where it runs.
    pub fn side(self) -> Side {
        match self {
            Self::PyTorch | Self::OnnxRuntime => Side::Python,
            _ => Side::Rust,
        }
    }

    /// Whether it has the architecture and the mode at all.
    pub fn can(self, case: &Case) -> bool {
        use Cell::{Coupled, Gru, GruBefore, Lstm, Peephole, Rnn};
        let Case { cell, mode, .. } = *case;
        match self {
            Self::Ours => true,
            Self::Stream => mode == Mode::Step,
            Self::Padded => mode == Mode::TrainLengths,
            Self::Apart => mode == Mode::Sessions,
            // How much one stream gives over many is a question to this library alone.
            _ if mode == Mode::Sessions => false,
            // Nobody else knows of lengths.
            Self::PlainLstm | Self::BurnNn | Self::Candle if mode == Mode::TrainLengths => false,
            Self::PlainLstm => cell.is_lstm_variant(),
            Self::BurnNn => matches!(cell, Rnn | Lstm | Gru | GruBefore | Coupled),
            Self::Candle => matches!(cell, Lstm | Gru),
            Self::PyTorch if mode == Mode::TrainLengths => cell.is_everyday(),
            Self::PyTorch => !cell.is_ablation() && !cell.is_regularized(),
            Self::OnnxRuntime => {
                matches!(mode, Mode::Infer | Mode::Step)
                    && matches!(cell, Rnn | Lstm | Gru | GruBefore | Coupled | Peephole)
            }
        }
    }
}
