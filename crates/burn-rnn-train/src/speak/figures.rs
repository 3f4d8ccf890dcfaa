//! How far what a model says is from what people said.

use burn::tensor::Device;
use burn_rnn_data::aligned_distance;

use super::task::spoken;
use super::{SpeakSettings, SpeechModel, Spoken};
use crate::TrainError;
use crate::sounds::Sounds;

/// The figures of the part held out. The errors are mean squares of values in scaled units.
pub(super) fn figures(
    model: &SpeechModel,
    settings: &SpeakSettings,
    sounds: &Sounds,
    device: &Device,
) -> Result<Vec<(&'static str, f64)>, TrainError> {
    let listener = settings.features.listener()?;
    let bands = settings.bands();
    let held_out = spoken(&sounds.held_out, settings, &listener)?;
    let mut others = spoken(&sounds.train, settings, &listener)?;
    others.extend(spoken(&sounds.valid, settings, &listener)?);
    Ok(vec![
        ("held-out error", model.error(&held_out, bands, device)),
        // Scaled, the mean frame of the training part is 0.
        (
            "held-out error, mean frame",
            error_of(&held_out, bands, |_, _| 0.0),
        ),
        (
            "held-out error, frame before",
            error_of(&held_out, bands, |frames, place| {
                place
                    .checked_sub(bands)
                    .map_or(0.0, |before| frames[before])
            }),
        ),
        (
            "held-out distance",
            model.distance(&held_out, settings, device),
        ),
        (
            "held-out distance, other takes",
            distance_of_takes(&held_out, &others, bands),
        ),
        (
            "held-out distance, mean frame",
            distance_of_mean(&held_out, bands),
        ),
    ])
}

/// The mean square error of values that `guess` tells from the frames and the place of the value.
fn error_of(sounds: &[Spoken], bands: usize, guess: impl Fn(&[f32], usize) -> f32) -> f64 {
    let (mut sum, mut values) = (0.0, 0);
    for sound in sounds {
        debug_assert!(sound.frames.len().is_multiple_of(bands));
        for (place, value) in sound.frames.iter().enumerate() {
            sum += f64::from(value - guess(&sound.frames, place)).powi(2);
        }
        values += sound.frames.len();
    }
    sum / values.max(1) as f64
}

/// The mean distance of a sound from the takes of the same label by the same speaker that are not held out.
fn distance_of_takes(sounds: &[Spoken], takes: &[Spoken], bands: usize) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for sound in sounds {
        for take in takes.iter().filter(|take| take.wish == sound.wish) {
            sum += aligned_distance(&take.frames, &sound.frames, bands);
            count += 1;
        }
    }
    sum / f64::from(count.max(1))
}

fn distance_of_mean(sounds: &[Spoken], bands: usize) -> f64 {
    let mean = vec![0.0; bands];
    let distances = sounds
        .iter()
        .map(|sound| aligned_distance(&mean, &sound.frames, bands));
    distances.sum::<f64>() / sounds.len().max(1) as f64
}
