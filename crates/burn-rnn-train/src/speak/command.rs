//! The command line of the model that speaks.

use std::path::Path;

use burn::tensor::Device;
use burn_rnn_data::LogMel;
use clap::Args;

use super::figures::figures;
use super::plot::beside_held_out;
use super::{SpeakSettings, SpeakTask, SpeechModel};
use crate::learn::{LearnArgs, NetworkArgs, Task, learn, owned};
use crate::sounds::{SoundArgs, SoundFeatures, Sounds};
use crate::{ModelFile, TaskCard, TrainError};

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
    TrainError::check_counts(&[("--batch-size", args.learn.batch_size)])?;
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
        network: args.network.config(args.bands + args.embedding)?,
        d_wish: args.embedding,
        dropout: args.output_dropout,
        noise: args.noise,
        labels: sounds.labels.clone(),
        speakers: sounds.speakers.clone(),
        longest: log_mel.frames(lengths.max().unwrap_or(0)),
        features: SoundFeatures::fit(log_mel, &sounds.train)?,
        hold_out_takes: args.sounds.hold_out_takes,
    };
    let description = settings.network.description();
    let task = SpeakTask::new(settings, &sounds, args.learn.batch_size)?;
    let with_data = args
        .learn
        .with_parts(&*sounds.train, &sounds.valid, &sounds.held_out);
    let outcome = learn(&task, &with_data, description)?;
    let (model, settings, device) = (&outcome.model, &outcome.settings, &outcome.device);
    let figures = figures(model, settings, &sounds, device)?;
    beside_held_out(model, settings, &sounds, &outcome.folder, device)?;
    outcome.report(&figures)
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
    figures(&model, &settings, &sounds, device).map(owned)
}

pub(super) fn load(
    file: ModelFile,
    device: &Device,
) -> Result<(SpeakSettings, SpeechModel), TrainError> {
    file.load(SpeakTask::NAME, device, SpeakSettings::init)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::learn::alone;
    use crate::speak::generate_file;

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
