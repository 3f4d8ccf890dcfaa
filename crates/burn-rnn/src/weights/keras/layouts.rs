//! How Keras lays parameters out, and what it calls what it has.

use crate::weights::layout::{GateBlock, Layout, Orientation};

/// A recurrent layer of Keras.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Simple,
    Lstm,
    Gru,
}

impl Kind {
    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Simple => "a simple network",
            Self::Lstm => "an LSTM",
            Self::Gru => "a GRU",
        }
    }

    /// The kind of a recurrent kernel of this shape, told by its blocks; none where it is none's.
    pub(super) fn of_shape(shape: &[usize]) -> Option<Self> {
        let &[d_hidden, columns] = shape else {
            return None;
        };
        [Self::Simple, Self::Gru, Self::Lstm]
            .into_iter()
            .find(|kind| d_hidden.checked_mul(kind.layout().blocks) == Some(columns))
    }

    /// Where this library's gates are: the LSTM's `i, f, g, o` stand in the same order in both; Keras' GRU has `z, r, n`, and its `z`
    /// keeps the state where it is 1, while this library's overwrites it.
    pub(super) const fn layout(self) -> Layout {
        const GRU: &[GateBlock] = &[
            GateBlock::at(1),
            GateBlock::complement_at(0),
            GateBlock::at(2),
        ];
        let gates = match self {
            Self::Simple => GateBlock::ONE,
            Self::Lstm => GateBlock::LSTM,
            Self::Gru => GRU,
        };
        Layout::of_gates(Orientation::InOut, gates)
    }
}
