//! Regularizers of recurrent networks: how strong they are, and which cell takes which.

mod layer;
mod masks;
mod penalties;

use burn_rnn_kernels::Engine;
use burn_rnn_kernels::definition::{Regularizers, Zoneout as StateZoneout};
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::error::probability;

pub use layer::Regularizer;
pub(crate) use masks::{Mask, Values, mask_matrices};
pub use penalties::ActivationPenalty;

/// What keeps a recurrent network from learning its training data by heart. All of it is off by default, and off in evaluation, on a device
/// without automatic differentiation; zoneout mixes there instead.
///
/// Every configuration has a builder line for each, for instance
/// [`with_zoneout`](crate::RecurrentConfig::with_zoneout); a layer made by hand takes all of them by
/// [`Scan::try_with_regularization`](crate::Scan::try_with_regularization). The [guide](crate::guides::regularization) shows them and says which cell takes which.
///
/// Masks are drawn from the device's random numbers: after [`Device::seed`](burn::tensor::Device::seed) they are the same again on the same machine and
/// backend. Each layer and each direction has its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Regularization {
    /// The probability that a feature of the layer's input is dropped, at all steps of a sequence alike (Gal & Ghahramani 2016, "A
    /// theoretically grounded application of dropout in recurrent neural networks"); what is left is scaled by `1 / (1 − p)`.
    pub input_dropout: f64,
    /// The probability that a unit of what the recurrent products read of a state is dropped, at all steps and for all gates alike (ibid.);
    /// the state itself is carried on whole.
    pub hidden_dropout: f64,
    /// The probability that a unit of the candidate is dropped, drawn at each step anew (Semeniuta et al. 2016, "Recurrent dropout without
    /// memory loss"): `C_t = f C_{t-1} + i d(C~)`; what is left is scaled by `1 / (1 − p)`.
    pub recurrent_dropout: f64,
    /// The probability that a unit of the output `h` stays what it was at the step before (Krueger et al. 2017, "Zoneout"). In evaluation
    /// it is the mean: `p h_{t-1} + (1 − p) h_t`.
    pub zoneout: f64,
    /// The same of the other states, above all the cell state of an LSTM. As in the paper, `h_t` is made of the new cell state, whether it
    /// stays or not.
    pub zoneout_cell: f64,
    /// The probability that a weight of the recurrent matrices is dropped for all steps of a batch (Merity et al. 2018, "Regularizing and
    /// optimizing LSTM language models"); what is left is scaled by `1 / (1 − p)`.
    pub weight_drop: f64,
}

/// Whether a run is one of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Masks are drawn.
    Training,
    /// Every regularizer is off or takes its mean.
    Evaluation,
}

impl Regularization {
    /// Whether nothing of it is on.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something of it is drawn once for all steps of a sequence.
    pub(crate) fn holds_masks(&self) -> bool {
        self.input_dropout > 0.0 || self.hidden_dropout > 0.0 || self.weight_drop > 0.0
    }

    /// Whether anything of it works inside a step.
    pub fn acts(&self, mode: Mode) -> bool {
        let always = self.zoneout > 0.0 || self.zoneout_cell > 0.0;
        let in_training =
            self.hidden_dropout > 0.0 || self.recurrent_dropout > 0.0 || self.weight_drop > 0.0;
        always || (in_training && mode == Mode::Training)
    }

    /// Each setting, by its name.
    fn probabilities(&self) -> [(&'static str, f64); 6] {
        [
            ("input_dropout", self.input_dropout),
            ("hidden_dropout", self.hidden_dropout),
            ("recurrent_dropout", self.recurrent_dropout),
            ("zoneout", self.zoneout),
            ("zoneout_cell", self.zoneout_cell),
            ("weight_drop", self.weight_drop),
        ]
    }

    /// Checks that every setting is a probability.
    ///
    /// # Errors
    ///
    /// Where one is not in `[0, 1)`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut probabilities = self.probabilities().into_iter();
        probabilities.try_for_each(|(setting, value)| probability(setting, value))
    }

    /// Checks that a cell of this name takes what is on, where it takes those `taken`, by their names.
    ///
    /// # Errors
    ///
    /// Where one is not a probability, or not taken.
    pub fn check(&self, cell: &'static str, taken: &[&'static str]) -> Result<(), ConfigError> {
        self.validate()?;
        let mut on = self
            .probabilities()
            .into_iter()
            .filter(|&(_, value)| value > 0.0);
        match on.find(|(setting, _)| !taken.contains(setting)) {
            Some((setting, value)) => Err(ConfigError::Regularizer {
                cell,
                setting,
                value,
                reason: reason(setting),
            }),
            None => Ok(()),
        }
    }

    /// What the engine has to do of it.
    pub(crate) fn inside(&self, mode: Mode) -> Regularizers {
        let training = mode == Mode::Training;
        let zoneout = |share: f64| match (share > 0.0, training) {
            (false, _) => StateZoneout::Off,
            (true, true) => StateZoneout::Drawn,
            (true, false) => StateZoneout::Expected(share as f32),
        };
        Regularizers {
            variational: training && self.hidden_dropout > 0.0,
            recurrent_dropout: training && self.recurrent_dropout > 0.0,
            zoneout: zoneout(self.zoneout),
            zoneout_cell: zoneout(self.zoneout_cell),
        }
    }
}

/// The settings that a definition takes.
pub(crate) fn taken(engine: &Engine) -> Vec<&'static str> {
    let mut taken = vec!["input_dropout", "zoneout"];
    if engine.has_masked_states() {
        taken.push("hidden_dropout");
    }
    if engine.has_candidate() {
        taken.push("recurrent_dropout");
    }
    if engine.has_zoned_states() {
        taken.push("zoneout_cell");
    }
    if engine.has_recurrent_matrices() {
        taken.push("weight_drop");
    }
    taken
}

/// Why a cell does not take a regularizer, and what to do.
fn reason(setting: &str) -> &'static str {
    match setting {
        "hidden_dropout" => {
            "no recurrent matrix of it reads a state; use input_dropout or zoneout, or a cell with one"
        }
        "recurrent_dropout" => {
            "its equations mark no candidate; use hidden_dropout or zoneout, or a cell with gates"
        }
        "zoneout_cell" => {
            "it carries no state beside its output that could stay by itself; use zoneout"
        }
        "weight_drop" => "it has no recurrent matrix; use input_dropout or zoneout",
        _ => {
            "it is no definition, and its steps are its own affair; use input_dropout, or write it as a DefinedCell"
        }
    }
}
