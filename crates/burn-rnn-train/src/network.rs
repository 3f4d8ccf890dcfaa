//! A recurrent network whose architecture is chosen at run time.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_rnn::{
    CellOptions, ConfigError, CoupledLstmOptions, Gru, GruOptions, HiddenState, Initialization,
    Layer, Lstm, LstmOptions, LstmState, PeepholeLstmOptions, Recurrent, RecurrentConfig,
    RecurrentState, Regularization, Sequences, SimpleOptions, SimpleRnn, State,
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The architectures that a trainer offers, each in its usual form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Elman's network with tanh
    Simple,
    /// The LSTM
    Lstm,
    /// The LSTM with diagonal peepholes
    Peephole,
    /// The LSTM with coupled input and forget gates
    Coupled,
    /// The GRU, reset after the product
    Gru,
}

impl Architecture {
    /// The name that the command line and the reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Lstm => "lstm",
            Self::Peephole => "peephole",
            Self::Coupled => "coupled",
            Self::Gru => "gru",
        }
    }
}

/// In which direction every layer of a network reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// In both, the outputs side by side
    Both,
    /// From the first step to the last
    Forward,
    /// From the last step to the first
    Backward,
}

impl Direction {
    /// What [`NetworkConfig::bidirectional`] has to be.
    pub fn is_both(self) -> bool {
        self == Self::Both
    }

    /// In which direction [`Network::run`] has to run; one that reads in both takes the outputs as they stand.
    pub fn of_run(self) -> burn_rnn::Direction {
        match self {
            Self::Both | Self::Forward => burn_rnn::Direction::Forward,
            Self::Backward => burn_rnn::Direction::Backward,
        }
    }
}

/// The settings of a [`Network`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// The architecture.
    pub architecture: Architecture,
    /// The number of input features.
    pub d_input: usize,
    /// The number of hidden units of each layer.
    pub d_hidden: usize,
    /// The number of layers.
    pub layers: usize,
    /// Whether every layer runs in both directions.
    pub bidirectional: bool,
    /// The probability that an output between two layers is dropped in training.
    pub dropout: f64,
    /// The regularizers of every layer; none by default.
    #[serde(default, skip_serializing_if = "Regularization::is_off")]
    pub regularization: Regularization,
}

impl NetworkConfig {
    /// One layer in one direction, without dropout or regularizers.
    pub fn new(architecture: Architecture, d_input: usize, d_hidden: usize) -> Self {
        Self {
            architecture,
            d_input,
            d_hidden,
            layers: 1,
            bidirectional: false,
            dropout: 0.0,
            regularization: Regularization::default(),
        }
    }

    /// A network with fresh parameters, drawn as by default.
    ///
    /// # Errors
    ///
    /// Where a size is zero, a dropout is not a probability below 1, or a regularizer is not for the architecture.
    pub fn init(&self, device: &Device) -> Result<Network, ConfigError> {
        self.init_as(&Initialization::default(), device)
    }

    /// A network with fresh parameters, drawn as told.
    ///
    /// # Errors
    ///
    /// As [`init`](Self::init), and where the architecture cannot be initialized so.
    pub fn init_as(&self, drawn: &Initialization, device: &Device) -> Result<Network, ConfigError> {
        Ok(match self.architecture {
            Architecture::Simple => Network::Simple(self.make::<SimpleOptions>(drawn, device)?),
            Architecture::Lstm => Network::Lstm(self.make::<LstmOptions>(drawn, device)?),
            Architecture::Peephole => {
                Network::Lstm(self.make::<PeepholeLstmOptions>(drawn, device)?)
            }
            Architecture::Coupled => Network::Lstm(self.make::<CoupledLstmOptions>(drawn, device)?),
            Architecture::Gru => Network::Gru(self.make::<GruOptions>(drawn, device)?),
        })
    }

    fn make<O: CellOptions>(
        &self,
        drawn: &Initialization,
        device: &Device,
    ) -> Result<Recurrent<O::Cell>, ConfigError> {
        let mut config = RecurrentConfig::<O>::new(self.d_input, self.d_hidden);
        config.regularization = self.regularization;
        config
            .with_layers(self.layers)
            .with_bidirectional(self.bidirectional)
            .with_dropout(self.dropout)
            .with_initialization(drawn.clone())
            .try_init(device)
    }
}

