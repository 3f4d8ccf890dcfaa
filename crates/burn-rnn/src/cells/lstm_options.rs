//! The settings of an LSTM: every published part that can be switched on or off, functions, clips and a projection.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::lstm::{LstmCell, LstmGate};
use super::lstm_norm::LstmNorm;
use crate::activation::validate_clip;
use crate::error::{at_least_one, check_bias_hidden};
use crate::{
    Activation, CellOptions, CellShape, ConfigError, Coupling, GateRole, Peephole, PeepholeKind,
    RecurrentConfig,
};

/// What is particular to the LSTM: the eight ablations of Greff et al. (2015), "LSTM: A search
/// space odyssey", and every combination of them. The default is the plain LSTM.
///
/// | Greff et al. | here |
/// |---|---|
/// | vanilla, NP (no peepholes) | `peephole: Diagonal`, `peephole: None` (default) |
/// | NIG, NFG, NOG (no input, forget, output gate) | `input_gate`, `forget_gate`, `output_gate`: `false` |
/// | NIAF, NOAF (no input, output activation) | `input_activation`, `output_activation`: `false` |
/// | CIFG (coupled) | `coupling: ForgetFromInput` |
/// | FGR (full gate recurrence) | `full_gate_recurrence: true` |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LstmOptions {
    /// Off: `i_t = 1`.
    pub input_gate: bool,
    /// Off: `f_t = 1`.
    pub forget_gate: bool,
    /// Off: `o_t = 1`.
    pub output_gate: bool,
    /// Off: the candidate is not squashed, `C~ = W_C [h_{t-1}, x_t] + b_C`.
    pub input_activation: bool,
    /// Off: the cell state is not squashed, `h_t = o_t C_t`.
    pub output_activation: bool,
    /// Whether one of the input and forget gate follows from the other.
    pub coupling: Coupling,
    /// Whether and how the gates see the cell state.
    pub peephole: PeepholeKind,
    /// On: the sigmoid gates also see all sigmoid gates of the step before. Before the first step
    /// those are zero.
    pub full_gate_recurrence: bool,
    /// The function of `i`, `f` and `o`, ONNX's `f`; sigmoid by default.
    pub gate_activation: Activation,
    /// The function of `C~`, ONNX's `g`; tanh by default.
    pub candidate_activation: Activation,
    /// The function of `C_t` in `h_t`, ONNX's `h`; tanh by default.
    pub cell_activation: Activation,
    /// Bounds what the functions of the gates and of the candidate read to `−clip..clip`: ONNX's `clip`; none by default.
    pub clip: Option<f32>,
    /// Bounds the cell state, `C_t = min(max(f_t C_{t-1} + i_t C~, −cell_clip), cell_clip)`, as TensorFlow's and Sak et al.'s
    /// LSTM; none by default.
    pub cell_clip: Option<f32>,
    /// The width of `h_t = W_hr (o_t tanh(C_t))`: the LSTMP of Sak et al. (2014), PyTorch's `proj_size`; none by default.
    pub projection: Option<usize>,
    /// A bias of its own for every gate on the hidden side, as PyTorch has it; off by default.
    pub bias_hidden: bool,
    /// Layer normalisation after Ba et al. (2016), with the equations of [`LstmNorm`]; off by default. Of the other settings
    /// only a projection and the bias on the hidden side go with it.
    pub layer_norm: bool,
}

impl Default for LstmOptions {
    fn default() -> Self {
        Self {
            input_gate: true,
            forget_gate: true,
            output_gate: true,
            input_activation: true,
            output_activation: true,
            coupling: Coupling::None,
            peephole: PeepholeKind::None,
            full_gate_recurrence: false,
            gate_activation: Activation::Sigmoid,
            candidate_activation: Activation::Tanh,
            cell_activation: Activation::Tanh,
            clip: None,
            cell_clip: None,
            projection: None,
            bias_hidden: false,
            layer_norm: false,
        }
    }
}

impl RecurrentConfig<LstmOptions> {
    /// Switches the input gate; on by default, off is Greff's NIG.
    #[must_use]
    pub fn with_input_gate(mut self, on: bool) -> Self {
        self.cell.input_gate = on;
        self
    }

    /// Switches the forget gate; on by default, off is Greff's NFG and the LSTM of 1997.
    #[must_use]
    pub fn with_forget_gate(mut self, on: bool) -> Self {
        self.cell.forget_gate = on;
        self
    }

    /// Switches the output gate; on by default, off is Greff's NOG.
    #[must_use]
    pub fn with_output_gate(mut self, on: bool) -> Self {
        self.cell.output_gate = on;
        self
    }

