//! Learns a text character by character and writes more of it.
//!
//! ```text
//! cargo run --release --example char-rnn                                  # learns this project's source
//! cargo run --release --example char-rnn -- --text book.txt --out book    # learns a text of yours
//! cargo run --release --example char-rnn -- generate --model book --prompt "Once" --temperature 0.8
//! ```

use std::process::ExitCode;

use burn_rnn_train::text::command::{Cli, DEFAULTS, run};
use burn_rnn_train::{exit_code, options};

/// The Rust source of all crates of the project, put together by `build.rs`.
const SOURCES: &str = include_str!(concat!(env!("OUT_DIR"), "/sources.txt"));

fn main() -> ExitCode {
    let defaults = [DEFAULTS, &[("out", "char-rnn-model")]].concat();
    let cli = options::parse::<Cli>(&defaults);
    exit_code(|| cli.and_then(|cli| run(cli, SOURCES)))
}
