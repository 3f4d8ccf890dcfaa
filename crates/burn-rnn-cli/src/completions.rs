//! `burn-rnn completions`: what a shell needs to complete the options.

use burn_rnn_train::{TrainError, print};
use clap::Args;
use clap_complete::Shell;

/// The options of `completions`.
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script for the shell.
pub fn completions(args: &CompletionArgs, mut command: clap::Command) -> Result<(), TrainError> {
    // clap would panic where nobody takes it.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "burn-rnn", &mut script);
    print(&script)
}
