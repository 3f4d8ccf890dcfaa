//! Composing with a model.

use burn::tensor::{Device, Tensor, TensorData};
use burn_rnn_data::{KEYS, Piece, notes_of};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::MusicModel;
use crate::char_rnn::Sampling;
use crate::{NetworkState, TrainError};

/// Draws `steps` steps, each from the steps before it. The log-odds are divided by the temperature: below
/// 1 the likely notes get likelier, at 0 exactly those sound that are likelier than not.
///
/// # Errors
///
/// Where the temperature makes no sense.
pub fn compose(
    model: &MusicModel,
    steps: usize,
    sampling: Sampling,
    device: &Device,
) -> Result<Piece, TrainError> {
    sampling.validate()?;
    let mut rng = ChaCha8Rng::seed_from_u64(sampling.seed);
    let mut keys = vec![0.0f32; KEYS];
    let mut state: Option<NetworkState> = None;
    let mut piece = Piece::with_capacity(steps);
    for _ in 0..steps {
        let before = Tensor::<3>::from_data(TensorData::new(keys.clone(), [1, 1, KEYS]), device);
        let (logits, next) = model.forward(before, state);
        state = Some(next);
        let scale = match sampling.temperature {
            0.0 => f64::INFINITY,
            temperature => 1.0 / temperature,
        };
        let probabilities = match scale.is_finite() {
            true => MusicModel::probabilities(logits * scale),
            false => MusicModel::probabilities(logits).round(),
        };
        let probabilities = probabilities.into_data_as::<f32>();
        let probabilities: Vec<f32> = probabilities
            .try_into_vec()
            .expect("the data was asked for as f32");
        for (key, probability) in keys.iter_mut().zip(probabilities) {
            *key = f32::from(u8::from(rng.random::<f32>() < probability));
        }
        piece.push(notes_of(&keys));
    }
    Ok(piece)
}
