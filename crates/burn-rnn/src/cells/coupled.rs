//! Coupled gates: one gate decides both what is forgotten and what is written.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::lstm::LstmCell;
use super::lstm_options::LstmOptions;
use crate::{CellOptions, CellShape, ConfigError, Recurrent, RecurrentConfig};

/// Which of the input and forget gate has parameters of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coupling {
    /// Both have, the default of [`LstmConfig`](crate::LstmConfig).
    #[default]
    None,
    /// `i = 1 − f`: the forget gate has parameters. The default of [`CoupledLstmConfig`].
    InputFromForget,
    /// `f = 1 − i`: the input gate has parameters; the CIFG of Greff et al. (2015), ONNX's `input_forget`.
    ForgetFromInput,
}

/// An LSTM whose input and forget gate are coupled, of any number of layers and directions; it has
/// three gates' parameters (forget, candidate, output), not four with one unused.
///
/// ```text
/// f_t = σ(W_f [h_{t-1}, x_t] + b_f)
/// C~  = tanh(W_C [h_{t-1}, x_t] + b_C)
/// C_t = f_t C_{t-1} + (1 − f_t) C~
/// o_t = σ(W_o [h_{t-1}, x_t] + b_o)
/// h_t = o_t tanh(C_t)
/// ```
pub type CoupledLstm = Recurrent<LstmCell>;

/// The configuration of [`CoupledLstm`].
pub type CoupledLstmConfig = RecurrentConfig<CoupledLstmOptions>;

/// What is particular to the coupled-gate LSTM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoupledLstmOptions {
    /// Which gate has the parameters; the forget gate by default.
    pub coupling: Coupling,
}

impl Default for CoupledLstmOptions {
    fn default() -> Self {
        Self {
            coupling: Coupling::InputFromForget,
        }
    }
}

impl CoupledLstmOptions {
    fn lstm(&self) -> LstmOptions {
        LstmOptions {
            coupling: self.coupling,
            ..LstmOptions::default()
        }
    }
}

impl RecurrentConfig<CoupledLstmOptions> {
    /// Sets which gate has the parameters; the forget gate by default.
    #[must_use]
    pub fn with_coupling(mut self, coupling: Coupling) -> Self {
        self.cell.coupling = coupling;
        self
    }
}

impl CellOptions for CoupledLstmOptions {
    type Cell = LstmCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        if self.coupling == Coupling::None {
            return Err(ConfigError::Cell {
                given: "a coupled LSTM without coupling",
                reason: "choose which gate follows from the other, or use LstmConfig",
            });
        }
        self.lstm().validate(shape)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> LstmCell {
        self.lstm().init(shape, device)
    }
}
