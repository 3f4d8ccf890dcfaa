//! What is timed: an architecture, a mode and a shape.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// An architecture, by the name that the command line and the Python side use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Elman's network with tanh
    Rnn,
    /// The plain LSTM
    Lstm,
    /// The GRU with the reset after the product, PyTorch's
    Gru,
    /// The GRU with the reset before the product
    GruBefore,
    /// The LSTM with diagonal peepholes
    Peephole,
    /// The LSTM with peephole matrices
    PeepholeFull,
    /// The LSTM with coupled gates
    Coupled,
    /// The LSTM without input gate
    Nig,
    /// The LSTM without forget gate
    Nfg,
    /// The LSTM without output gate
    Nog,
    /// The LSTM without input activation
    Niaf,
    /// The LSTM without output activation
    Noaf,
    /// The LSTM with full gate recurrence
    Fgr,
    /// The LSTM with variational dropout
    Variational,
    /// The LSTM with recurrent dropout
    RecurrentDropout,
    /// The LSTM with zoneout of both states
    Zoneout,
    /// The LSTM with weight drop
    WeightDrop,
    /// The independently recurrent network, IndRNN
    Indrnn,
    /// The update gate network, UGRNN
    Ugrnn,
    /// The LSTM with a forget gate alone, JANET
    Janet,
    /// The minimal gated unit, MGU
    Mgu,
    /// The recurrent additive network, RAN
    Ran,
    /// The chaos-free network, CFN
    Cfn,
    /// MinimalRNN
    Minimal,
    /// The coupled oscillators, coRNN
    Cornn,
    /// The long expressive memory, LEM
    Lem,
    /// FastGRNN with full matrices
    Fastgrnn,
    /// The neuromodulated bistable cell, nBRC
    Nbrc,
    /// The LSTM with exponential gates, sLSTM
    Slstm,
    /// The layer-normalised LSTM
    LnLstm,
    /// The layer-normalised GRU
    LnGru,
    /// A cell of a user's own, defined outside of the library: the MGU once more
    Own,
}

impl Cell {
    /// Whether it is an LSTM with parts switched on or off: timed against the plain one as well.
    pub fn is_lstm_variant(self) -> bool {
        use Cell::{Coupled, Peephole, PeepholeFull};
        self.is_ablation()
            || self.is_regularized()
            || matches!(self, Coupled | Peephole | PeepholeFull)
    }

    /// Whether it is the plain LSTM with a regularizer; no peer has one.
    pub fn is_regularized(self) -> bool {
        use Cell::{RecurrentDropout, Variational, WeightDrop, Zoneout};
        matches!(self, Variational | RecurrentDropout | Zoneout | WeightDrop)
    }

    /// Whether it is an ablation that no peer has.
    pub fn is_ablation(self) -> bool {
        use Cell::{Fgr, Nfg, Niaf, Nig, Noaf, Nog};
        matches!(self, Nig | Nfg | Nog | Niaf | Noaf | Fgr)
    }

    /// Whether it is neither Elman's network nor an LSTM or GRU in one of their forms.
    pub fn is_new(self) -> bool {
        !self.is_lstm_variant() && !self.is_everyday() && self != Self::GruBefore
    }

    /// Whether it is one that every library has, and that PyTorch has as a module.
    pub fn is_everyday(self) -> bool {
        matches!(self, Self::Rnn | Self::Lstm | Self::Gru)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// What is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Forward and backward: gradients of the output's sum for all parameters, not for the input
    Train,
    /// The same over sequences of unequal lengths, uniform in 1..T, beside our own training over all steps
    TrainLengths,
    /// Forward alone
    Infer,
    /// One step after another at batch 1, the state carried: latency
    Step,
    /// One step of many sessions in one stream, beside as many streams of one
    Sessions,
    /// Peak memory of one training step
    Memory,
}

impl Mode {
    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Train => "training (forward and backward)",
            Self::TrainLengths => "training over lengths uniform in 1..T",
            Self::Infer => "inference (forward)",
            Self::Step => "streaming (one step at batch 1)",
            Self::Sessions => "sessions (one step of each)",
            Self::Memory => "peak memory of one training step",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// Sizes; written `32x100x128x256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Sequences at once.
    pub batch: usize,
    /// Time steps.
    pub time: usize,
    /// Input features.
    pub input: usize,
    /// Hidden units.
    pub hidden: usize,
}

impl Shape {
    /// From batch, time, input features and hidden units.
    pub const fn new(batch: usize, time: usize, input: usize, hidden: usize) -> Self {
        Self {
            batch,
            time,
            input,
            hidden,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            batch,
            time,
            input,
            hidden,
        } = self;
        f.pad(&format!("{batch}×{time}×{input}×{hidden}"))
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sizes: Result<Vec<usize>, _> = text.split(['x', '×']).map(str::parse).collect();
        match sizes.as_deref() {
            Ok(&[batch, time, input, hidden]) if batch * time * input * hidden > 0 => {
                Ok(Self::new(batch, time, input, hidden))
            }
            _ => {
                Err("expected BATCHxTIMExINPUTxHIDDEN, like 32x100x128x256, each at least 1".into())
            }
        }
    }
}

/// One row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The architecture.
    pub cell: Cell,
    /// What is done with it.
    pub mode: Mode,
    /// The sizes.
    #[serde(flatten)]
    pub shape: Shape,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.cell, self.mode, self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_in_one_group() {
        let count = |is: fn(Cell) -> bool| {
            let cells = Cell::value_variants().iter();
            cells.filter(|cell| is(**cell)).count()
        };
        assert_eq!(count(Cell::is_everyday), 3);
        assert_eq!(
            (count(Cell::is_lstm_variant), count(Cell::is_ablation)),
            (13, 6)
        );
        assert_eq!(count(Cell::is_new), 15);
    }

    #[test]
    fn shapes_are_read_as_they_are_written() {
        let shape = Shape::new(32, 100, 128, 256);
        assert_eq!("32x100x128x256".parse(), Ok(shape));
        assert_eq!(shape.to_string().parse(), Ok(shape));
        for wrong in ["32x100x128", "0x1x1x1", "axbxcxd", ""] {
            let error = wrong.parse::<Shape>().unwrap_err();
            assert!(error.contains("32x100x128x256"), "{error}");
        }
    }
}
