//! The largest counts that options take. What is beyond them fits into no memory or never ends, so that it is refused
//! before anything is made.

use core::any::TypeId;

use clap::{ArgMatches, Command};

use crate::TrainError;

/// The largest values, by the long names of the options; [`OTHERWISE`] for those that are not here.
const LARGEST: &[(&str, u64)] = &[
    ("accumulate", 1 << 16),
    ("bands", 1 << 10),
    ("batch-size", 1 << 20),
    ("embedding", 1 << 16),
    ("epochs", 1_000_000),
    ("gap", 1 << 20),
    ("horizon", 1 << 20),
    ("items", 1 << 20),
    ("lags", 1 << 20),
    ("length", 1 << 20),
    ("seed", u64::MAX),
    ("seeds", 1 << 10),
    ("seq-len", 1 << 20),
    ("smoothing", 1 << 20),
    ("strings", 10_000_000),
    ("window", 1 << 20),
];

/// The largest value of all other counts.
const OTHERWISE: u64 = 1_000_000_000;

/// The most numbers that a batch or the parameters of a network may have: a gigabyte, and several times that with
/// gradients and the optimizer's state.
const NUMBERS: usize = 1 << 28;

/// Refuses counts beyond their limits among the options of a command and its subcommands.
///
/// # Errors
///
/// With the option, its value and its limit.
pub(crate) fn check(command: &Command, matches: &ArgMatches) -> Result<(), TrainError> {
    for arg in command.get_arguments() {
        let kind = arg.get_value_parser().type_id();
        if kind != TypeId::of::<usize>() && kind != TypeId::of::<u64>() {
            continue;
        }
        let name = arg.get_long().unwrap_or(arg.get_id().as_str());
        let largest = LARGEST.iter().find(|(known, _)| *known == name);
        let largest = largest.map_or(OTHERWISE, |(_, largest)| *largest);
        let values = matches.get_raw(arg.get_id().as_str());
        for value in values.into_iter().flatten() {
            let value = value.to_string_lossy();
            if value.parse::<u64>().is_ok_and(|value| value > largest) {
                return Err(TrainError::Argument(format!(
                    "--{name} is {value}, expected at most {largest}: more fits into no memory, or never ends"
                )));
            }
        }
    }
    let Some((name, matches)) = matches.subcommand() else {
        return Ok(());
    };
    let command = command.find_subcommand(name);
    command.map_or(Ok(()), |command| check(command, matches))
}

/// Refuses what has more numbers than memory could hold: the product of these sizes, which `what` says.
///
/// # Errors
///
/// With the sizes and the limit.
pub(crate) fn check_memory(what: &'static str, sizes: &[usize]) -> Result<(), TrainError> {
    let product = sizes
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size));
    if product.is_some_and(|product| product <= NUMBERS) {
        return Ok(());
    }
    let given: Vec<String> = sizes.iter().map(usize::to_string).collect();
    Err(TrainError::setting(
        what,
        given.join(" × "),
        format!("at most {NUMBERS} numbers, which is a gigabyte: choose smaller sizes"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_no_memory_holds_are_refused() {
        check_memory("a batch", &[1 << 14, 1 << 14]).unwrap();
        for sizes in [&[1 << 14, (1 << 14) + 1][..], &[usize::MAX, 2]] {
            let message = check_memory("a batch", sizes).unwrap_err().to_string();
            assert!(
                message.starts_with("a batch is ") && message.contains(" × "),
                "{message}"
            );
        }
    }

    #[test]
    fn a_count_beyond_its_limit_is_refused_also_in_a_subcommand() {
        let count = |name: &'static str| {
            clap::Arg::new(name)
                .long(name)
                .value_parser(clap::value_parser!(usize))
        };
        let inner = Command::new("inner").args([count("window"), count("other")]);
        let command = Command::new("outer").subcommand(inner);
        let checked = |words: &[&str]| {
            let words = ["outer", "inner"].iter().chain(words);
            check(&command, &command.clone().get_matches_from(words))
        };
        checked(&["--window", "1048576", "--other", "1000000000"]).unwrap();
        for words in [["--window", "1048577"], ["--other", "1000000001"]] {
            let message = checked(&words).unwrap_err().to_string();
            assert!(message.starts_with(&words.join(" is ")), "{message}");
        }
    }
}
