//! `burn-rnn completions`: what a shell needs to complete the options.

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
pub fn completions(args: &CompletionArgs, mut command: clap::Command) {
    clap_complete::generate(args.shell, &mut command, "burn-rnn", &mut std::io::stdout());
}
