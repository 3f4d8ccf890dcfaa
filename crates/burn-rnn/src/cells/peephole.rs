//! Peepholes: gates that see the cell state.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::lstm::{LstmCell, LstmGate};
use super::lstm_options::LstmOptions;
use crate::{CellOptions, CellShape, ConfigError, Initialization, Recurrent, RecurrentConfig};

/// Whether and how the gates of an LSTM see its cell state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeepholeKind {
    /// Not at all, the default of [`LstmConfig`](crate::LstmConfig).
    #[default]
    None,
    /// Each unit's gates see that unit's cell state: one weight a gate and unit (Gers & Schmidhuber
    /// 2000, "Recurrent nets that time and count"; the `P` of ONNX). The default of [`PeepholeLstmConfig`].
    Diagonal,
    /// Every gate sees all cell states: a matrix a gate.
    Full,
}

/// An LSTM with peepholes, of any number of layers and directions.
///
/// ```text
/// f_t = σ(W_f [C_{t-1}, h_{t-1}, x_t] + b_f)
/// i_t = σ(W_i [C_{t-1}, h_{t-1}, x_t] + b_i)
/// C~  = tanh(W_C [h_{t-1}, x_t] + b_C)
/// C_t = f_t C_{t-1} + i_t C~
/// o_t = σ(W_o [C_t, h_{t-1}, x_t] + b_o)
/// h_t = o_t tanh(C_t)
/// ```
///
/// With diagonal peepholes the part of `W` that meets the cell state is a diagonal matrix.
pub type PeepholeLstm = Recurrent<LstmCell>;

/// The configuration of [`PeepholeLstm`].
pub type PeepholeLstmConfig = RecurrentConfig<PeepholeLstmOptions>;

/// What is particular to the peephole LSTM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeepholeLstmOptions {
    /// Diagonal (default) or full.
    pub peephole: PeepholeKind,
}

impl Default for PeepholeLstmOptions {
    fn default() -> Self {
        Self {
            peephole: PeepholeKind::Diagonal,
        }
    }
}

impl PeepholeLstmOptions {
    fn lstm(&self) -> LstmOptions {
        LstmOptions {
            peephole: self.peephole,
            ..LstmOptions::default()
        }
    }
}

impl RecurrentConfig<PeepholeLstmOptions> {
    /// Sets the kind of the peepholes; diagonal by default.
    #[must_use]
    pub fn with_peephole(mut self, peephole: PeepholeKind) -> Self {
        self.cell.peephole = peephole;
        self
    }
}

impl CellOptions for PeepholeLstmOptions {
    type Cell = LstmCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        if self.peephole == PeepholeKind::None {
            return Err(ConfigError::Cell {
                given: "a peephole LSTM without peepholes",
                reason: "choose diagonal or full peepholes, or use LstmConfig",
            });
        }
        self.lstm().validate(shape)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> LstmCell {
        self.lstm().init(shape, device)
    }
}

/// The peephole parameters of an LSTM; those of its kind are present.
#[derive(Module, Debug)]
pub struct Peephole {
    /// Diagonal: one row a gate that is there, in the order input, forget, output:
    /// `[gates, d_hidden]`. ONNX has them in the order input, output, forget.
    pub diagonal: Option<Param<Tensor<2>>>,
    /// Full: one block a gate that is there, `[d_hidden, gates · d_hidden]`, from `C_{t-1}` to the input and forget gate and
    /// from `C_t` to the output gate, in this order.
    pub full: Option<Param<Tensor<2>>>,
}

impl Peephole {
    /// Fresh peepholes for the sigmoid gates that an LSTM has, none for [`PeepholeKind::None`].
    pub(crate) fn init(
        kind: PeepholeKind,
        gates: &[LstmGate],
        d_hidden: usize,
        initialization: &Initialization,
        device: &Device,
    ) -> Option<Self> {
        match kind {
            PeepholeKind::None => None,
            PeepholeKind::Diagonal => Some(Self {
                diagonal: Some(initialization.diagonal_weights(gates.len(), d_hidden, device)),
                full: None,
            }),
            PeepholeKind::Full => Some(Self {
                diagonal: None,
                full: (!gates.is_empty())
                    .then(|| initialization.recurrent_weights(d_hidden, gates.len(), device)),
            }),
        }
    }
}
