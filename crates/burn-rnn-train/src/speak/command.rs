//! The command line of the model that speaks.

use std::fmt::Write;
use std::path::Path;

use burn::tensor::Device;
use burn_rnn_data::{LogMel, aligned_distance, griffin_lim, wav_file};
use clap::Args;
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::plot::{Panel, Spectrograms};
use super::task::spoken;
use super::{SpeakSettings, SpeakTask, SpeechModel, Spoken, Wish, speak};
use crate::learn::{LearnArgs, NetworkArgs, Task, learn, owned};
use crate::new_file::{name_beside, write_whole};
use crate::sounds::{SoundArgs, SoundFeatures, Sounds, place};
use crate::{ModelFile, TaskCard, TrainError, say_done};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// The sounds.
    #[command(flatten)]
    pub sounds: SoundArgs,
    /// The deviation of the noise on the frames before, in scaled units; it rises from 0 in the first half of
    /// the training
    #[arg(
        long,
        value_name = "DEVIATION",
        default_value_t = 0.5,
        allow_negative_numbers = true
    )]
    pub noise: f64,
    /// The probability that an output of the network is dropped in training
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.2,
        allow_negative_numbers = true
    )]
    pub output_dropout: f64,
    /// The number of mel bands of a frame
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub bands: usize,
    /// The size of the vectors of labels and speakers
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub embedding: usize,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("layers", "2"),
    ("hidden", "192"),
    ("dropout", "0.2"),
    ("epochs", "80"),
    ("batch-size", "16"),
    ("lr", "0.003"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "A model that says a label",
    what: "From a label (and a speaker) it makes the log-mel frames of a sound one after the other, \
           and tells when it ends.",
    input: "--wav-dir",
    built_in: "sounds that the program generates, whose labels differ in how their pitch goes on",
    usage: &["burn-rnn generate --model MODEL --prompt LABEL --out spoken.wav"],
    limits: "It says the labels that it learnt, in the voices that it learnt; the sound comes from \
             the frames by Griffin & Lim's method, and is as muffled as they are.",
};

/// Trains a model.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    args.network.refuse_bidirectional(
        "the backward direction reads the very frames that the model is to say",
    )?;
    TrainError::check_probabilities(&[("--output-dropout", args.output_dropout)])?;
    if !(args.noise >= 0.0 && args.noise.is_finite()) {
        return Err(TrainError::Setting {
            name: "--noise",
            given: args.noise.to_string(),
            expected: "a deviation of at least 0".to_owned(),
        });
    }
    TrainError::check_counts(&[
        ("--batch-size", args.learn.batch_size),
        ("--bands", args.bands),
        ("--embedding", args.embedding),
    ])?;
    let sounds = Sounds::read(&args.sounds, args.learn.seed)?;
    let log_mel = LogMel {
        bands: args.bands,
        ..LogMel::new(sounds.rate)
    };
    let lengths = sounds
        .train
        .iter()
        .map(|recording| recording.sound.samples.len());
    let settings = SpeakSettings {
        network: args.network.config(args.bands + args.embedding),
        d_wish: args.embedding,
        dropout: args.output_dropout,
        noise: args.noise,
        labels: sounds.labels.clone(),
        speakers: sounds.speakers.clone(),
        longest: log_mel.frames(lengths.max().unwrap_or(0)),
        features: SoundFeatures::fit(log_mel, &sounds.train)?,
        hold_out_takes: args.sounds.hold_out_takes,
    };
    let task = SpeakTask::new(settings, &sounds, args.learn.batch_size)?;
    let outcome = learn(&task, &args.learn, args.network.to_string())?;
    let (model, settings, device) = (&outcome.model, &outcome.settings, &outcome.device);
    let figures = figures(model, settings, &sounds, device)?;
    draw_some(model, settings, &sounds, &outcome.folder, device)?;
    outcome.report(&figures)
}

