//! Learns to continue a table of series and compares with naive forecasts: the task `burn-rnn train forecast` as a program of its own.
//!
//! ```text
//! cargo run --release --example forecast                                    # series that it generates
//! cargo run --release --example forecast -- --csv sales.csv --columns total --horizon 12
//! ```

use std::process::ExitCode;

use burn_rnn_train::forecast::command::{DEFAULTS, TrainArgs, train};
use burn_rnn_train::learn::each_seed;
use burn_rnn_train::{exit_code, options};
use clap::Parser;

/// Trains a forecaster of a table of series and draws what it forecasts.
#[derive(Parser)]
#[command(name = "forecast", version, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    train: TrainArgs,
}

fn main() -> ExitCode {
    exit_code(|| {
        let cli = options::parse::<Cli>(DEFAULTS)?;
        each_seed("forecast", &cli.train, |args| &mut args.learn, train)
    })
}
