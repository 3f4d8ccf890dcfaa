//! What a model says, as files.

use std::fmt::Write;
use std::path::Path;

use burn::tensor::Device;
use burn_rnn_data::{griffin_lim, wav_file};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::command::load;
use super::plot::{Panel, Spectrograms};
use super::{SpeakSettings, Wish, speak};
use crate::new_file::{name_beside, write_whole};
use crate::sounds::place;
use crate::{ModelFile, TrainError, say_done};

/// The rounds in which the phases of a sound are found.
const ROUNDS: usize = 60;

/// Lets a saved model say `label`, by `LABEL_SPEAKER` in a certain voice or by `LABEL` in one that `seed` draws, as
/// the sound `out` (WAV), the frames in decibels beside it (CSV) and their picture (PNG and SVG). Another seed
/// gives another take. A line says what was written, or for `json` an object with `label`, `speaker`, `seconds`,
/// `sound`, `frames` and `picture`.
///
/// # Errors
///
/// Where the model does not fit, does not know the label or the speaker, or a file cannot be written.
pub fn generate_file(
    file: ModelFile,
    label: &str,
    out: &Path,
    seed: u64,
    json: bool,
    device: &Device,
) -> Result<(), TrainError> {
    let (settings, model) = load(file, device)?;
    let (label, speaker) = match label.split_once('_') {
        Some((label, speaker)) => (label, Some(speaker)),
        None => (label, None),
    };
    let wish = Wish {
        label: place("the label", label, &settings.labels)?,
        speaker: match speaker {
            Some(speaker) => place("the speaker", speaker, &settings.speakers)?,
            None => {
                let all: Vec<usize> = (0..settings.speakers.len()).collect();
                let drawn = all.choose(&mut ChaCha8Rng::seed_from_u64(seed));
                drawn.copied().unwrap_or(0)
            }
        },
    };
    let listener = settings.features.listener()?;
    let word = speak(
        &model,
        &settings,
        &[wish],
        settings.noise / 2.0,
        seed,
        device,
    );
    let frames = listener.decibels(word.into_iter().next().unwrap_or_default());
    let speaker = &settings.speakers[wish.speaker];
    let picture = Spectrograms {
        rows: vec![vec![Panel {
            title: format!("{label}, {speaker}"),
            frames: frames.clone(),
        }]],
        bands: settings.bands(),
        hop: settings.hop(),
    };
    let sound = griffin_lim(listener.analyser(), &frames, ROUNDS, seed);
    write_whole(out, &wav_file(&sound))?;
    let name = name_beside(out, &["csv", "png", "svg"], "spoken");
    let table = out.with_file_name(format!("{name}.csv"));
    write_whole(&table, csv(&frames, &settings).as_bytes())?;
    let folder = out.parent().unwrap_or(Path::new(""));
    let [picture, _] = picture.draw(folder, &name)?;
    say_done(
        json,
        json!({
            "label": label,
            "speaker": speaker,
            "seconds": sound.seconds(),
            "sound": out.to_string_lossy(),
            "frames": table.to_string_lossy(),
            "picture": picture.to_string_lossy(),
        }),
        format_args!(
            "{label} by {speaker}, {:.2} seconds: {}, {}, {}",
            sound.seconds(),
            out.display(),
            table.display(),
            picture.display()
        ),
    )
}

/// A row a frame: the seconds at which it begins, and its bands in decibels.
fn csv(frames: &[f32], settings: &SpeakSettings) -> String {
    let mut text = String::from("seconds");
    for band in 1..=settings.bands() {
        write!(text, ",band_{band}").expect("a string takes all that is written");
    }
    for (index, frame) in frames.chunks(settings.bands()).enumerate() {
        write!(text, "\n{:.4}", index as f64 * settings.hop()).expect("as above");
        for level in frame {
            write!(text, ",{level:.2}").expect("as above");
        }
    }
    text.push('\n');
    text
}
