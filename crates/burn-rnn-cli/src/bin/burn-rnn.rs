//! `burn-rnn`: trains, evaluates and uses recurrent networks.

use std::process::ExitCode;

fn main() -> ExitCode {
    burn_rnn_cli::program()
}