    /// Switches the candidate's tanh; on by default, off is Greff's NIAF.
    #[must_use]
    pub fn with_input_activation(mut self, on: bool) -> Self {
        self.cell.input_activation = on;
        self
    }

    /// Switches the output's tanh; on by default, off is Greff's NOAF.
    #[must_use]
    pub fn with_output_activation(mut self, on: bool) -> Self {
        self.cell.output_activation = on;
        self
    }

    /// Couples the input and forget gate; not coupled by default.
    #[must_use]
    pub fn with_coupling(mut self, coupling: Coupling) -> Self {
        self.cell.coupling = coupling;
        self
    }

    /// Lets the gates see the cell state; they do not by default.
    #[must_use]
    pub fn with_peephole(mut self, peephole: PeepholeKind) -> Self {
        self.cell.peephole = peephole;
        self
    }

    /// Lets the gates see the gates of the step before; off by default, on is Greff's FGR.
    #[must_use]
    pub fn with_full_gate_recurrence(mut self, on: bool) -> Self {
        self.cell.full_gate_recurrence = on;
        self
    }

    /// Sets the function of the gates; sigmoid by default.
    #[must_use]
    pub fn with_gate_activation(mut self, activation: Activation) -> Self {
        self.cell.gate_activation = activation;
        self
    }

    /// Sets the function of the candidate; tanh by default.
    #[must_use]
    pub fn with_candidate_activation(mut self, activation: Activation) -> Self {
        self.cell.candidate_activation = activation;
        self
    }

    /// Sets the function of the cell state in the output; tanh by default.
    #[must_use]
    pub fn with_cell_activation(mut self, activation: Activation) -> Self {
        self.cell.cell_activation = activation;
        self
    }

    /// Bounds the pre-activations of gates and candidate to `−clip..clip`; not bounded by default. Not with layer normalisation.
    #[must_use]
    pub fn with_clip(mut self, clip: f32) -> Self {
        self.cell.clip = Some(clip);
        self
    }

    /// Bounds the cell state to `−cell_clip..cell_clip`; not bounded by default. Not with layer normalisation.
    #[must_use]
    pub fn with_cell_clip(mut self, cell_clip: f32) -> Self {
        self.cell.cell_clip = Some(cell_clip);
        self
    }

    /// Projects the output to so many features, which are what recurs and what the next layer reads; not projected by default.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use burn_rnn::LstmConfig;
    ///
    /// let device = Device::default();
    /// let lstm = LstmConfig::new(8, 64).with_projection(16).with_layers(2).init(&device);
    /// let (output, state) = lstm.forward(Tensor::ones([4, 10, 8], &device), None);
    /// assert_eq!(output.dims(), [4, 10, 16]);
    /// assert_eq!(state.layers[1].forward.hidden.dims(), [4, 16]);
    /// assert_eq!(state.layers[1].forward.cell.dims(), [4, 64]);
    /// ```
    #[must_use]
    pub fn with_projection(mut self, d_output: usize) -> Self {
        self.cell.projection = Some(d_output);
        self
    }

    /// Sets whether every gate has a second bias, on the hidden side, as PyTorch has it; off by default.
    #[must_use]
    pub fn with_bias_hidden(mut self, bias_hidden: bool) -> Self {
        self.cell.bias_hidden = bias_hidden;
        self
    }

    /// Sets whether pre-activations and the cell state are normalised (Ba et al. 2016), with the equations of [`LstmNorm`]; off
    /// by default.
    #[must_use]
    pub fn with_layer_norm(mut self, layer_norm: bool) -> Self {
        self.cell.layer_norm = layer_norm;
        self
    }
}

impl LstmOptions {
    /// The blocks of the fused parameters, in their order.
    pub fn gates(&self) -> Vec<LstmGate> {
        use LstmGate::{Candidate, Forget, Input, Output};
        [Input, Forget, Candidate, Output]
            .into_iter()
            .filter(|gate| match gate {
                Input => self.input_gate && self.coupling != Coupling::InputFromForget,
                Forget => self.forget_gate && self.coupling != Coupling::ForgetFromInput,
                Candidate => true,
                Output => self.output_gate,
            })
            .collect()
    }

    /// The gates with a sigmoid that have parameters, in their order.
    pub fn sigmoid_gates(&self) -> Vec<LstmGate> {
        let mut gates = self.gates();
        gates.retain(|gate| *gate != LstmGate::Candidate);
        gates
    }

