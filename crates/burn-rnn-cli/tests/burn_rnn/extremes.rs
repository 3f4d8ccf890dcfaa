//! Every option of every command with numbers that nobody means: refused in one line, or taken; never a panic, an
//! abort or a hang. The options come from the program's own help, so that a new one is tried, too.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::{burn_rnn, output, text};

/// What every option is given.
const EXTREMES: [&str; 7] = [
    "0",
    "1",
    "2147483648",
    "9223372036854775808",
    "-1",
    "1e308",
    "nan",
];

/// A tiny run of every command that takes numbers, in the folder of [`files`].
const RUNS: &[&str] = &[
    "train reber --hidden 4 --strings 20 --steps 2",
    "train text --hidden 4 --text text.txt --layers 1 --seq-len 10 --batch-size 2 --steps 2",
    "train music --hidden 4 --steps 2",
    "train tag --hidden 4 --conll tags.conll --steps 2",
    "train memory --hidden 4 --length 4 --steps 2",
    "train forecast --hidden 4 --csv table.csv --window 12 --horizon 2 --steps 2",
    "train anomaly --hidden 4 --csv table.csv --window 12 --steps 2",
    "train classify --hidden 4 --steps 2",
    "train classify-series --hidden 4 --steps 2",
    "train speak --hidden 4 --steps 2",
    "train transduce --hidden 4 --examples 20 --steps 2",
    "generate --model zoo/text --length 3",
    "generate --model zoo/music --length 3",
    "generate --model zoo/voice --prompt rise",
    "generate --model zoo/reber --length 3",
    "transduce --model zoo/dates 3.5.2021",
    "activations --model zoo/text --text text.txt --length 3",
];

/// The names of values that are no numbers.
const NO_NUMBERS: [&str; 6] = ["<FILE>", "<DIR>", "<PATH>", "<TEXT>", "<NAME>", "<A,B>"];

/// Options of the loop are the same for all tasks, and are tried with the first.
const OF_THE_LOOP: &str = "Training:";

fn files(folder: &Path) {
    text(folder);
    fs::write(
        folder.join("tags.conll"),
        "the DET\ncat NOUN\n\n".repeat(30),
    )
    .unwrap();
    let rows: String = (0..200).map(|row| format!("{}\n", row % 12)).collect();
    fs::write(folder.join("table.csv"), format!("level\n{rows}")).unwrap();
}

/// The options of a command that take a number or a word, without those of the loop where `all` is false.
fn options(folder: &Path, command: &[&str], all: bool) -> Vec<String> {
    let help = output(folder, &[command, &["--help"]].concat());
    let mut options = Vec::new();
    let mut of_the_loop = false;
    for line in help.lines() {
        if !line.starts_with(' ') && line.ends_with(':') {
            of_the_loop = line == OF_THE_LOOP;
        }
        let words = line.trim_start().trim_start_matches("-h, ");
        let mut words = words.split(' ');
        let (name, value) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let is_number = value.starts_with('<') && !NO_NUMBERS.contains(&value);
        if name.starts_with("--") && is_number && (all || !of_the_loop) {
            options.push(name.to_owned());
        }
    }
    assert!(!options.is_empty(), "{help}");
    options
}

/// Runs of one command with each option and extreme, tried in the folder.
fn tried(folder: &Path, typed: &str, all: bool) {
    let run: Vec<&str> = typed.split(' ').collect();
    let named = if run[0] == "train" { 2 } else { 1 };
    for option in options(folder, &run[..named], all) {
        for extreme in EXTREMES {
            let given = format!("{option}={extreme}");
            let mut words = run.clone();
            if option == "--epochs" {
                // It and --steps exclude each other.
                words.retain(|word| !["--steps", "2"].contains(word));
            }
            words.push(&given);
            if run[0] == "train" {
                words.extend(["--plain", "--out=out"]);
            }
            let mut command = burn_rnn(folder, &words);
            let assert = command.timeout(Duration::from_secs(120)).assert();
            let ended = assert.get_output();
            let message = String::from_utf8_lossy(&ended.stderr);
            let code = ended.status.code();
            assert!(
                matches!(code, Some(0 | 2)),
                "{typed} {given}: {code:?} {message}"
            );
            let errors = message.lines().filter(|line| line.starts_with("error: "));
            let expected = usize::from(code == Some(2));
            assert_eq!(errors.count(), expected, "{typed} {given}: {message}");
            // What is told beside the results is told in lines, too.
            let told = if code == Some(2) { 1 } else { 4 };
            assert!(
                message.trim_end().lines().count() <= told && !message.contains("panicked"),
                "{typed} {given}: {message}"
            );
        }
    }
}

#[test]
fn numbers_that_nobody_means_are_refused_or_taken() {
    std::thread::scope(|scope| {
        for (index, typed) in RUNS.iter().enumerate() {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                files(folder.path());
                tried(folder.path(), typed, index == 0);
            });
        }
    });
}