/// A recurrent network of any [`Architecture`]; made by [`NetworkConfig`].
#[derive(Module, Debug)]
pub enum Network {
    /// The simple network.
    Simple(SimpleRnn),
    /// The LSTM and its relatives.
    Lstm(Lstm),
    /// The GRU.
    Gru(Gru),
}

/// The state of a [`Network`].
#[derive(Clone, Debug)]
pub enum NetworkState {
    /// Of a network that carries its output alone.
    Hidden(RecurrentState<HiddenState>),
    /// Of an LSTM.
    Lstm(RecurrentState<LstmState>),
}

impl State for NetworkState {
    fn map(self, f: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self {
        match self {
            Self::Hidden(state) => Self::Hidden(state.map(f)),
            Self::Lstm(state) => Self::Lstm(state.map(f)),
        }
    }
}

impl NetworkState {
    fn hidden(self) -> RecurrentState<HiddenState> {
        match self {
            Self::Hidden(state) => state,
            Self::Lstm(_) => panic!("the state of an LSTM given to a network of another kind"),
        }
    }

    fn lstm(self) -> RecurrentState<LstmState> {
        match self {
            Self::Lstm(state) => state,
            Self::Hidden(_) => panic!("the state of another kind of network given to an LSTM"),
        }
    }
}

impl Network {
    /// The number of features that the network gives.
    pub fn d_output(&self) -> usize {
        match self {
            Self::Simple(network) => network.d_output(),
            Self::Lstm(network) => network.d_output(),
            Self::Gru(network) => network.d_output(),
        }
    }

    /// The state before the first step: zeros.
    pub fn zero_state(&self, batch: usize) -> NetworkState {
        match self {
            Self::Simple(network) => NetworkState::Hidden(network.zero_state(batch)),
            Self::Lstm(network) => NetworkState::Lstm(network.zero_state(batch)),
            Self::Gru(network) => NetworkState::Hidden(network.zero_state(batch)),
        }
    }

    /// Runs over a batch of sequences, as [`Recurrent::forward`].
    ///
    /// # Panics
    ///
    /// As [`Recurrent::forward`], and where the state is that of another kind of network.
    pub fn forward(
        &self,
        input: Tensor<3>,
        state: Option<NetworkState>,
    ) -> (Tensor<3>, NetworkState) {
        let direction = burn_rnn::Direction::Forward;
        self.run(input, state, &Sequences::default(), direction)
    }

    /// Runs over sequences of unequal lengths in a direction, as [`Layer::run`].
    ///
    /// # Panics
    ///
    /// As [`Layer::run`], and where the state is that of another kind of network.
    pub fn run(
        &self,
        input: Tensor<3>,
        state: Option<NetworkState>,
        sequences: &Sequences,
        direction: burn_rnn::Direction,
    ) -> (Tensor<3>, NetworkState) {
        match self {
            Self::Simple(network) => {
                let state = state.map(NetworkState::hidden);
                let (output, state) = network.stack.run(input, state, sequences, direction);
                (output, NetworkState::Hidden(state))
            }
            Self::Lstm(network) => {
                let state = state.map(NetworkState::lstm);
                let (output, state) = network.stack.run(input, state, sequences, direction);
                (output, NetworkState::Lstm(state))
            }
            Self::Gru(network) => {
                let state = state.map(NetworkState::hidden);
                let (output, state) = network.stack.run(input, state, sequences, direction);
                (output, NetworkState::Hidden(state))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_architecture_runs_and_carries_its_state() {
        let device = Device::default();
        for architecture in Architecture::value_variants() {
            let config = NetworkConfig {
                layers: 2,
                ..NetworkConfig::new(*architecture, 3, 4)
            };
            let network = config.init(&device).unwrap();
            let input = Tensor::ones([2, 5, 3], &device);
            let (output, state) = network.forward(input.clone(), None);
            assert_eq!(output.dims(), [2, 5, network.d_output()]);
            let (next, _) = network.forward(input, Some(state.detach()));
            let difference = (next - output).abs().sum().into_scalar::<f32>();
            assert!(
                difference > 0.0,
                "{}: the state is not used",
                architecture.name()
            );
        }
    }
}
