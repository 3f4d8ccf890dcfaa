//! The program `burn-rnn`: trains, evaluates and uses the models of the zoo.
//!
//! `burn-rnn COMMAND --help` has every option with its default.
//!
//! | command | what it does |
//! |---|---|
//! | `train` | trains a model of a task, below; of a file alone it tells which tasks take it |
//! | `eval` | measures a trained model on held-out data |
//! | `generate` | writes text, composes music, speaks or draws strings |
//! | `forecast` | continues a table of series |
//! | `detect` | finds anomalies in a table |
//! | `classify` | tells what sounds or series are |
//! | `tag` | tags the tokens of sentences |
//! | `transduce` | turns strings into others |
//! | `activations` | writes a page that colours a text by a hidden unit's activation |
//! | `convert` | brings networks from one library's file into another's: PyTorch, Keras and ONNX (feature `weights`) |
//! | `inspect` | shows what is in a model file |
//! | `list` | lists the models of the zoo |
//! | `completions` | prints the completions for a shell |
//!
//! The tasks of `train` are `text`, `music`, `reber`, `tag`, `memory`, `forecast`, `anomaly`, `classify`, `classify-series`, `speak` and `transduce`. What each learns, and
//! the module that does it: [`burn_rnn_train`].

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod classify;
mod cli;
mod completions;
#[cfg(feature = "weights")]
mod convert;
#[cfg(feature = "weights")]
mod convert_report;
mod evaluate;
mod generate;
mod inspect;
mod list;
mod suggest;
mod tasks;
mod text;

use std::process::ExitCode;
use std::sync::Arc;

use burn_rnn_ranks::Communicator;
use burn_rnn_train::learn::each_seed;
use burn_rnn_train::{TrainError, exit_code_over, options};
use clap::FromArgMatches;
use cli::{Cli, Command};
use tasks::TrainTask;

/// The whole program, with the arguments of this process; its exit code.
pub fn program() -> ExitCode {
    exit_code_over(run)
}

fn run(ranks: Arc<dyn Communicator>) -> Result<(), TrainError> {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some((file, json)) = suggest::file_for_a_task(&arguments) {
        return suggest::suggest(&file, json);
    }
    let command = cli::command();
    let arguments = options::with_run_file(arguments, &command)?;
    let matches = options::matches(&command, arguments)?;
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
            task.learn().over(ranks);
            each_seed(
                task.name(),
                task.as_ref(),
                TrainTask::learn,
                TrainTask::train,
            )
        }
        Command::Eval(args) => evaluate::evaluate(&args),
        Command::Generate(args) => generate::generate(&args),
        Command::Forecast(args) => burn_rnn_train::forecast::command::forecast(&args),
        Command::Detect(args) => burn_rnn_train::anomaly::detect(&args),
        Command::Classify(args) => classify::classify(&args),
        Command::Tag(args) => burn_rnn_train::tag::command::tag(&args),
        Command::Transduce(args) => burn_rnn_train::transduce::transduce(&args),
        Command::Activations(args) => burn_rnn_train::text::command::activations(&args),
        #[cfg(feature = "weights")]
        Command::Convert(args) => convert::convert(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::List(args) => list::list(&args),
        Command::Completions(args) => completions::completions(&args, command),
    }
}
