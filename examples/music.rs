//! Learns polyphonic music step by step and composes a piece.
//!
//! ```text
//! cargo run --release --example music                                        # learns pieces that it generates
//! cargo run --release --example music -- --rolls jsb-chorales-quarter.json --cell lstm --seeds 3
//! ```

use std::process::ExitCode;

use burn_rnn_train::learn::each_seed;
use burn_rnn_train::music::command::{DEFAULTS, TrainArgs, train};
use burn_rnn_train::{exit_code, options};
use clap::Parser;

/// Trains a polyphonic music model and composes a piece with it.
#[derive(Parser)]
#[command(name = "music", version, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    train: TrainArgs,
}

fn main() -> ExitCode {
    let cli = options::parse::<Cli>(DEFAULTS);
    exit_code(|| {
        let cli = cli?;
        each_seed("music", &cli.train, |args| &mut args.learn, train)
    })
}
