//! What clap does not do by itself: defaults by task, and options from a file.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use burn_rnn_data::DataError;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::standard_output::is_quiet;
use crate::{TomlReason, TrainError, not_printed};

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

/// What clap says of a value that an option does not take, in one line.
fn wrong_value(error: &clap::Error) -> Option<String> {
    let kinds = [ErrorKind::InvalidValue, ErrorKind::ValueValidation];
    if !kinds.contains(&error.kind()) {
        return None;
    }
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines
        .take_while(|line| !line.starts_with("For more"))
        .collect();
    Some(lines.join(" ").trim_start_matches("error: ").to_owned())
}

/// The most bytes of a file of options. The reader of TOML takes fifty times as many.
const LARGEST_FILE: usize = 1 << 20;

/// Options that belong to a call, not to the run that it makes.
const OF_THE_CALL: [&str; 6] = ["config", "resume", "plain", "json", "help", "version"];

/// The arguments with the options of the file that `--config` names before those that are typed, so
/// that these win. `command` tells which options there are.
///
/// # Errors
///
/// Where the file cannot be read, is no TOML, or has an option that the command lacks.
pub fn with_run_file(
    arguments: Vec<OsString>,
    command: &Command,
) -> Result<Vec<OsString>, TrainError> {
    let Some(path) = value_of(&arguments, "--config") else {
        return Ok(arguments);
    };
    let refuse = |reason: String| TrainError::Model {
        path: path.clone(),
        reason,
    };
    let bytes = burn_rnn_data::read_file(&path).map_err(|source| TrainError::Read {
        path: path.clone(),
        expected: "a TOML file of options, such as the run.toml that a training leaves",
        source,
    })?;
    if bytes.len() > LARGEST_FILE {
        return Err(refuse(format!(
            "it has {} bytes, expected a file of options, which has {LARGEST_FILE} at most",
            bytes.len()
        )));
    }
    let text = String::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
        path: path.clone(),
        position: error.utf8_error().valid_up_to(),
    })?;
    let table: toml::Table =
        text.parse()
            .map_err(|error: toml::de::Error| TrainError::NotToml {
                path: path.clone(),
                line: line(&text, &error),
                source: TomlReason(error),
            })?;

    // The words up to the innermost subcommand; the file's options go behind them.
    let mut command = command;
    let mut words = 1.min(arguments.len());
    while let Some(inner) = arguments
        .get(words)
        .and_then(|word| command.find_subcommand(word))
    {
        command = inner;
        words += 1;
    }
    let typed: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| {
            let long = arg.get_long().map(|long| format!("--{long}"));
            long.is_some_and(|long| given(&arguments, &long))
        })
        .collect();
    let mut expanded = arguments[..words].to_vec();
    for (key, value) in &table {
        let arg = command
            .get_arguments()
            .find(|arg| arg.get_long() == Some(key))
            .ok_or_else(|| {
                let known: Vec<_> = command
                    .get_arguments()
                    .filter_map(Arg::get_long)
                    .filter(|long| !OF_THE_CALL.contains(long))
                    .collect();
                refuse(format!(
                    "{key} is no option of {}: it has {}",
                    command.get_name(),
                    known.join(", ")
                ))
            })?;
        if !typed.iter().any(|typed| conflict(command, typed, arg)) {
            let words = words_of(key, value).map_err(refuse)?;
            fits(command, &words).map_err(refuse)?;
            expanded.extend(words);
        }
    }
    expanded.extend_from_slice(&arguments[words..]);
    Ok(expanded)
}

/// Refuses a value that the option does not take: clap would name the option, not the file.
fn fits(command: &Command, words: &[OsString]) -> Result<(), String> {
    let program = core::iter::once(OsString::from("burn-rnn"));
    let parsed = command
        .clone()
        .try_get_matches_from(program.chain(words.iter().cloned()));
    match parsed.err().and_then(|error| wrong_value(&error)) {
        Some(message) => Err(message),
        None => Ok(()),
    }
}

fn conflict(command: &Command, one: &Arg, other: &Arg) -> bool {
    let excludes = |a: &Arg, b: &Arg| {
        command
            .get_arg_conflicts_with(a)
            .iter()
            .any(|arg| arg.get_id() == b.get_id())
    };
    one.get_id() != other.get_id() && (excludes(one, other) || excludes(other, one))
}

