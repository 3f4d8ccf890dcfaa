//! Layers in one direction or two over sequences of unequal lengths.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use burn_rnn::ConfigError;
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
///
/// A padded sequence is read backwards from its own end, not from that of the longest in the batch, so
/// that padding changes nothing in either direction (PyTorch's packed sequences do the same).
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

    /// `[batch, time, features]` to `[batch, time, d_output]`. `reversed` are the places of the steps read
    /// from each sequence's end, those of the batch laid one after the other; padding keeps its place.
    pub fn forward(&self, input: Tensor<3>, reversed: &Tensor<1, Int>) -> Tensor<3> {
        let mut outputs = Vec::new();
        if let Some(network) = &self.forward {
            outputs.push(network.forward(input.clone(), None).0);
        }
        if let Some(network) = &self.backward {
            let output = network.forward(reorder(input, reversed), None).0;
            outputs.push(reorder(output, reversed));
        }
        Tensor::cat(outputs, 2)
    }
}

/// The steps of all sequences, one sequence after the other, at other places.
fn reorder(input: Tensor<3>, places: &Tensor<1, Int>) -> Tensor<3> {
    let [batch, time, features] = input.dims();
    let steps = input.reshape([batch * time, features]);
    steps
        .select(0, places.clone())
        .reshape([batch, time, features])
}

/// For sequences of these lengths, padded to `time` and laid one after the other: where the step is that
/// stands at each place when every sequence is read from its end. Padding stays where it is.
pub(crate) fn reversed(lengths: &[usize], time: usize) -> Vec<i32> {
    let mut places = Vec::with_capacity(lengths.len() * time);
    for (sequence, &length) in lengths.iter().enumerate() {
        let place = |step| match step < length {
            true => length - 1 - step,
            false => step,
        };
        places.extend((0..time).map(|step| (sequence * time + place(step)) as i32));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sequence_is_turned_and_padding_stays() {
        assert_eq!(reversed(&[3, 1], 3), [2, 1, 0, 3, 4, 5]);
    }
}
