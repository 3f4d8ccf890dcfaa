//! The library's own readers.

use std::error::Error;
use std::path::Path;

use burn_rnn_train::options::{with_defaults, with_run_file};
use burn_rnn_train::{ModelFile, device, model_card};
use clap::{Command, FromArgMatches, Subcommand};

use crate::formats::{Format, Kind};
use crate::seeds::{FOLDER, words};
use crate::tasks::{self, DEFAULTS, TrainTask};

/// What the file of a format in a folder says, in words.
pub fn read(format: &Format, folder: &Path) -> Result<String, Box<dyn Error>> {
    let file = folder.join(&format.file);
    match &format.kind {
        Kind::Model(data) => evaluate(
            &file,
            data.as_ref().map(|data| FOLDER.join(data)).as_deref(),
        ),
        Kind::Data(given, trainings) => {
            let scores = |name| evaluate(&FOLDER.join(name), Some(&folder.join(given)));
            trainings.iter().map(scores).collect()
        }
        Kind::Run(task) => {
            let words = ["burn-rnn", "train", task, "--config"].map(Into::into);
            let words = words.into_iter().chain([file.into()]).collect();
            let program = Command::new("burn-rnn").subcommand(train());
            let matches = program
                .clone()
                .try_get_matches_from(with_run_file(words, &program)?)?;
            let (_, matches) = matches.subcommand().expect("it was typed");
            Ok(format!("{:?}", TrainTask::from_arg_matches(matches)?))
        }
        Kind::Checkpoint => {
            let line = format.commands[0].strip_suffix("out").expect("it ends so");
            let words = words(line, &FOLDER).chain([folder.join("out").display().to_string()]);
            let matches = train().try_get_matches_from(words)?;
            TrainTask::from_arg_matches(&matches)?.train()?;
            Ok("gone on from".to_owned())
        }
        Kind::Weights => weights(&file),
    }
}

/// The card of a model, the sum of its weights, and its scores.
fn evaluate(model: &Path, data: Option<&Path>) -> Result<String, Box<dyn Error>> {
    let file = ModelFile::open(model)?;
    let what = format!("{:?} {}", file.card, file.checksum());
    let _ = model_card(tasks::card(&file)?, &file, "model");
    let scores = tasks::evaluate(file, data, &device(None)?)?;
    Ok(format!("{what} {scores:?}"))
}

/// The command `train`, as the program has it.
fn train() -> Command {
    let train = TrainTask::augment_subcommands(Command::new("train"));
    DEFAULTS.iter().fold(train, |train, (task, defaults)| {
        train.mut_subcommand(task, |command| with_defaults(command, defaults))
    })
}

#[cfg(feature = "weights")]
fn weights(file: &Path) -> Result<String, Box<dyn Error>> {
    use burn_rnn::weights::{KerasFile, OnnxFile, PytorchFile};

    let (device, ending) = (device(None)?, file.extension().expect("it has an ending"));
    let import = match ending.to_str() {
        Some("onnx") => OnnxFile::open(file)?.import(&device)?,
        Some("keras" | "h5") => KerasFile::open(file)?.import(&device)?,
        _ => PytorchFile::open(file)?.import(burn_rnn::Activation::Tanh, &device)?,
    };
    Ok(format!("{} networks", import.networks.len()))
}

#[cfg(not(feature = "weights"))]
fn weights(_: &Path) -> Result<String, Box<dyn Error>> {
    Err("the command convert is not built in".into())
}