/// The figures of the part held out. The errors are mean squares of values in scaled units.
fn figures(
    model: &SpeechModel,
    settings: &SpeakSettings,
    sounds: &Sounds,
    device: &Device,
) -> Result<Vec<(&'static str, f64)>, TrainError> {
    let listener = settings.features.listener()?;
    let bands = settings.bands();
    let held_out = spoken(&sounds.held_out, settings, &listener)?;
    let others = [&sounds.train[..], &sounds.valid].concat();
    let others = spoken(&others, settings, &listener)?;
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

/// A few labels as the model says them above as somebody said them: `spoken.png` and `spoken.svg`.
fn draw_some(
    model: &SpeechModel,
    settings: &SpeakSettings,
    sounds: &Sounds,
    folder: &Path,
    device: &Device,
) -> Result<(), TrainError> {
    const SOME: usize = 4;
    let listener = settings.features.listener()?;
    let held_out = spoken(&sounds.held_out, settings, &listener)?;
    // Labels and speakers from the first to the last.
    let count = SOME.min(settings.labels.len());
    let wish = |index: usize| Wish {
        label: index * settings.labels.len() / count,
        speaker: index % settings.speakers.len(),
    };
    let shown: Vec<&Spoken> = (0..count)
        .filter_map(|index| held_out.iter().find(|sound| sound.wish == wish(index)))
        .collect();
    let wishes: Vec<Wish> = shown.iter().map(|sound| sound.wish).collect();
    let words = speak(model, settings, &wishes, 0.0, 0, device);
    let panel = |wish: &Wish, what: &str, frames: Vec<f32>| Panel {
        title: format!(
            "{}, {}: {what}",
            settings.labels[wish.label], settings.speakers[wish.speaker]
        ),
        frames: listener.decibels(frames),
    };
    let said = wishes.iter().zip(words);
    let rows = vec![
        said.map(|(wish, frames)| panel(wish, "generated", frames))
            .collect(),
        shown
            .iter()
            .map(|sound| panel(&sound.wish, "held out", sound.frames.clone()))
            .collect(),
    ];
    let picture = Spectrograms {
        rows,
        bands: settings.bands(),
        hop: hop(settings),
    };
    picture.draw(folder, "spoken").map(drop)
}

fn hop(settings: &SpeakSettings) -> f64 {
    settings.features.log_mel.hop as f64 / f64::from(settings.features.log_mel.rate)
}

/// The scores of a saved model on the part held out, by name: of the folder `input`, or of the generated
/// sounds.
///
/// # Errors
///
/// Where the model or a file does not fit.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    let seed = file.card.seed;
    let (settings, model) = load(file, device)?;
    let args = SoundArgs {
        wav_dir: input.map(Path::to_path_buf),
        hold_out_takes: settings.hold_out_takes,
        valid_takes: 1,
    };
    let sounds = Sounds::read(&args, seed)?;
    figures(&model, &settings, &sounds, device).map(owned)
}

fn load(file: ModelFile, device: &Device) -> Result<(SpeakSettings, SpeechModel), TrainError> {
    file.load(SpeakTask::NAME, device, SpeakSettings::init)
}

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
        hop: hop(&settings),
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
            "sound": out,
            "frames": table,
            "picture": picture,
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
        write!(text, "\n{:.4}", index as f64 * hop(settings)).expect("as above");
        for level in frame {
            write!(text, ",{level:.2}").expect("as above");
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::learn::alone;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        train: TrainArgs,
    }

    fn args(folder: &Path, more: &[&str]) -> TrainArgs {
        let out = folder.to_str().unwrap();
        let words = ["speak", "--plain", "--hidden", "16", "--out", out];
        Cli::parse_from(words.iter().chain(more)).train
    }

    #[test]
    fn a_saved_model_speaks_and_has_the_figures_of_its_training() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        train(&args(folder.path(), &["--epochs", "2"])).unwrap();
        assert!(folder.path().join("spoken.png").exists());
        let device = Device::default();
        let file = ModelFile::open(folder.path()).unwrap();
        let scores = file.card.scores.clone();
        for (name, value) in evaluate(file.clone(), None, &device).unwrap() {
            assert!((scores[&name] - value).abs() < 1e-5, "{name}");
        }
        let out = folder.path().join("new").join("rise.wav");
        generate_file(file.clone(), "rise_alto", &out, 3, false, &device).unwrap();
        let frames = std::fs::read_to_string(out.with_extension("csv")).unwrap();
        let fields = frames.lines().map(|line| line.split(',').count());
        assert!(fields.clone().all(|fields| fields == 41) && fields.count() > 1);
        assert!(burn_rnn_data::read_wav(&out).is_ok() && out.with_extension("png").exists());

        let nothing = folder.path().join("nothing.wav");
        for label in ["hello", "rise_hello"] {
            let error = generate_file(file.clone(), label, &nothing, 3, false, &device);
            assert!(error.unwrap_err().to_string().contains("`hello`"));
            assert!(!nothing.exists());
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        for more in [
            &["--bidirectional"][..],
            &["--noise", "-1"],
            &["--output-dropout", "1"],
            &["--embedding", "0"],
        ] {
            train(&args(&out, more)).unwrap_err();
            assert!(!out.exists(), "{more:?}");
        }
    }
}
