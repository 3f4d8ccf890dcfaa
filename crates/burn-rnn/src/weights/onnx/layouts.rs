//! How ONNX lays the parameters of its three operators out.

use crate::Activation;
use crate::weights::layout::{GateBlock, Layout, Orientation};

/// A recurrent operator of ONNX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rnn,
    Lstm,
    Gru,
}

/// Which of an LSTM's gates have parameters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gates {
    /// All that the operator has.
    All,
    /// No forget gate: `f = 1 − i`, ONNX's `input_forget`.
    ForgetFromInput,
    /// No input gate: `i = 1 − f`. ONNX couples the other way round: its input gate is this forget gate's complement.
    InputFromForget,
}

impl Kind {
    /// The kind of an operator.
    pub(super) fn of(op: &str) -> Option<Self> {
        Some(match op {
            "RNN" => Self::Rnn,
            "LSTM" => Self::Lstm,
            "GRU" => Self::Gru,
            _ => return None,
        })
    }

    /// The operator.
    pub(super) fn op(self) -> &'static str {
        match self {
            Self::Rnn => "RNN",
            Self::Lstm => "LSTM",
            Self::Gru => "GRU",
        }
    }

    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rnn => "a simple network",
            Self::Lstm => "an LSTM",
            Self::Gru => "a GRU",
        }
    }

    /// The blocks of a matrix.
    pub(super) fn blocks(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }

    /// The functions of one direction where a node names none, in ONNX's order `f`, `g`, `h`.
    pub(super) fn activations(self) -> &'static [Activation] {
        match self {
            Self::Rnn => &[Activation::Tanh],
            Self::Lstm => &[Activation::Sigmoid, Activation::Tanh, Activation::Tanh],
            Self::Gru => &[Activation::Sigmoid, Activation::Tanh],
        }
    }

    /// Where this library's gates are. ONNX has the LSTM's in the order `i, o, f, c` and its peepholes `i, o, f`; here they are
    /// `i, f, g, o` and `i, f, o`. It has the GRU's in the order `z, r, h` with a `z` that keeps the state where it is 1; here they are
    /// `r, z, n` with one that overwrites it.
    pub(super) fn layout(self, gates: Gates) -> Layout {
        const LSTM: &[GateBlock] = &[
            GateBlock::at(0),
            GateBlock::at(2),
            GateBlock::at(3),
            GateBlock::at(1),
        ];
        const FORGET_FROM_INPUT: &[GateBlock] =
            &[GateBlock::at(0), GateBlock::at(3), GateBlock::at(1)];
        const INPUT_FROM_FORGET: &[GateBlock] = &[
            GateBlock::complement_at(0),
            GateBlock::at(3),
            GateBlock::at(1),
        ];
        const GRU: &[GateBlock] = &[
            GateBlock::at(1),
            GateBlock::complement_at(0),
            GateBlock::at(2),
        ];
        let (gates, peepholes): (_, &'static [usize]) = match (self, gates) {
            (Self::Rnn, _) => (GateBlock::ONE, &[]),
            (Self::Gru, _) => (GRU, &[]),
            (Self::Lstm, Gates::All) => (LSTM, &[0, 2, 1]),
            (Self::Lstm, Gates::ForgetFromInput) => (FORGET_FROM_INPUT, &[0, 1]),
            (Self::Lstm, Gates::InputFromForget) => (INPUT_FROM_FORGET, &[0, 1]),
        };
        Layout {
            orientation: Orientation::OutIn,
            blocks: self.blocks(),
            gates,
            peepholes,
        }
    }
}
