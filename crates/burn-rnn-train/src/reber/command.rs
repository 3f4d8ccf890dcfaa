//! The command line of the Reber grammar.

use std::path::Path;

use burn::tensor::Device;
use burn_rnn_data::{REBER_SYMBOLS, is_reber};
use clap::Args;

use super::{ReberModel, ReberSettings, ReberTask, plot, write_strings};
use crate::learn::{LearnArgs, NetworkArgs, Task, learn, owned};
use crate::text::Sampling;
use crate::{ModelFile, TaskCard, TrainError};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// The number of generated strings to learn
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    pub strings: usize,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("hidden", "32"),
    ("epochs", "8"),
    ("lr", "0.01"),
    ("clip", "1"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "A model of the embedded Reber grammar",
    what: "It reads a string of Hochreiter & Schmidhuber's (1997) embedded Reber grammar symbol by \
           symbol and gives the probability of each symbol to be the next; the last but one has to \
           be the one that came second, however long ago.",
    input: "",
    built_in: "strings that the program generates from the grammar",
    usage: &["burn-rnn generate --model MODEL --length 10"],
    limits: "It knows this one grammar.",
};

/// The strings that are drawn from a model to see how many are legal.
const DRAWN: usize = 1000;

/// Trains a model.
///
/// # Errors
///
/// Where a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    args.network.refuse_bidirectional(
        "the backward direction reads the very symbols that the model is to predict",
    )?;
    TrainError::check_counts(&[
        ("--strings", args.strings),
        ("--batch-size", args.learn.batch_size),
    ])?;
    let settings = ReberSettings {
        network: args.network.config(REBER_SYMBOLS.len())?,
        strings: args.strings,
    };
    let network = settings.network.description();
    let seed = args.learn.seed;
    let task = ReberTask::new(settings, args.learn.batch_size, seed);
    let description = format!("{} strings; {network}", args.strings);
    let outcome = learn(&task, &args.learn, description)?;
    let test = task.test_strings();
    let figures = figures(&outcome.model, &test, seed, &outcome.device)?;
    // The first that has some symbols to remember over.
    let string = test
        .iter()
        .find(|string| string.len() > 15)
        .unwrap_or(&test[0]);
    plot::reading(&outcome.folder, &outcome.model, string, &outcome.device)?;
    outcome.report(&figures)
}

fn figures(
    model: &ReberModel,
    test: &[String],
    seed: u64,
    device: &Device,
) -> Result<Vec<(&'static str, f64)>, TrainError> {
    let score = ReberTask::score(model, test, device);
    let sampling = Sampling {
        temperature: 1.0,
        seed,
    };
    let drawn = write_strings(model, DRAWN, sampling)?;
    let legal = drawn.iter().filter(|string| is_reber(string)).count();
    Ok(vec![
        ("test divergence", score.divergence),
        ("test strings read right", score.right),
        ("test strings, symbol remembered", score.remembered),
        ("legal among drawn strings", legal as f64 / DRAWN as f64),
    ])
}

/// The figures of a saved model on strings that it has not learnt, and on strings drawn from it.
///
/// # Errors
///
/// Where the model does not fit, and where an input is named: the strings are generated.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    TrainError::check_generated(input)?;
    let seed = file.card.seed;
    let (settings, model) = load(file, device)?;
    // The strings that were learnt follow from the seed and their number.
    let task = ReberTask::new(settings, 1, seed);
    figures(&model, &task.test_strings(), seed, device).map(owned)
}

fn load(file: ModelFile, device: &Device) -> Result<(ReberSettings, ReberModel), TrainError> {
    file.load(ReberTask::NAME, device, ReberSettings::init)
}

/// `count` strings drawn from a saved model, the same again for the same seed.
///
/// # Errors
///
/// Where the model or the temperature does not fit, or `count` is zero.
pub fn generate_strings(
    file: ModelFile,
    count: usize,
    temperature: f64,
    seed: u64,
    device: &Device,
) -> Result<Vec<String>, TrainError> {
    TrainError::check_counts(&[("the number of strings", count)])?;
    let (_, model) = load(file, device)?;
    write_strings(&model, count, Sampling { temperature, seed })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::Architecture;
    use crate::learn::alone;
    use crate::options::typed;

    #[test]
    fn every_registered_cell_trains_and_its_model_is_read() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        for architecture in Architecture::value_variants() {
            let name = architecture.name();
            let out = folder.path().join(name);
            let out = out.to_str().unwrap();
            let words = "--hidden 4 --strings 8 --batch-size 4 --steps 2 --variational-dropout 0.1,0 --zoneout 0.1 --plain --cell";
            let words = words.split(' ').chain([name, "--out", out]);
            train(&typed(&words.collect::<Vec<_>>(), DEFAULTS)).unwrap();
            let file = ModelFile::open(Path::new(out)).unwrap();
            assert!(file.card.network.ends_with(&format!("1 × 4 {name}")));
            let strings = generate_strings(file, 2, 1.0, 1, &Device::default()).unwrap();
            assert_eq!(strings.len(), 2, "{name}");
        }
    }

    #[test]
    fn a_short_training_learns_the_grammar_and_its_figures_come_again() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        let words = [
            "--plain",
            "--strings",
            "10000",
            "--epochs",
            "4",
            "--out",
            out,
        ];
        train(&typed(&words, DEFAULTS)).unwrap();
        let device = Device::default();
        let file = ModelFile::open(folder.path()).unwrap();
        let figures = evaluate(file.clone(), None, &device).unwrap();
        for (name, value) in &figures {
            // The last bit may be lost in the file's JSON.
            assert!((file.card.scores[name] - value).abs() < 1e-12, "{name}");
        }
        assert!(
            file.card.scores["legal among drawn strings"] > 0.9,
            "{figures:?}"
        );

        let strings = |seed| generate_strings(file.clone(), 20, 1.0, seed, &device).unwrap();
        assert_eq!(strings(5), strings(5));
        assert_ne!(strings(5), strings(6));
        let error = evaluate(file.clone(), Some(Path::new("x.txt")), &device).unwrap_err();
        assert!(
            error.to_string().starts_with("the data is x.txt"),
            "{error}"
        );
    }
}
