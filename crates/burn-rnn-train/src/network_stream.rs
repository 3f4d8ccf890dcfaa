//! A [`Network`] that runs step by step for a long time.

use burn_rnn::{GruCell, LstmCell, SimpleCell, Stream};

use crate::Network;

/// A [`Stream`] of a [`Network`]; made by [`Network::stream`].
#[derive(Clone, Debug)]
pub enum NetworkStream {
    /// Of the simple network.
    Simple(Stream<SimpleCell>),
    /// Of the LSTM and its relatives.
    Lstm(Stream<LstmCell>),
    /// Of the GRU.
    Gru(Stream<GruCell>),
}

impl Network {
    /// A stream of so many sequences side by side, from zeros.
    ///
    /// # Panics
    ///
    /// As [`Recurrent::stream`](burn_rnn::Recurrent::stream).
    pub fn stream(&self, batch: usize) -> NetworkStream {
        match self {
            Self::Simple(network) => NetworkStream::Simple(network.stream(batch)),
            Self::Lstm(network) => NetworkStream::Lstm(network.stream(batch)),
            Self::Gru(network) => NetworkStream::Gru(network.stream(batch)),
        }
    }
}

impl NetworkStream {
    /// One step, row by row: `batch · d_input` to `batch · d_output`.
    ///
    /// # Panics
    ///
    /// As [`Stream::step_floats`].
    pub fn step_floats(&mut self, x_t: &[f32]) -> &[f32] {
        match self {
            Self::Simple(stream) => stream.step_floats(x_t),
            Self::Lstm(stream) => stream.step_floats(x_t),
            Self::Gru(stream) => stream.step_floats(x_t),
        }
    }
}
