//! The commands and their options.

use burn_rnn_train::char_rnn::command as text;
use burn_rnn_train::horizons::command as horizons;
use burn_rnn_train::learn::LearnArgs;
use burn_rnn_train::music::command as music;
use burn_rnn_train::options::with_defaults;
use clap::{CommandFactory, Parser, Subcommand};

use crate::completions::CompletionArgs;
use crate::inspect::InspectArgs;
use crate::list::ListArgs;

/// Trains, evaluates and uses recurrent networks: text, series, sound, music, dates, grammars.
///
/// Models are single files that hold all they need. Exit codes: 0 done, 2 something given does not fit
/// (one line on standard error says what), 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "burn-rnn", version, args_override_self = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // There is one, not a vector of them.
pub enum Command {
    /// Trains a model
    Train {
        /// What it learns.
        #[command(subcommand)]
        task: TrainTask,
    },
    /// Writes text with a trained model
    Generate(text::GenerateArgs),
    /// Forecasts what comes after the end of a table
    Forecast(horizons::ForecastArgs),
    /// Writes an HTML page that colours a text by a hidden unit's activation
    Activations(text::ActivationArgs),
    /// Shows what is in a model file: task, scores, layers, parameters, sizes
    Inspect(InspectArgs),
    /// Lists the models of the zoo
    List(ListArgs),
    /// Prints the completions for a shell
    Completions(CompletionArgs),
}

/// What can be learnt.
#[derive(Debug, Subcommand)]
#[command(args_override_self = true)]
pub enum TrainTask {
    /// Text, character by character
    #[command(args_override_self = true)]
    Text(text::TrainArgs),
    /// Polyphonic music, step by step
    #[command(args_override_self = true)]
    Music(music::TrainArgs),
    /// Several series, several steps ahead
    #[command(args_override_self = true)]
    Forecast(horizons::TrainArgs),
}

impl TrainTask {
    /// The options of the loop.
    pub fn learn(&mut self) -> &mut LearnArgs {
        match self {
            Self::Text(args) => &mut args.learn,
            Self::Music(args) => &mut args.learn,
            Self::Forecast(args) => &mut args.learn,
        }
    }
}

/// The command line, each task with its own defaults.
pub fn command() -> clap::Command {
    Cli::command().mut_subcommand("train", |train| {
        let defaults = [
            ("text", text::DEFAULTS),
            ("music", music::DEFAULTS),
            ("forecast", horizons::DEFAULTS),
        ];
        defaults.into_iter().fold(train, |train, (task, defaults)| {
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
}