fn words_of(key: &str, value: &toml::Value) -> Result<Vec<OsString>, String> {
    let option = |text: String| vec![OsString::from(format!("--{key}={text}"))];
    Ok(match value {
        toml::Value::Boolean(true) => vec![OsString::from(format!("--{key}"))],
        toml::Value::Boolean(false) => Vec::new(),
        toml::Value::String(text) => option(text.clone()),
        toml::Value::Integer(number) => option(number.to_string()),
        toml::Value::Float(number) => option(number.to_string()),
        toml::Value::Array(values) => {
            let words: Result<Vec<_>, _> =
                values.iter().map(|value| words_of(key, value)).collect();
            words?.concat()
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => {
            return Err(format!(
                "{key} is a {}, expected text, a number, true, false or a list of these",
                value.type_str()
            ));
        }
    })
}

fn given(arguments: &[OsString], long: &str) -> bool {
    arguments.iter().any(|word| {
        word.to_str()
            .and_then(|word| word.strip_prefix(long))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

fn value_of(arguments: &[OsString], long: &str) -> Option<PathBuf> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.to_str().and_then(|word| word.strip_prefix(long)) {
            Some("") => return words.next().map(PathBuf::from),
            Some(rest) if rest.starts_with('=') => return Some(PathBuf::from(&rest[1..])),
            _ => {}
        }
    }
    None
}

/// All options of a run with their values, defaults included, as TOML that `--config` reads again.
/// `matches` are those of `command` itself, not of a command around it.
pub fn run_file(command: &Command, matches: &ArgMatches) -> String {
    let typed =
        |arg: &&Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let typed: Vec<&Arg> = command.get_arguments().filter(typed).collect();
    let mut table = toml::Table::new();
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let Some(long) = arg.get_long().filter(|long| !OF_THE_CALL.contains(long)) else {
            continue;
        };
        // Of two defaults that exclude each other, --epochs and a task's own --steps, the one that gives way is left out.
        let gives_way = || {
            let others = command.get_arg_conflicts_with(arg);
            others.iter().any(|other| {
                let id = other.get_id().as_str();
                // A flag that is not given excludes nothing.
                matches.value_source(id) == Some(ValueSource::DefaultValue)
                    && !matches!(other.get_action(), ArgAction::SetTrue)
            })
        };
        let is_typed = typed.iter().any(|typed| typed.get_id() == arg.get_id());
        if typed.iter().any(|typed| conflict(command, typed, arg)) || (!is_typed && gives_way()) {
            continue;
        }
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            table.insert(long.to_owned(), matches.get_flag(id).into());
            continue;
        }
        let Some(values) = matches.get_raw(id) else {
            continue;
        };
        // A path that is not UTF-8 cannot be written in TOML.
        let values: Option<Vec<&str>> = values.map(OsStr::to_str).collect();
        let Some(values) = values else {
            continue;
        };
        let mut values: Vec<toml::Value> = values.into_iter().map(typed_value).collect();
        let value = match (arg.get_action(), values.len()) {
            (ArgAction::Append, _) => toml::Value::Array(values),
            (_, 1) => values.remove(0),
            _ => toml::Value::Array(values),
        };
        table.insert(long.to_owned(), value);
    }
    table.to_string()
}

/// A number where the text is exactly how the number is written.
fn typed_value(text: &str) -> toml::Value {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => number.into(),
        _ => match text.parse::<f64>() {
            // A whole number beyond TOML's would come back with a point.
            Ok(number)
                if number.is_finite()
                    && number.to_string() == text
                    && text.parse::<u64>().is_err() =>
            {
                number.into()
            }
            _ => text.into(),
        },
    }
}

