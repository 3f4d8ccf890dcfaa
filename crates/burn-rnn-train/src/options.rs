//! What clap does not do by itself: defaults by task, and options from a file, which `run_file` reads and writes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::run_file::wrong_value;
pub use crate::run_file::{run_file, with_run_file};
use crate::standard_output::is_quiet;
use crate::{TrainError, not_printed};

/// Default values of options, by their long names.
pub type Defaults = &'static [(&'static str, &'static str)];

/// The command with other default values for some of its options, by their long names.
///
/// # Panics
///
/// Where the command has no such option.
#[must_use]
pub fn with_defaults(command: Command, defaults: &[(&'static str, &'static str)]) -> Command {
    let command = defaults.iter().fold(command, |command, (long, value)| {
        command.mut_arg(long.replace('-', "_"), |arg| one_default(arg, value))
    });
    // clap fills in defaults in the order of the options, and a changed option goes to the end: --steps
    // has to come before --epochs, or the default of --epochs would look like one that was typed.
    match defaults.iter().any(|(long, _)| *long == "steps") {
        true => command.mut_arg("epochs", |arg| arg),
        false => command,
    }
}

/// The option with this default value in place of one that its description tells: clap prints the value itself.
fn one_default(arg: Arg, value: &'static str) -> Arg {
    let told = arg.get_help().map(ToString::to_string);
    let arg = arg.default_value(value);
    match told
        .as_deref()
        .and_then(|help| help.split_once(" [default:"))
    {
        Some((help, _)) => arg.help(help.to_owned()),
        None => arg,
    }
}

/// The program's own arguments as `C`, with these defaults; what `--config` names is read. Ends the
/// program with clap's message, or one of this crate, where they do not fit.
///
/// # Errors
///
/// Where the file that `--config` names cannot be used.
pub fn parse<C: CommandFactory + FromArgMatches>(
    defaults: &[(&'static str, &'static str)],
) -> Result<C, TrainError> {
    let command = with_defaults(C::command(), defaults);
    let arguments = with_run_file(std::env::args_os().collect(), &command)?;
    let matches = matches(&command, arguments)?;
    Ok(C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// The values of the arguments. Where clap has something to say, help or which options there are, the program ends
/// with that.
///
/// # Errors
///
/// Where an option does not take its value, or nobody takes the help.
pub fn matches(command: &Command, arguments: Vec<OsString>) -> Result<ArgMatches, TrainError> {
    match command.clone().try_get_matches_from(arguments) {
        Ok(matches) => {
            crate::limits::check(command, &matches)?;
            Ok(matches)
        }
        Err(error) => match wrong_value(&error) {
            Some(message) => Err(TrainError::Argument(message)),
            None if is_quiet() => std::process::exit(error.exit_code()),
            None => match error.print() {
                Err(printing) if !error.use_stderr() => Err(not_printed(printing)),
                _ => std::process::exit(error.exit_code()),
            },
        },
    }
}

/// A trainer's options as if they had been typed.
#[cfg(test)]
pub(crate) fn typed<A: clap::Args>(words: &[&str], defaults: &[(&'static str, &'static str)]) -> A {
    let command = with_defaults(A::augment_args(Command::new("train")), defaults);
    let words = core::iter::once(&"train").chain(words);
    A::from_arg_matches(&command.get_matches_from(words)).unwrap()
}

/// Where a training without `--out` writes.
pub(crate) fn default_folder(task: &str) -> PathBuf {
    Path::new("out").join(task)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Trainer {
        #[command(flatten)]
        learn: crate::learn::LearnArgs,
    }

    #[test]
    fn a_default_number_of_steps_gives_way_to_epochs() {
        let command = with_defaults(Trainer::command(), &[("steps", "7"), ("lr", "0.5")]);
        let learn = |words: &[&str]| {
            let matches = command
                .clone()
                .get_matches_from([&["program"], words].concat());
            Trainer::from_arg_matches(&matches).unwrap().learn
        };
        assert_eq!((learn(&[]).steps, learn(&[]).lr), (Some(7), 0.5));
        let given = learn(&["--epochs", "3"]);
        assert_eq!((given.steps, given.epochs), (None, 3));
    }

    #[test]
    fn a_task_s_own_default_is_the_only_one_that_help_prints() {
        let defaults = [("final-lr", "0.0004"), ("eval-every", "200")];
        let help = |defaults| {
            let mut command = with_defaults(Trainer::command(), defaults);
            command.render_long_help().to_string()
        };
        let (own, shared) = (help(&defaults), help(&[]));
        assert!(own.contains("[default: 0.0004]") && own.contains("[default: 200]"));
        for told in [
            "[default: a hundredth of --lr]",
            "[default: a pass over the examples]",
        ] {
            assert!(shared.contains(told) && !own.contains(told), "{own}");
        }
    }
}
