//! `burn-rnn`: trains, evaluates and uses the models of the zoo.

mod cli;
mod completions;
mod inspect;
mod list;

use std::process::ExitCode;

use burn_rnn_train::{TrainError, exit_code, options};
use clap::FromArgMatches;
use cli::{Cli, Command, TrainTask};

/// The Rust source of all crates of the project, put together by `build.rs`.
const SOURCES: &str = include_str!(concat!(env!("OUT_DIR"), "/sources.txt"));

fn main() -> ExitCode {
    exit_code(run())
}

fn run() -> Result<(), TrainError> {
    let command = cli::command();
    let arguments = options::with_run_file(std::env::args_os().collect(), &command)?;
    let matches = command.clone().get_matches_from(arguments);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Train { mut task } => {
            task.learn().run_file = matches
                .subcommand_matches("train")
                .and_then(|train| train.subcommand())
                .zip(command.find_subcommand("train"))
                .and_then(|((name, matches), train)| {
                    let command = train.find_subcommand(name)?;
                    Some(options::run_file(command, matches))
                });
            train(&task)
        }
        Command::Generate(args) => burn_rnn_train::char_rnn::command::generate(&args),
        Command::Classify(args) => burn_rnn_train::classify::command::classify(&args),
        Command::Activations(args) => burn_rnn_train::char_rnn::command::activations(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::List(args) => list::list(&args),
        Command::Completions(args) => {
            completions::completions(&args, command);
            Ok(())
        }
    }
}

fn train(task: &TrainTask) -> Result<(), TrainError> {
    match task {
        TrainTask::Classify(args) => burn_rnn_train::classify::command::train(args),
        TrainTask::Speak(args) => burn_rnn_train::speak::command::train(args),
        TrainTask::Music(args) => burn_rnn_train::music::command::train(args),
        TrainTask::Text(args) => burn_rnn_train::char_rnn::command::train(args, SOURCES),
    }
}