/// The line of a TOML file that cannot be read, counted from 1.
fn line(text: &str, error: &toml::de::Error) -> usize {
    let before = error.span().and_then(|span| text.get(..span.start));
    before.map_or(1, |before| before.matches('\n').count() + 1)
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
    #[command(name = "program", args_override_self = true)]
    struct Cli {
        #[arg(long)]
        config: Option<PathBuf>,
        #[arg(long, default_value_t = 10, conflicts_with = "steps")]
        epochs: usize,
        #[arg(long)]
        steps: Option<usize>,
        #[arg(long, default_value_t = 0.1)]
        lr: f64,
        #[arg(long)]
        text: Option<String>,
        #[arg(long)]
        deep: bool,
    }

    fn arguments(words: &[&str]) -> Vec<OsString> {
        let words = core::iter::once(&"program").chain(words);
        words.map(OsString::from).collect()
    }

    fn expanded(file: &str, words: &[&str]) -> Result<Cli, TrainError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        std::fs::write(&path, file).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let words: Vec<&str> = ["--config", &path]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let command = Cli::command();
        let arguments = with_run_file(arguments(&words), &command)?;
        Ok(Cli::parse_from(arguments))
    }

    #[test]
    fn a_default_number_of_steps_gives_way_to_epochs() {
        #[derive(Debug, Parser)]
        struct Trainer {
            #[command(flatten)]
            learn: crate::learn::LearnArgs,
        }
        let command = with_defaults(Trainer::command(), &[("steps", "7"), ("lr", "0.5")]);
        let learn = |words: &[&str]| {
            let matches = command.clone().get_matches_from(arguments(words));
            Trainer::from_arg_matches(&matches).unwrap().learn
        };
        assert_eq!((learn(&[]).steps, learn(&[]).lr), (Some(7), 0.5));
        let given = learn(&["--epochs", "3"]);
        assert_eq!((given.steps, given.epochs), (None, 3));
    }

    #[test]
    fn a_task_s_own_default_is_the_only_one_that_help_prints() {
        #[derive(Debug, Parser)]
        struct Trainer {
            #[command(flatten)]
            learn: crate::learn::LearnArgs,
        }
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

    #[test]
    fn what_is_typed_wins() {
        let file = "steps = 7\nlr = 0.5\ntext = \"a b\"\ndeep = true\n";
        let cli = expanded(file, &["--lr", "0.25"]).unwrap();
        assert_eq!((cli.steps, cli.lr, cli.deep), (Some(7), 0.25, true));
        assert_eq!(cli.text.as_deref(), Some("a b"));
        let cli = expanded(file, &["--epochs=3"]).unwrap();
        assert_eq!((cli.steps, cli.epochs), (None, 3));
    }

    #[test]
    fn files_that_do_not_fit_are_told_why() {
        let message = |file| crate::one_line(&expanded(file, &[]).unwrap_err());
        assert!(message("leyers = 2").contains("leyers is no option of program: it has epochs"));
        assert!(message("lr = ").contains("run.toml"));
        let broken = message("steps = 7\nlr = \n= 3");
        assert!(
            broken.contains("line 2 is not TOML") && !broken.contains('\n'),
            "{broken}"
        );
        let missing = arguments(&["--config", "nowhere.toml"]);
        let error = with_run_file(missing, &Cli::command()).unwrap_err();
        assert!(error.to_string().contains("nowhere.toml"), "{error}");
    }

    #[test]
    fn the_file_of_a_run_makes_the_same_run() {
        let command = Cli::command();
        let typed = ["--steps", "7", "--text", "007", "--deep"];
        let matches = command.clone().get_matches_from(arguments(&typed));
        let file = run_file(&command, &matches);
        assert!(!file.contains("epochs"), "{file}");
        let cli = expanded(&file, &[]).unwrap();
        assert_eq!((cli.steps, cli.lr, cli.deep), (Some(7), 0.1, true));
        assert_eq!(cli.text.as_deref(), Some("007"));
    }

    #[test]
    fn a_file_that_cannot_be_one_of_options_is_not_parsed() {
        let long = format!("text = \"{}\"\n", "a".repeat(LARGEST_FILE));
        let message = expanded(&long, &[]).unwrap_err().to_string();
        assert!(
            message.contains("run.toml: it has 1048586 bytes"),
            "{message}"
        );
    }

    #[test]
    fn a_task_s_own_number_of_steps_stands_alone_in_the_file() {
        let command = with_defaults(Cli::command(), &[("steps", "9")]);
        let matches = command.clone().get_matches_from(arguments(&[]));
        let file = run_file(&command, &matches);
        assert!(!file.contains("epochs"), "{file}");
        assert_eq!(expanded(&file, &[]).unwrap().steps, Some(9));
    }
}
