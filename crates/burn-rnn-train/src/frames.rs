//! Sounds of unequal lengths in one batch.

use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn::Lengths;
use burn_rnn_data::pad;

/// Frames of sounds, padded at their ends.
#[derive(Clone, Debug)]
pub struct Frames {
    /// The values, 0 where there is no frame, `[batch, time, bands]`.
    pub values: Tensor<3>,
    /// The number of frames of each sound.
    pub lengths: Lengths,
}

impl Frames {
    /// Pads sounds of `bands` values a frame with zeros.
    ///
    /// # Panics
    ///
    /// Where a sound is empty or its length no multiple of `bands`.
    pub fn new(sounds: &[&[f32]], bands: usize, device: &Device) -> Self {
        let (values, time, _) = pad(sounds, bands, 0.0);
        let lengths = sounds.iter().enumerate().map(|(row, sound)| {
            assert!(
                !sound.is_empty(),
                "sound {row} is empty, expected at least one frame"
            );
            sound.len() / bands
        });
        let shape = [sounds.len(), time, bands];
        Self {
            lengths: Lengths::new(lengths),
            values: Tensor::from_data(TensorData::new(values, shape), device),
        }
    }
}
