//! Learns to tell sounds apart, frame by frame.
//!
//! ```text
//! cargo run --release --example sounds                               # learns sounds that it generates
//! cargo run --release --example sounds -- --wav-dir spoken-digits    # files LABEL_SPEAKER_TAKE.wav
//! ```

use std::process::ExitCode;

use burn_rnn_train::classify::command::{DEFAULTS, TrainArgs, train};
use burn_rnn_train::learn::each_seed;
use burn_rnn_train::{exit_code, options};
use clap::Parser;

/// Trains a classifier of sounds and draws what it takes for what.
#[derive(Parser)]
#[command(name = "sounds", version, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    train: TrainArgs,
}

fn main() -> ExitCode {
    let cli = options::parse::<Cli>(DEFAULTS);
    exit_code(|| {
        let cli = cli?;
        each_seed("classify", &cli.train, |args| &mut args.learn, train)
    })
}
