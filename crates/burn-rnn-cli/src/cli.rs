//! The commands and their options.

use burn_rnn_train::char_rnn::command as text;
use burn_rnn_train::learn::LearnArgs;
use burn_rnn_train::memory::command as memory;
use burn_rnn_train::music::command as music;
use burn_rnn_train::options::with_defaults;
use burn_rnn_train::reber::command as reber;
use burn_rnn_train::tag::command as tag;
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
pub enum Command {
    /// Trains a model
    Train {
        /// What it learns.
        #[command(subcommand)]
        task: TrainTask,
    },
    /// Writes text with a trained model
    Generate(text::GenerateArgs),
    /// Tags the tokens of sentences with a trained model
    Tag(tag::TagArgs),
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
    /// The embedded Reber grammar, symbol by symbol
    #[command(args_override_self = true)]
    Reber(reber::TrainArgs),
    /// A tag for every token of a sentence: names, parts of speech
    #[command(args_override_self = true)]
    Tag(tag::TrainArgs),
    /// Memory problems: adding, copy, temporal order, parity
    #[command(args_override_self = true)]
    Memory(memory::TrainArgs),
}

impl TrainTask {
    /// The options of the loop.
    pub fn learn(&mut self) -> &mut LearnArgs {
        match self {
            Self::Text(args) => &mut args.learn,
            Self::Music(args) => &mut args.learn,
            Self::Reber(args) => &mut args.learn,
            Self::Memory(args) => &mut args.learn,
            Self::Tag(args) => &mut args.learn,
        }
    }
}

/// The command line, each task with its own defaults.
pub fn command() -> clap::Command {
    Cli::command().mut_subcommand("train", |train| {
        let defaults = [
            ("text", text::DEFAULTS),
            ("music", music::DEFAULTS),
            ("reber", reber::DEFAULTS),
            ("memory", memory::DEFAULTS),
            ("tag", tag::DEFAULTS),
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
