//! The command line of the classifier.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{Augmentation, LogMel, read_wav};
use clap::Args;

use super::examples::unchanged;
use super::{ClassifierSettings, ClassifyTask};
use crate::classes::{ClassifierArgs, Confusion, SequenceClassifier, say_answer};
use crate::learn::{LearnArgs, NetworkArgs, Task, learn};
use crate::sounds::{SoundArgs, SoundFeatures, Sounds};
use crate::{ModelFile, TaskCard, TrainError};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// The sounds.
    #[command(flatten)]
    pub sounds: SoundArgs,
    /// How it learns.
    #[command(flatten)]
    pub classifier: ClassifierArgs,
    /// How much the sounds are changed in training (gain, speed, shift, noise, masks); 0 changes nothing
    #[arg(
        long,
        value_name = "STRENGTH",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    pub augment: f64,
    /// The number of mel bands of a frame
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub bands: usize,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("cell", "gru"),
    ("layers", "2"),
    ("hidden", "96"),
    ("dropout", "0.3"),
    ("epochs", "100"),
    ("batch-size", "16"),
    ("lr", "0.003"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "A classifier of sounds",
    what: "It reads the log-mel features of a sound and gives the probability of each label.",
    input: "--wav-dir",
    built_in: "sounds that the program generates, whose labels differ in how their pitch goes on",
    usage: &["burn-rnn classify --model MODEL FILE.wav"],
    limits: "It knows its labels and takes every sound for one of them. Sounds have to have the \
             sample rate that it learnt from.",
};

/// Trains a model.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    args.classifier.check()?;
    if !(0.0..=4.0).contains(&args.augment) {
        return Err(TrainError::setting(
            "--augment",
            args.augment,
            "a strength from 0 to 4",
        ));
    }
    TrainError::check_counts(&[("--batch-size", args.learn.batch_size)])?;
    let sounds = Sounds::read(&args.sounds, args.learn.seed)?;
    let log_mel = LogMel {
        bands: args.bands,
        ..LogMel::new(sounds.rate)
    };
    let settings = ClassifierSettings {
        network: args.network.config(args.bands)?,
        pooling: args.classifier.pooling,
        dropout: args.classifier.output_dropout,
        labels: sounds.labels.clone(),
        features: SoundFeatures::fit(log_mel, &sounds.train)?,
        hold_out_takes: args.sounds.hold_out_takes,
    };
    let description = args.classifier.description(&settings.network.description());
    let augmentation = Augmentation::new(args.augment);
    let batch_size = args.learn.batch_size;
    let smoothing = args.classifier.smoothing;
    let task = ClassifyTask::new(settings, &sounds, batch_size, augmentation, smoothing)?;
    let with_data = args
        .learn
        .with_parts(&*sounds.train, &sounds.valid, &sounds.held_out);
    let outcome = learn(&task, &with_data, description)?;
    let (loss, confusion) = test(&outcome.model, &outcome.settings, &sounds, &outcome.device)?;
    confusion.draw(&outcome.folder)?;
    outcome.report(&[
        ("held-out accuracy", confusion.accuracy()),
        ("held-out loss", loss),
    ])
}

/// The loss on the part held out, and what was taken for what.
fn test(
    model: &SequenceClassifier,
    settings: &ClassifierSettings,
    sounds: &Sounds,
    device: &Device,
) -> Result<(f64, Confusion), TrainError> {
    let listener = settings.features.listener()?;
    let held_out = unchanged(&sounds.held_out, &settings.labels, &listener)?;
    let examined = model.examine(&held_out, listener.bands(), device);
    let truth = held_out.iter().map(|sound| sound.label);
    let pairs = truth.zip(examined.taken_for);
    Ok((examined.loss, Confusion::new(&settings.labels, pairs)))
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
    let sounds = Sounds::of_model(input, settings.hold_out_takes, seed)?;
    let (loss, confusion) = test(&model, &settings, &sounds, device)?;
    Ok(vec![
        ("held-out accuracy".to_owned(), confusion.accuracy()),
        ("held-out loss".to_owned(), loss),
    ])
}

fn load(
    file: ModelFile,
    device: &Device,
) -> Result<(ClassifierSettings, SequenceClassifier), TrainError> {
    file.load(ClassifyTask::NAME, device, ClassifierSettings::init)
}

/// Tells what each WAV file is.
///
/// # Errors
///
/// Where the model or one of the files does not fit, or there is none; nothing is printed then.
pub fn classify(
    file: ModelFile,
    files: &[PathBuf],
    json: bool,
    device: &Device,
) -> Result<(), TrainError> {
    let (settings, model) = load(file, device)?;
    let listener = settings.features.listener()?;
    TrainError::check_counts(&[("the number of WAV files", files.len())])?;
    let mut frames = Vec::new();
    for path in files {
        let heard = listener.sound(&read_wav(path)?);
        frames.push(heard.map_err(|error| TrainError::InFile {
            path: path.clone(),
            source: Box::new(error),
        })?);
    }
    let rows: Vec<&[f32]> = frames.iter().map(Vec::as_slice).collect();
    let probabilities = model.probabilities(&rows, listener.bands(), device);
    for (path, probabilities) in files.iter().zip(&probabilities) {
        let name = path.to_string_lossy();
        say_answer(json, "file", &name, &settings.labels, probabilities)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::learn::alone;
    use crate::one_line;
    use burn_rnn_data::{generate_sounds, wav_file};

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        train: TrainArgs,
    }

    fn args(folder: &Path, more: &[&str]) -> TrainArgs {
        let out = folder.to_str().unwrap();
        let words = ["classify", "--plain", "--hidden", "8", "--out", out];
        Cli::parse_from(words.iter().chain(more)).train
    }

    #[test]
    fn a_saved_model_has_the_figures_of_its_training_and_knows_its_labels() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        train(&args(folder.path(), &["--epochs", "2", "--bidirectional"])).unwrap();
        let device = Device::default();
        let file = ModelFile::open(folder.path()).unwrap();
        let reported = file.card.scores.clone();
        for (name, value) in evaluate(file, None, &device).unwrap() {
            let reported = reported[&name];
            assert!(
                (reported - value).abs() < 1e-6,
                "{name}: {reported}, then {value}"
            );
        }
        assert!(folder.path().join("confusion.png").exists());

        let sound = folder.path().join("sound.wav");
        let call = |files: Vec<PathBuf>| {
            let file = ModelFile::open(folder.path()).unwrap();
            classify(file, &files, true, &device)
        };
        let mut recording = generate_sounds(1, 9).remove(0).sound;
        std::fs::write(&sound, wav_file(&recording)).unwrap();
        call(vec![sound.clone()]).unwrap();
        recording.rate = 44100;
        let other = folder.path().join("other.wav");
        std::fs::write(&other, wav_file(&recording)).unwrap();
        let message = one_line(&call(vec![sound, other]).unwrap_err());
        assert!(
            message.contains("other.wav") && message.contains("44100 Hz"),
            "{message}"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let here = folder.path().to_str().unwrap();
        for more in [
            &["--output-dropout", "1"][..],
            &["--smoothing", "-0.1"],
            &["--augment", "9"],
            &["--bands", "0"],
            &["--hold-out-takes", "0"],
            &["--hold-out-takes", "20"],
            &["--wav-dir", "/nowhere"],
            &["--wav-dir", here],
        ] {
            train(&args(&out, more)).unwrap_err();
            assert!(!out.exists(), "{more:?}");
        }
    }
}
