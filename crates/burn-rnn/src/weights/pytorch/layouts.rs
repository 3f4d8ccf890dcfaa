//! How PyTorch lays parameters out, and what it calls what it has.

use crate::weights::layout::{GateBlock, Layout, Orientation};

/// A recurrent module of PyTorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rnn,
    Lstm,
    Gru,
}

impl Kind {
    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rnn => "a simple network",
            Self::Lstm => "an LSTM",
            Self::Gru => "a GRU",
        }
    }

    /// The kind of a `weight_hh` of so many rows over so many units; none where they are no whole number of its gates.
    pub(super) fn of_rows(rows: usize, d_hidden: usize) -> Option<Self> {
        [Self::Rnn, Self::Gru, Self::Lstm]
            .into_iter()
            .find(|kind| d_hidden.checked_mul(kind.layout().blocks) == Some(rows))
    }

    /// Where this library's gates are: the LSTM's `i, f, g, o` and the GRU's `r, z, n` stand in the same order in both, but PyTorch's `z`
    /// keeps the state where it is 1, and this library's overwrites it.
    pub(super) const fn layout(self) -> Layout {
        const GRU: &[GateBlock] = &[
            GateBlock::at(0),
            GateBlock::complement_at(1),
            GateBlock::at(2),
        ];
        let gates = match self {
            Self::Rnn => GateBlock::ONE,
            Self::Lstm => GateBlock::LSTM,
            Self::Gru => GRU,
        };
        Layout::of_gates(Orientation::OutIn, gates)
    }
}
