//! Files that somebody altered, by the thousand: models, checkpoints, run files and every format of data. None may end the program by a panic,
//! a hang or a lack of memory, and none whose sums no longer hold may be believed. `docs/attack.md` tells how to run it.

#![cfg(unix)]

mod failures;
mod formats;
mod in_process;
mod mutate;
mod program;
mod seeds;
// The program's own list of tasks: one more there is one more here.
#[allow(dead_code)]
#[path = "../../src/tasks.rs"]
mod tasks;
#[path = "../../src/text.rs"]
mod text;

use std::path::PathBuf;
use std::sync::OnceLock;

use formats::Format;

/// Files altered of every format, and read within this process.
const MUTATIONS: u64 = 100;
/// Of these, one in so many is given to every command of the program.
const A_PROGRAM: u64 = 50;

fn formats() -> Vec<&'static Format> {
    static ALL: OnceLock<Vec<Format>> = OnceLock::new();
    let all = ALL.get_or_init(formats::all);
    let chosen = all.iter().filter(|format| match chosen() {
        Some((name, _)) => format.name == name,
        None => true,
    });
    let chosen: Vec<&Format> = chosen.collect();
    let names: Vec<&str> = all.iter().map(|format| format.name.as_str()).collect();
    assert!(!chosen.is_empty(), "BURN_RNN_MUTATION: one of {names:?}");
    chosen
}

/// What `BURN_RNN_MUTATION=FORMAT:NUMBER`, or `=FORMAT`, asks for alone.
fn chosen() -> Option<(String, Option<u64>)> {
    let chosen = std::env::var("BURN_RNN_MUTATION").ok()?;
    Some(match chosen.split_once(':') {
        None => (chosen, None),
        Some((name, number)) => (name.to_owned(), Some(number.parse().expect("a number"))),
    })
}

/// The numbers of the mutations that are tried: `count` from `first` on, or the one that was asked for.
fn numbers(first: u64, count: u64) -> std::ops::Range<u64> {
    match chosen() {
        Some((_, Some(number))) => number..number + 1,
        _ => first..first + count,
    }
}

fn mutations() -> u64 {
    let given = std::env::var("BURN_RNN_MUTATIONS").ok();
    given.map_or(MUTATIONS, |count| count.parse().expect("a number"))
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
    program::attack(&formats(), mutations().div_ceil(A_PROGRAM));
}