    /// Whether a function or a clip is set that the plain LSTM has not.
    pub(super) fn has_functions(&self) -> bool {
        let functions = [self.candidate_activation, self.cell_activation];
        let usual =
            self.gate_activation == Activation::Sigmoid && functions == [Activation::Tanh; 2];
        !usual || self.clip.is_some() || self.cell_clip.is_some()
    }

    /// Checks functions, clips, biases, the projection and layer normalisation.
    fn validate_knobs(&self, shape: &CellShape) -> Result<(), ConfigError> {
        for activation in [
            self.gate_activation,
            self.candidate_activation,
            self.cell_activation,
        ] {
            activation.validate()?;
        }
        for (on, activation) in [
            (self.input_activation, self.candidate_activation),
            (self.output_activation, self.cell_activation),
        ] {
            if !on && activation != Activation::Tanh {
                return Err(ConfigError::Cell {
                    given: "an activation that is switched off and set to a function",
                    reason: "switch it on, or leave the function out",
                });
            }
        }
        validate_clip("clip", self.clip)?;
        validate_clip("cell_clip", self.cell_clip)?;
        at_least_one("projection", self.projection.unwrap_or(1))?;
        check_bias_hidden(self.bias_hidden, shape.bias)?;
        if self.has_functions() && self.peephole == PeepholeKind::Full {
            return Err(ConfigError::Cell {
                given: "full peepholes with other activations or clips",
                reason: "diagonal peepholes go with them; take those, or leave the others out",
            });
        }
        let plain = Self {
            layer_norm: self.layer_norm,
            projection: self.projection,
            bias_hidden: self.bias_hidden,
            ..Self::default()
        };
        if self.layer_norm && *self != plain {
            return Err(ConfigError::Cell {
                given: "with_layer_norm(true) with parts switched off, coupled gates, peepholes, gate recurrence, other activations or a clip",
                reason: "its equations are those of the plain LSTM; leave out one or the other",
            });
        }
        Ok(())
    }

    fn roles(&self) -> Vec<GateRole> {
        let role = |gate| match gate {
            LstmGate::Input => GateRole::Write,
            LstmGate::Forget => GateRole::Keep,
            LstmGate::Candidate | LstmGate::Output => GateRole::Other,
        };
        self.gates().into_iter().map(role).collect()
    }
}

impl CellOptions for LstmOptions {
    type Cell = LstmCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        let refuse = |given, reason| Err(ConfigError::Cell { given, reason });
        if self.coupling != Coupling::None && !(self.input_gate && self.forget_gate) {
            return refuse(
                "coupled gates with the input or forget gate switched off",
                "coupling needs both; switch the gate on or the coupling off",
            );
        }
        if self.sigmoid_gates().is_empty() {
            if self.peephole != PeepholeKind::None {
                return refuse(
                    "peepholes without any gate",
                    "no gate is left to see the cell state; switch one on or the peepholes off",
                );
            }
            if self.full_gate_recurrence {
                return refuse(
                    "full gate recurrence without any gate",
                    "no gate is left; switch one on or the recurrence off",
                );
            }
        }
        self.validate_knobs(shape)?;
        shape.initialization.validate(&self.roles(), shape.bias)
    }

    fn d_output(&self, d_hidden: usize) -> usize {
        self.projection.unwrap_or(d_hidden)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> LstmCell {
        let CellShape {
            d_input,
            d_hidden,
            bias,
            initialization,
        } = shape;
        let roles = self.roles();
        let sigmoid_gates = self.sigmoid_gates();
        let d_output = self.d_output(*d_hidden);
        LstmCell {
            w_input: initialization.input_weights(*d_input, *d_hidden, roles.len(), device),
            w_hidden: initialization.projected_weights(d_output, *d_hidden, roles.len(), device),
            bias: bias.then(|| initialization.bias(*d_hidden, &roles, device)),
            bias_hidden: self.bias_hidden.then(|| {
                let roles = vec![GateRole::Other; roles.len()];
                initialization.bias(*d_hidden, &roles, device)
            }),
            w_project: (self.projection)
                .map(|d_output| initialization.projection_weights(*d_hidden, d_output, device)),
            peephole: Peephole::init(
                self.peephole,
                &sigmoid_gates,
                *d_hidden,
                initialization,
                device,
            ),
            w_gates: self.full_gate_recurrence.then(|| {
                let width = sigmoid_gates.len() * d_hidden;
                initialization.input_weights(width, width, 1, device)
            }),
            norm: self
                .layer_norm
                .then(|| LstmNorm::init(*d_hidden, *bias, device)),
            options: self.clone(),
        }
    }
}
