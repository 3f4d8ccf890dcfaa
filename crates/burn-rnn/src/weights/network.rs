//! A network of any of the kinds that files hold.

use burn::module::Module;
use burn::tensor::Tensor;

use super::error::{WeightsError, WeightsErrorKind};
use crate::{Gru, Lstm, Sequences, SimpleRnn};

/// A recurrent network of one of the kinds that files of weights hold.
///
/// ```
/// use burn::tensor::Device;
/// use burn_rnn::weights::AnyNetwork;
/// use burn_rnn::{Lstm, LstmConfig};
///
/// let any = AnyNetwork::from(LstmConfig::new(3, 8).init(&Device::default()));
/// assert_eq!((any.kind(), any.d_input(), any.d_output()), ("an LSTM", 3, 8));
/// let lstm: Lstm = any.into_lstm().unwrap();
/// ```
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // There are a few, not a vector of them.
pub enum AnyNetwork {
    /// A simple (Elman) network: `nn.RNN`, `SimpleRNN`, ONNX's `RNN`.
    SimpleRnn(SimpleRnn),
    /// An LSTM.
    Lstm(Lstm),
    /// A GRU.
    Gru(Gru),
}

macro_rules! each {
    ($any:expr, $network:ident => $value:expr) => {
        match $any {
            AnyNetwork::SimpleRnn($network) => $value,
            AnyNetwork::Lstm($network) => $value,
            AnyNetwork::Gru($network) => $value,
        }
    };
}

impl AnyNetwork {
    /// What it is, for messages: "a simple network", "an LSTM" or "a GRU".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SimpleRnn(_) => "a simple network",
            Self::Lstm(_) => "an LSTM",
            Self::Gru(_) => "a GRU",
        }
    }

    /// The number of features that the network reads.
    pub fn d_input(&self) -> usize {
        each!(self, network => network.d_input())
    }

    /// The number of features that the network gives.
    pub fn d_output(&self) -> usize {
        each!(self, network => network.d_output())
    }

    /// The number of layers.
    pub fn layers(&self) -> usize {
        each!(self, network => network.stack.layers.len())
    }

    /// Whether some layer runs in two directions.
    pub fn is_bidirectional(&self) -> bool {
        each!(self, network => network.is_bidirectional())
    }

    /// The outputs over a batch of sequences from zeros, with the batch first where the network is configured so. For states take the
    /// network out.
    ///
    /// # Panics
    ///
    /// As [`Recurrent::forward_with`](crate::Recurrent::forward_with).
    pub fn forward(&self, input: Tensor<3>, sequences: impl Into<Sequences>) -> Tensor<3> {
        each!(self, network => network.forward_with(input, None, sequences).0)
    }

    /// The simple network.
    ///
    /// # Errors
    ///
    /// Where it is another one.
    pub fn into_simple_rnn(self) -> Result<SimpleRnn, WeightsError> {
        match self {
            Self::SimpleRnn(network) => Ok(network),
            other => Err(other.is_no("a simple network")),
        }
    }

    /// The LSTM.
    ///
    /// # Errors
    ///
    /// Where it is another network.
    pub fn into_lstm(self) -> Result<Lstm, WeightsError> {
        match self {
            Self::Lstm(network) => Ok(network),
            other => Err(other.is_no("an LSTM")),
        }
    }

    /// The GRU.
    ///
    /// # Errors
    ///
    /// Where it is another network.
    pub fn into_gru(self) -> Result<Gru, WeightsError> {
        match self {
            Self::Gru(network) => Ok(network),
            other => Err(other.is_no("a GRU")),
        }
    }

    fn is_no(&self, expected: &'static str) -> WeightsError {
        WeightsErrorKind::Kind {
            name: "the network".into(),
            given: self.kind(),
            expected,
        }
        .into()
    }
}

impl From<SimpleRnn> for AnyNetwork {
    fn from(network: SimpleRnn) -> Self {
        Self::SimpleRnn(network)
    }
}

impl From<Lstm> for AnyNetwork {
    fn from(network: Lstm) -> Self {
        Self::Lstm(network)
    }
}

impl From<Gru> for AnyNetwork {
    fn from(network: Gru) -> Self {
        Self::Gru(network)
    }
}
