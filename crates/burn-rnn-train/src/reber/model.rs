//! The network that learns the grammar.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_rnn::{Head, HeadConfig};
use burn_rnn_data::REBER_SYMBOLS;
use serde::{Deserialize, Serialize};

use crate::{Network, NetworkConfig, NetworkState, TrainError};

/// A recurrent network that reads symbols, a one among zeros each, and a head that gives one logit a
/// symbol for what comes next.
#[derive(Module, Debug)]
pub struct ReberModel {
    /// The recurrent network.
    pub network: Network,
    /// From the hidden state to the symbols.
    pub head: Head,
}

/// All that is needed beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReberSettings {
    /// The recurrent network.
    pub network: NetworkConfig,
    /// The number of strings that were learnt.
    pub strings: usize,
}

impl ReberSettings {
    /// A model with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where the network does not read the symbols or there are no strings, or as [`NetworkConfig::init`].
    pub fn init(&self, device: &Device) -> Result<ReberModel, TrainError> {
        TrainError::check_sizes(&[("--strings", self.strings)])?;
        self.network.check_input(REBER_SYMBOLS.len())?;
        let network = self.network.init(device)?;
        let symbols = REBER_SYMBOLS.len();
        Ok(ReberModel {
            head: HeadConfig::new(network.d_output(), symbols).try_init(device)?,
            network,
        })
    }
}

impl ReberModel {
    /// From symbols `[batch, time, 7]` to the logits of the symbol after each, of the same shape, and the
    /// state after the last.
    pub fn forward(
        &self,
        symbols: Tensor<3>,
        state: Option<NetworkState>,
    ) -> (Tensor<3>, NetworkState) {
        let (hidden, state) = self.network.forward(symbols, state);
        (self.head.logits(hidden), state)
    }
}

/// The number of a symbol in [`REBER_SYMBOLS`].
pub(super) fn number(symbol: char) -> usize {
    let place = REBER_SYMBOLS.iter().position(|other| *other == symbol);
    place.expect("a string of the grammar has its symbols alone")
}

/// A string of the grammar's symbols as `[length, 7]` in row-major order.
///
/// # Panics
///
/// Where there is another character.
pub fn one_hot(string: &str) -> Vec<f32> {
    let mut values = Vec::new();
    for symbol in string.chars() {
        let number = number(symbol);
        values.extend((0..REBER_SYMBOLS.len()).map(|other| f32::from(u8::from(other == number))));
    }
    values
}
