//! Layers in one direction or two over sequences of unequal lengths.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_rnn::{ConfigError, Lengths, Sequences};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{Architecture, Network, NetworkConfig};

/// In which direction every layer reads.
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

/// The settings of the layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectionsConfig {
    /// The architecture.
    pub architecture: Architecture,
    /// The number of layers.
    pub layers: usize,
    /// The number of hidden units of each layer and direction.
    pub d_hidden: usize,
    /// The direction.
    pub direction: Direction,
}

/// One layer.
#[derive(Module, Debug)]
pub struct DirectionLayer {
    /// Reads from the first step.
    pub forward: Option<Network>,
    /// Reads from the last step.
    pub backward: Option<Network>,
}

impl DirectionsConfig {
    /// Layers with fresh parameters over inputs of `d_input` features.
    ///
    /// # Errors
    ///
    /// Where a size is zero.
    pub fn init(
        &self,
        d_input: usize,
        device: &Device,
    ) -> Result<Vec<DirectionLayer>, ConfigError> {
        let mut d_input = d_input;
        // The network says what is wrong with a number of layers of zero.
        let network = |d_input, layers| {
            let config = NetworkConfig {
                architecture: self.architecture,
                d_input,
                d_hidden: self.d_hidden,
                layers,
                bidirectional: false,
                dropout: 0.0,
                regularization: burn_rnn::Regularization::default(),
            };
            config.init(device)
        };
        if self.layers == 0 {
            network(d_input, 0)?;
        }
        let mut layers = Vec::with_capacity(self.layers);
        for _ in 0..self.layers {
            let reads = |direction| [Direction::Both, direction].contains(&self.direction);
            let layer = DirectionLayer {
                forward: reads(Direction::Forward)
                    .then(|| network(d_input, 1))
                    .transpose()?,
                backward: reads(Direction::Backward)
                    .then(|| network(d_input, 1))
                    .transpose()?,
            };
            d_input = layer.d_output();
            layers.push(layer);
        }
        Ok(layers)
    }
}

impl DirectionLayer {
    /// The number of features that the layer gives.
    pub fn d_output(&self) -> usize {
        let networks = [&self.forward, &self.backward];
        networks.into_iter().flatten().map(Network::d_output).sum()
    }

    /// `[batch, time, features]` to `[batch, time, d_output]`, each sequence as if it were alone.
    pub fn forward(&self, input: Tensor<3>, lengths: &Lengths) -> Tensor<3> {
        let sequences = Sequences::from(lengths);
        let directions = [
            (&self.forward, burn_rnn::Direction::Forward),
            (&self.backward, burn_rnn::Direction::Backward),
        ];
        let outputs = directions.into_iter().filter_map(|(network, direction)| {
            let network = network.as_ref()?;
            Some(network.run(input.clone(), None, &sequences, direction).0)
        });
        Tensor::cat(outputs.collect(), 2)
    }
}
