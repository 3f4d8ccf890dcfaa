//! The tasks of the zoo: the one place where a task becomes part of the program.
//!
//! A task is a module with `TrainArgs` (which has `learn: LearnArgs`), `DEFAULTS`, `CARD`, `train` and
//! `evaluate`, and a line of `tasks!` below: its name on the command line and in model files, the module,
//! and the variant of [`TrainTask`].

use std::path::Path;

use burn::tensor::Device;
use burn_rnn_train::anomaly::command as anomaly;
use burn_rnn_train::classify::command as classify;
use burn_rnn_train::classify_series::command as classify_series;
use burn_rnn_train::forecast::command as forecast;
use burn_rnn_train::learn::LearnArgs;
use burn_rnn_train::memory::command as memory;
use burn_rnn_train::music::command as music;
use burn_rnn_train::options::Defaults;
use burn_rnn_train::reber::command as reber;
use burn_rnn_train::speak::command as speak;
use burn_rnn_train::tag::command as tag;
use burn_rnn_train::transduce::command as transduce;
use burn_rnn_train::{ModelFile, TaskCard, TrainError};
use clap::Subcommand;

use crate::text;

macro_rules! tasks {
    ($($(#[$about:meta])+ $name:literal $task:ident: $Task:ident,)+) => {
        /// What can be learnt.
        #[derive(Clone, Debug, Subcommand)]
        pub enum TrainTask {
            $($(#[$about])+ #[command(name = $name, args_override_self = true)] $Task($task::TrainArgs),)+
        }

        impl TrainTask {
            /// The options of the loop.
            pub fn learn(&mut self) -> &mut LearnArgs {
                match self {
                    $(Self::$Task(args) => &mut args.learn,)+
                }
            }

            /// The task's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$Task(_) => $name,)+
                }
            }

            /// Trains a model.
            pub fn train(&self) -> Result<(), TrainError> {
                match self {
                    $(Self::$Task(args) => $task::train(args),)+
                }
            }
        }

        /// Each task's own defaults.
        pub const DEFAULTS: &[(&str, Defaults)] = &[$(($name, $task::DEFAULTS)),+];

        /// The held-out figures of a model.
        pub fn evaluate(
            file: ModelFile,
            input: Option<&Path>,
            device: &Device,
        ) -> Result<Vec<(String, f64)>, TrainError> {
            match file.card.task.as_str() {
                $($name => $task::evaluate(file, input, device),)+
                _ => Err(unknown(&file)),
            }
        }

        /// What a model's card says of its task.
        pub fn card(file: &ModelFile) -> Result<&'static TaskCard, TrainError> {
            match file.card.task.as_str() {
                $($name => Ok(&$task::CARD),)+
                _ => Err(unknown(file)),
            }
        }
    };
}

tasks! {
    /// Text, character by character (many-to-many)
    "text" text: Text,
    /// Polyphonic music, step by step (many-to-many); --hidden 0 makes about 20 000 parameters
    "music" music: Music,
    /// The embedded Reber grammar, symbol by symbol (many-to-many)
    "reber" reber: Reber,
    /// A tag for every token of a sentence: names, parts of speech (many-to-many)
    "tag" tag: Tag,
    /// Memory problems: adding, copy, temporal order, parity
    "memory" memory: Memory,
    /// Several series, several steps ahead; with --model feed-forward one-to-one
    "forecast" forecast: Forecast,
    /// What is usual in a table, to find what is not: a forecaster or an autoencoder
    "anomaly" anomaly: Anomaly,
    /// Sounds, each as a whole: which label it has (many-to-one)
    "classify" classify: Classify,
    /// Series of several channels, each as a whole: which label it has (many-to-one)
    "classify-series" classify_series: ClassifySeries,
    /// Sounds, frame by frame: to say a label (one-to-many)
    "speak" speak: Speak,
    /// Strings into others: dates, number words, pairs from a file (encoder-decoder)
    "transduce" transduce: Transduce,
}

/// The error that this program has no such task.
fn unknown(file: &ModelFile) -> TrainError {
    let tasks: Vec<&str> = DEFAULTS.iter().map(|(task, _)| *task).collect();
    let given = &file.card.task;
    file.refuse(format!(
        "a model for the task {given}; this program knows {}",
        tasks.join(", ")
    ))
}
