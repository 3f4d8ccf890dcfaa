//! Sequences of unequal lengths in one batch, read as if each were alone.

use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn::{Cell, Recurrent};
use burn_rnn_data::pad;

use crate::Network;

/// Sequences padded at their ends, `[batch, time, features]`.
///
/// A network that reads from the first step to the last meets the padding only after everything else; one
/// that reads backwards too would begin with it. [`read`](Padded::read) turns every sequence round within its own
/// length instead, so that padding changes no output at a step that is there.
#[derive(Clone, Debug)]
pub struct Padded {
    /// The values, 0 where there is no step.
    pub values: Tensor<3>,
    /// 1 where there is a step, 0 elsewhere, `[batch, time]`.
    pub mask: Tensor<2>,
    /// The row of `[batch · time, features]` that each becomes when every sequence is turned round.
    turned: Tensor<1, Int>,
    /// The rows of the sequences' last steps.
    last: Tensor<1, Int>,
    /// The rows of their first steps.
    first: Tensor<1, Int>,
}

impl Padded {
    /// Pads sequences of `features` values a step with zeros.
    ///
    /// # Panics
    ///
    /// Where a sequence is empty or its length no multiple of `features`.
    pub fn new(sequences: &[&[f32]], features: usize, device: &Device) -> Self {
        let (values, time, mask) = pad(sequences, features, 0.0);
        let batch = sequences.len();
        let mut turned = Vec::with_capacity(batch * time);
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for (row, sequence) in sequences.iter().enumerate() {
            let length = sequence.len() / features;
            assert!(
                length > 0,
                "sequence {row} is empty, expected at least one step"
            );
            let start = row * time;
            let steps = (0..length).rev().chain(length..time);
            turned.extend(steps.map(|step| (start + step) as i32));
            first.push(start as i32);
            last.push((start + length - 1) as i32);
        }
        let rows = |rows: Vec<i32>| {
            let count = rows.len();
            Tensor::from_data(TensorData::new(rows, [count]), device)
        };
        Self {
            values: Tensor::from_data(TensorData::new(values, [batch, time, features]), device),
            mask: Tensor::from_data(TensorData::new(mask, [batch, time]), device),
            turned: rows(turned),
            last: rows(last),
            first: rows(first),
        }
    }

    /// The network's outputs, `[batch, time, d_output]`, from a state of zeros. Where there is no step they mean
    /// nothing.
    pub fn read(&self, network: &Network) -> Tensor<3> {
        match network {
            Network::Simple(network) => self.through(network),
            Network::Lstm(network) => self.through(network),
            Network::Gru(network) => self.through(network),
        }
    }

    fn through<C: Cell>(&self, network: &Recurrent<C>) -> Tensor<3> {
        let mut x = self.values.clone();
        let batch = x.dims()[0];
        for (index, layer) in network.stack.layers.iter().enumerate() {
            if index > 0 {
                x = network.stack.dropout.forward(x);
            }
            let scan = |cell: &C, x| cell.scan(x, cell.zero_state(batch)).0;
            x = match &layer.backward {
                Some(backward) => {
                    let forward = scan(&layer.forward, x.clone());
                    let backward = scan(backward, self.turn(x));
                    layer.merge.forward(forward, self.turn(backward))
                }
                None => scan(&layer.forward, x),
            };
        }
        x
    }

    /// Every sequence backwards within its own length.
    fn turn(&self, x: Tensor<3>) -> Tensor<3> {
        let dims = x.dims();
        rows(x).select(0, self.turned.clone()).reshape(dims)
    }

    /// The outputs at the sequences' last steps, `[batch, features]`.
    pub fn last(&self, outputs: Tensor<3>) -> Tensor<2> {
        rows(outputs).select(0, self.last.clone())
    }

    /// The outputs at the sequences' first steps, `[batch, features]`.
    pub fn first(&self, outputs: Tensor<3>) -> Tensor<2> {
        rows(outputs).select(0, self.first.clone())
    }
}

fn rows(x: Tensor<3>) -> Tensor<2> {
    let [batch, time, features] = x.dims();
    x.reshape([batch * time, features])
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::{Architecture, NetworkConfig};

    #[test]
    fn every_sequence_is_read_as_if_it_were_alone() {
        let device = Device::default();
        let sequences: Vec<Vec<f32>> = [7, 3, 1]
            .map(|steps| (0..steps * 2).map(|i| (i as f32 * 1.3).sin()).collect())
            .to_vec();
        for architecture in Architecture::value_variants() {
            let config = NetworkConfig {
                architecture: *architecture,
                d_input: 2,
                d_hidden: 4,
                layers: 2,
                bidirectional: true,
                dropout: 0.0,
            };
            let network = config.init(&device).unwrap();
            let all: Vec<&[f32]> = sequences.iter().map(Vec::as_slice).collect();
            let together = Padded::new(&all, 2, &device).read(&network);
            for (row, sequence) in sequences.iter().enumerate() {
                let steps = sequence.len() / 2;
                let alone =
                    Tensor::from_data(TensorData::new(sequence.clone(), [1, steps, 2]), &device);
                let (expected, _) = network.forward(alone, None);
                let actual = together.clone().narrow(0, row, 1).narrow(1, 0, steps);
                let difference = (actual - expected).abs().max().into_scalar::<f32>();
                assert!(difference < 1e-5, "{}: {difference}", architecture.name());
            }
        }
    }
}
