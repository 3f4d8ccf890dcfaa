//! The commands and their options.

use burn_rnn_train::anomaly::DetectArgs;
use burn_rnn_train::classes::ClassifyArgs;
use burn_rnn_train::forecast::command::ForecastArgs;
use burn_rnn_train::options::with_defaults;
use burn_rnn_train::tag::command::TagArgs;
use burn_rnn_train::text::command::ActivationArgs;
use burn_rnn_train::transduce::TransduceArgs;
use clap::{CommandFactory, Parser, Subcommand};

use crate::completions::CompletionArgs;
#[cfg(feature = "weights")]
use crate::convert::ConvertArgs;
use crate::evaluate::EvalArgs;
use crate::generate::GenerateArgs;
use crate::inspect::InspectArgs;
use crate::list::ListArgs;
use crate::tasks::{DEFAULTS, TrainTask};

/// Trains, evaluates and uses recurrent networks: text, series, sound, music, dates, grammars.
///
/// Models are single files that hold all they need; `burn-rnn list` shows those that come with the
/// project.
#[derive(Debug, Parser)]
#[command(
    name = "burn-rnn",
    version,
    args_override_self = true,
    after_help = "Exit codes:\n  0    done\n  2    something given does not fit, or cannot be read or \
                  written: one line on standard error says what\n  130  interrupted by Ctrl-C, after \
                  everything was saved"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // There is one, not a vector of them.
pub enum Command {
    /// Trains a model; `burn-rnn train FILE` tells which tasks take the file
    Train {
        /// What it learns.
        #[command(subcommand)]
        task: Box<TrainTask>,
    },
    /// Measures a trained model on held-out data
    Eval(EvalArgs),
    /// Writes text, composes music, speaks or draws strings with a trained model
    Generate(GenerateArgs),
    /// Forecasts with a trained model what comes after the end of a table
    Forecast(ForecastArgs),
    /// Finds with a trained model what is not as usual in a table
    Detect(DetectArgs),
    /// Tells with a trained model what sounds or series are
    Classify(ClassifyArgs),
    /// Tags the tokens of sentences with a trained model
    Tag(TagArgs),
    /// Turns strings into others with a trained model: dates to ISO 8601, for instance
    Transduce(TransduceArgs),
    /// Writes an HTML page that colours a text by a hidden unit's activation
    Activations(ActivationArgs),
    /// Brings recurrent networks from one library's file into another's: PyTorch, Keras and ONNX
    #[cfg(feature = "weights")]
    Convert(ConvertArgs),
    /// Shows what is in a model file: task, scores, layers, parameters, sizes
    Inspect(InspectArgs),
    /// Lists the models of the zoo: task, architecture, size, metric, how each was trained
    List(ListArgs),
    /// Prints the completions for a shell
    Completions(CompletionArgs),
}

/// The command line, each task with its own defaults.
pub fn command() -> clap::Command {
    Cli::command().mut_subcommand("train", |train| {
        DEFAULTS.iter().fold(train, |train, (task, defaults)| {
            train.mut_subcommand(task, |command| with_defaults(command, defaults))
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_explained() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path}");
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{path} {}", arg.get_id());
            }
            for command in command.get_subcommands() {
                look(command, &path);
            }
        }
        look(&super::command(), "");
    }
}
