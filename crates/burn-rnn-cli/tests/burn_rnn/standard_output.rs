//! Standard output that takes nothing: a full disk behind it, or nobody who reads on. No command panics; a training
//! goes on to its end.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::{output, text};

/// Every command with something to print, in the folder of [`files`].
const COMMANDS: &[&str] = &[
    "--help",
    "train --help",
    "eval --model zoo/reber",
    "eval --model zoo/reber --json",
    "generate --model zoo/text --length 30",
    "generate --model zoo/text --length 30 --json",
    "generate --model zoo/music --length 4",
    "generate --model zoo/voice --prompt rise",
    "generate --model zoo/reber",
    "forecast --model zoo/forecast",
    "forecast --model zoo/forecast --json",
    "detect --model zoo/anomaly",
    "detect --model zoo/anomaly --json",
    "classify --model zoo/sounds rise.wav",
    "classify --model zoo/sounds rise.wav --json",
    "tag --model zoo/tagger Lincoln",
    "tag --model zoo/tagger Lincoln --json",
    "transduce --model zoo/dates 3.5.2021",
    "transduce --model zoo/dates 3.5.2021 --json",
    "activations --model zoo/text --text text.txt --length 5",
    #[cfg(feature = "weights")]
    "convert weights.pt",
    "inspect zoo/reber",
    "inspect zoo/reber --json",
    "inspect zoo/reber --card",
    "list",
    "list --json",
    "completions bash",
];

/// Every task, trained as little as can be.
const TRAININGS: &[&str] = &[
    "train text --text text.txt --layers 1 --seq-len 10 --batch-size 2 --steps 2",
    "train music --steps 2",
    "train reber --strings 20 --steps 2",
    "train tag --conll tags.conll --steps 2",
    "train memory --length 4 --steps 2",
    "train forecast --window 12 --horizon 2 --steps 2",
    "train anomaly --window 12 --steps 2",
    "train classify --steps 2",
    "train classify-series --steps 2",
    "train speak --steps 2",
    "train transduce --examples 20 --steps 2",
];

fn files(folder: &Path) {
    text(folder);
    output(
        folder,
        &[
            "generate",
            "--model",
            "zoo/voice",
            "--prompt",
            "rise",
            "--out",
            "rise.wav",
        ],
    );
    fs::write(
        folder.join("tags.conll"),
        "the DET\ncat NOUN\n\n".repeat(30),
    )
    .unwrap();
    let weights = "../burn-rnn/tests/fixtures/weights/pytorch/legacy_protocol_2.pt";
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join(weights);
    fs::copy(weights, folder.join("weights.pt")).unwrap();
}

fn run(folder: &Path, typed: &str, output: impl Into<Stdio>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_burn-rnn"))
        .current_dir(folder)
        .env_remove("BURN_DEVICE")
        .args(typed.split(' '))
        .stdin(Stdio::null())
        .stdout(output)
        .output()
        .unwrap()
}

/// Runs with a full disk and with a closed pipe behind standard output.
fn nothing_is_taken(folder: &Path, typed: &str) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ended = run(folder, typed, full);
    let message = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{typed}: {message}");
    assert!(
        message.starts_with("error: standard output: cannot be written: No space left"),
        "{typed}: {message}"
    );
    assert_eq!(message.lines().count(), 1, "{typed}: {message}");

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = run(folder, typed, writer);
    let message = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(141), "{typed}: {message}");
    assert_eq!(message, "", "{typed}");
}

#[test]
fn no_command_panics_where_its_output_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    for typed in COMMANDS {
        nothing_is_taken(folder.path(), typed);
    }
    // None is forgotten.
    let help = output(folder.path(), &["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    for line in listed {
        let command = line.split_whitespace().next().unwrap();
        let tried = COMMANDS
            .iter()
            .any(|typed| typed.split(' ').next() == Some(command));
        assert!(tried || command == "help", "{command} is not tried");
    }
}

#[test]
fn a_training_ends_with_its_model_where_its_output_is_not_taken() {
    for typed in TRAININGS {
        let folder = tempfile::tempdir().unwrap();
        files(folder.path());
        for more in ["--out a", "--out a --json"] {
            let typed = format!("{typed} --hidden 4 --plain {more}");
            if more.ends_with("json") {
                // Its lines of progress go to standard error.
                let full = File::options().write(true).open("/dev/full").unwrap();
                let ended = run(folder.path(), &typed, full);
                assert_eq!(ended.status.code(), Some(2), "{typed}");
                let message = String::from_utf8_lossy(&ended.stderr).into_owned();
                assert!(!message.contains("panicked"), "{typed}: {message}");
            } else {
                nothing_is_taken(folder.path(), &typed);
            }
            assert!(
                folder.path().join("a/model.safetensors").exists(),
                "{typed}"
            );
            assert!(folder.path().join("a/loss.png").exists(), "{typed}");
        }
    }
}
