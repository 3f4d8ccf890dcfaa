//! Files that somebody altered, by the thousand: models, checkpoints, run files and every format of data. None may end the program by a panic,
//! a hang or a lack of memory, and none whose sums no longer hold may be believed: `docs/attack.md`.

#![cfg(unix)]

mod failures;
mod formats;
mod in_process;
mod library;
mod mutate;
mod program;
mod seeds;
// The program's own list of tasks: one more there is one more here.
#[allow(dead_code)]
#[path = "../../src/tasks.rs"]
mod tasks;
#[path = "../../src/text.rs"]
mod text;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::LazyLock;

use formats::Format;

/// The altered files of every format that are read within this process.
const MUTATIONS: u64 = 100;
/// Every command of the program is given one for so many of those.
const A_COMMAND: u64 = 50;

fn mutations() -> u64 {
    let given = std::env::var("BURN_RNN_MUTATIONS").ok();
    given.map_or(MUTATIONS, |count| {
        count.parse().expect("BURN_RNN_MUTATIONS: a number")
    })
}

/// What `BURN_RNN_MUTATION=FORMAT`, or `=FORMAT:NUMBER`, asks for alone.
static CHOSEN: LazyLock<Option<(String, Option<u64>)>> = LazyLock::new(|| {
    let chosen = std::env::var("BURN_RNN_MUTATION").ok()?;
    Some(match chosen.split_once(':') {
        None => (chosen, None),
        Some((name, number)) => (
            name.to_owned(),
            Some(number.parse().expect("FORMAT:NUMBER")),
        ),
    })
});

/// The formats that are tried.
fn formats() -> Vec<&'static Format> {
    static ALL: LazyLock<Vec<Format>> = LazyLock::new(formats::all);
    let is_chosen = |format: &&Format| CHOSEN.as_ref().is_none_or(|(name, _)| format.name == *name);
    let chosen: Vec<&Format> = ALL.iter().filter(is_chosen).collect();
    let names: Vec<&str> = ALL.iter().map(|format| format.name.as_str()).collect();
    assert!(
        !chosen.is_empty(),
        "BURN_RNN_MUTATION: expected one of {names:?}"
    );
    chosen
}

/// The numbers of the mutations that are tried: `count` from `first` on, or the one that was asked for.
fn numbers(first: u64, count: u64) -> Range<u64> {
    match *CHOSEN {
        Some((_, Some(number))) => number..number + 1,
        _ => first..first + count,
    }
}

/// A folder of the build, where what fails stays.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("attack")
        .join(name)
}

#[test]
fn altered_files_within_the_process() {
    in_process::attack(&formats(), mutations());
}

#[test]
fn altered_files_as_a_user_gives_them() {
    program::attack(&formats(), mutations().div_ceil(A_COMMAND));
}
