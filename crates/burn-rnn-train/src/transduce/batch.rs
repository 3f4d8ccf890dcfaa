//! Sequences of symbols side by side, and how to find one's way in them.

use burn::data::dataloader::batcher::Batcher;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_rnn::Lengths;
use burn_rnn_data::{Symbols, pad};

use super::Forcing;

/// Sequences of symbols, `[batch, time]`, with filler behind the shorter ones.
#[derive(Clone, Debug)]
pub struct SequenceBatch {
    /// The symbols.
    pub symbols: Tensor<2, Int>,
    /// The number of symbols of each.
    pub lengths: Lengths,
}

impl SequenceBatch {
    /// The sequences, none of them empty.
    pub fn new(sequences: &[&[u32]], device: &Device) -> Self {
        let (symbols, time, _) = pad(sequences, 1, Symbols::PAD);
        let lengths = sequences.iter().map(|sequence| sequence.len());
        Self {
            symbols: integers(&symbols, [sequences.len(), time], device),
            lengths: Lengths::new(lengths),
        }
    }
}

pub(super) fn integers(symbols: &[u32], shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    let symbols: Vec<i32> = symbols.iter().map(|&symbol| symbol as i32).collect();
    Tensor::from_data(TensorData::new(symbols, shape), device)
}

/// Inputs and the outputs that they are to be turned into.
#[derive(Clone, Debug)]
pub struct TransduceBatch {
    /// What is given.
    pub inputs: SequenceBatch,
    /// The symbol before each one that is wanted, `[batch, time]`.
    pub before: Tensor<2, Int>,
    /// The symbols that are wanted, the end last, `[batch, time]`.
    pub wanted: Tensor<2, Int>,
    /// 1 where a symbol is wanted, 0 where there is filler.
    pub mask: Tensor<2>,
    /// The number of wanted symbols.
    pub targets: usize,
    /// What the decoder reads in training.
    pub forcing: Forcing,
}

/// Makes batches of encoded pairs.
#[derive(Clone, Debug)]
pub struct Pairing {
    /// What the decoder reads in training.
    pub forcing: Forcing,
}

impl Batcher<(Vec<u32>, Vec<u32>), TransduceBatch> for Pairing {
    fn batch(&self, pairs: Vec<(Vec<u32>, Vec<u32>)>, device: &Device) -> TransduceBatch {
        let inputs: Vec<&[u32]> = pairs.iter().map(|(input, _)| input.as_slice()).collect();
        let outputs: Vec<&[u32]> = pairs.iter().map(|(_, output)| output.as_slice()).collect();
        let before: Vec<Vec<u32>> = outputs
            .iter()
            .map(|output| [&[Symbols::BEGIN], &output[..output.len() - 1]].concat())
            .collect();
        let before: Vec<&[u32]> = before.iter().map(Vec::as_slice).collect();
        let (before, time, mask) = pad(&before, 1, Symbols::PAD);
        let (wanted, ..) = pad(&outputs, 1, Symbols::PAD);
        let shape = [pairs.len(), time];
        TransduceBatch {
            inputs: SequenceBatch::new(&inputs, device),
            before: integers(&before, shape, device),
            wanted: integers(&wanted, shape, device),
            mask: Tensor::from_data(TensorData::new(mask, shape), device),
            targets: outputs.iter().map(|output| output.len()).sum(),
            forcing: self.forcing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoder_reads_what_came_before() {
        let device = Device::default();
        let pairing = Pairing {
            forcing: Forcing::default(),
        };
        let pairs = vec![(vec![2], vec![5, 6, 2]), (vec![3, 2], vec![2])];
        let batch = pairing.batch(pairs, &device);
        let list = |tensor: Tensor<2, Int>| -> Vec<i32> {
            tensor.into_data_as::<i32>().try_into_vec().unwrap()
        };
        assert_eq!(list(batch.before), [1, 5, 6, 1, 0, 0]);
        assert_eq!(list(batch.wanted), [5, 6, 2, 2, 0, 0]);
        assert_eq!(batch.targets, 4);
    }
}
