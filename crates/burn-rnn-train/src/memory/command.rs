//! The command line of the memory problems.

use std::path::Path;

use burn::tensor::Device;
use burn_rnn::{ConfigError, Initialization};
use burn_rnn_data::MemoryProblem;
use clap::{Args, ValueEnum};

use super::{MemoryModel, MemorySettings, MemoryTask, plot};
use crate::learn::{InitializationName, LearnArgs, NetworkArgs, Task, learn, owned};
use crate::limits::check_memory;
use crate::{ModelFile, NetworkConfig, TaskCard, TrainError};

/// The problems by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProblemName {
    /// The sum of two marked numbers
    Adding,
    /// Symbols again, in their order
    Copy,
    /// Which symbols came in which order
    TemporalOrder,
    /// Whether the number of ones is odd
    Parity,
}

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// The problem
    #[arg(long, value_enum, default_value = "adding")]
    pub task: ProblemName,
    /// The steps of a sequence; for copy those from the last symbol to the question [default: 50; 20 for
    /// copy, 100 for temporal-order]
    #[arg(long, value_name = "N")]
    pub length: Option<usize>,
    /// The number of symbols to copy
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub items: usize,
    /// The number of symbols whose order matters, 2 or 3
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub relevant: usize,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("hidden", "64"),
    ("steps", "6000"),
    ("eval-every", "200"),
    ("lr", "0.01"),
    ("clip", "1"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "A solver of a memory problem",
    what: "It reads a sequence whose answer depends on a few steps of it: the sum of two marked \
           numbers, symbols in their order, the order of rare symbols, or parity.",
    input: "",
    built_in: "sequences that the program generates",
    usage: &["burn-rnn eval --model MODEL"],
    limits: "It knows this one problem, at about the length that it learnt.",
};

impl TrainArgs {
    /// The network's settings: gates are drawn for the length of the problem, where the cell has some and nothing else is asked for.
    fn network(&self, problem: MemoryProblem) -> Result<NetworkConfig, TrainError> {
        let mut args = self.network.clone();
        let asked = args.initialization.is_some();
        args.longest_dependency
            .get_or_insert(problem.steps().max(3));
        if asked {
            return args.config(problem.features());
        }
        let plain = args.config(problem.features())?;
        args.initialization = Some(InitializationName::Chrono);
        let chrono = args.config(problem.features())?;
        match chrono.init(&Device::default()) {
            Err(TrainError::Config(ConfigError::Initialization { .. })) => Ok(plain),
            _ => Ok(chrono),
        }
    }

    fn problem(&self) -> MemoryProblem {
        let length = |default| self.length.unwrap_or(default);
        match self.task {
            ProblemName::Adding => MemoryProblem::Adding { length: length(50) },
            ProblemName::Copy => MemoryProblem::Copy {
                delay: length(20),
                items: self.items,
            },
            ProblemName::TemporalOrder => MemoryProblem::TemporalOrder {
                length: length(100),
                relevant: self.relevant,
            },
            ProblemName::Parity => MemoryProblem::Parity { length: length(50) },
        }
    }
}

/// Trains a model.
///
/// # Errors
///
/// Where a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    args.network.refuse_bidirectional(
        "the answer is asked for at the end, where the backward direction has read \
         nothing yet; it would add parameters and no memory",
    )?;
    TrainError::check_counts(&[("--batch-size", args.learn.batch_size)])?;
    let problem = args.problem();
    problem.validate()?;
    let network = args.network(problem)?;
    let widest = network.sizes()?.into_iter().max().unwrap_or(0);
    let sizes = [args.learn.batch_size, problem.steps(), widest];
    check_memory("the size of a batch", &sizes)?;
    let settings = MemorySettings {
        problem,
        initialization: network.initialization.clone(),
        network: NetworkConfig {
            initialization: Initialization::default(),
            ..network
        },
    };
    let description = format!(
        "{}, {} steps; {}",
        args.task
            .to_possible_value()
            .map_or_else(String::new, |v| v.get_name().to_owned()),
        problem.steps(),
        settings.network.description()
    );
    let task = MemoryTask::new(settings, args.learn.batch_size);
    let outcome = learn(&task, &args.learn, description)?;
    plot::beside_chance(
        &outcome.folder,
        &outcome.card.network,
        problem,
        &outcome.curve,
    )?;
    outcome.report(&figures(&outcome.model, problem, &outcome.device))
}

/// The test figures, each beside that of somebody without memory.
fn figures(
    model: &MemoryModel,
    problem: MemoryProblem,
    device: &Device,
) -> Vec<(&'static str, f64)> {
    let score = MemoryTask::test(model, problem, device);
    let chance = problem.chance();
    match chance.accuracy {
        None => vec![
            ("test MSE", score.loss),
            ("test MSE, by chance", chance.loss),
            ("test share within 0.04", score.accuracy),
        ],
        Some(accuracy) => vec![
            ("test cross-entropy", score.loss),
            ("test cross-entropy, by chance", chance.loss),
            ("test accuracy", score.accuracy),
            ("test accuracy, by chance", accuracy),
        ],
    }
}

/// The figures of a saved model on the test sequences of its problem.
///
/// # Errors
///
/// Where the model does not fit, and where an input is named: the sequences are generated.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    TrainError::check_generated(input)?;
    let (settings, model) = file.load(MemoryTask::NAME, device, MemorySettings::init)?;
    Ok(owned(figures(&model, settings.problem, device)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::alone;
    use crate::options::typed;

    #[test]
    fn parity_is_learnt_and_its_figures_come_again() {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        let words = [
            "--task", "parity", "--length", "8", "--steps", "400", "--plain", "--out", out,
        ];
        train(&typed(&words, DEFAULTS)).unwrap();
        let file = ModelFile::open(folder.path()).unwrap();
        let figures = evaluate(file.clone(), None, &Device::default()).unwrap();
        for (name, value) in &figures {
            // The last bit may be lost in the file's JSON.
            assert!((file.card.scores[name] - value).abs() < 1e-12, "{name}");
        }
        assert!(file.card.scores["test accuracy"] > 0.99, "{figures:?}");
        assert_eq!(file.card.scores["test accuracy, by chance"], 0.5);
    }

    #[test]
    fn sizes_without_sense_are_refused() {
        for words in [
            ["--task", "copy", "--items", "0"],
            ["--task", "temporal-order", "--length", "9"],
            ["--task", "temporal-order", "--relevant", "4"],
            ["--cell", "simple", "--initialization", "chrono"],
        ] {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("out");
            let words = [&words[..], &["--plain", "--out", out.to_str().unwrap()]].concat();
            assert!(train(&typed(&words, DEFAULTS)).is_err(), "{words:?}");
            assert!(!out.exists());
        }
    }
}
