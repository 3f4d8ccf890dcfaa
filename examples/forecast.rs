//! Forecasts a time series and compares with naive forecasts and a network without memory.
//!
//! ```text
//! cargo run --release --example forecast                                       # Mackey–Glass
//! cargo run --release --example forecast -- --csv sales.csv --column total --horizon 12 --window 48
//! ```

use std::process::ExitCode;

use burn_rnn_train::forecast::command::{Cli, run};
use burn_rnn_train::{exit_code, options};

fn main() -> ExitCode {
    exit_code(|| run(options::parse::<Cli>(&[])?.0))
}
