//! The trainers as a user types them: what they write, and what they say to bad input.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

/// A program of `examples/`, which `cargo test` builds beside this test.
fn program(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = profile.join("examples").join(file);
    assert!(
        path.exists(),
        "{} is missing: run `cargo test` without --test, or `cargo build --examples` before",
        path.display()
    );
    let mut command = Command::new(path);
    command.env_remove("BURN_DEVICE");
    command
}

/// A text with a pattern that a small model finds in a few steps.
fn text(folder: &Path) -> PathBuf {
    let path = folder.join("text.txt");
    fs::write(
        &path,
        "to be, or not to be: that is the question.\n".repeat(80),
    )
    .unwrap();
    path
}

fn train(folder: &Path, cell: &str) -> Command {
    let mut command = program("char-rnn");
    command
        .current_dir(folder)
        .arg("--text")
        .arg(text(folder))
        .args([
            "--cell",
            cell,
            "--layers",
            "1",
            "--hidden",
            "24",
            "--embedding",
            "8",
        ])
        .args([
            "--seq-len",
            "20",
            "--batch-size",
            "8",
            "--steps",
            "60",
            "--eval-every",
            "30",
        ])
        .args(["--lr", "0.02", "--out", "model"]);
    command
}

/// One line on standard error, exit code 2, and nothing new in the folder.
fn refused(mut command: Command, folder: &Path, words: &[&str]) {
    let before = listing(folder);
    let assert = command.current_dir(folder).assert().code(2);
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{stderr:?} does not tell {word:?}");
    }
    assert_eq!(listing(folder), before, "files changed");
}

fn listing(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(listing(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files.sort();
    files
}

#[test]
fn every_cell_learns_a_text_and_continues_it() {
    for cell in ["simple", "lstm", "peephole", "coupled", "gru"] {
        let folder = tempfile::tempdir().unwrap();
        let assert = train(folder.path(), cell).assert().success();
        let stdout = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
        let held_out = stdout
            .split("Held-out loss: ")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or_else(|| panic!("{cell}: no held-out loss in {stdout}"));
        let held_out: f64 = held_out.parse().unwrap();
        // Its 19 characters without any context cost 3.8 bits.
        assert!(held_out < 3.0, "{cell}: {held_out} bits/char");

        let generate = |seed: &str| {
            let mut command = program("char-rnn");
            command
                .args([
                    "generate", "--prompt", "to be", "--length", "40", "--seed", seed, "--model",
                ])
                .arg(folder.path().join("model"));
            let output = command.assert().success().get_output().stdout.clone();
            String::from_utf8(output).unwrap()
        };
        let written = generate("1");
        assert!(written.starts_with("to be"), "{written}");
        assert_eq!(written.chars().count(), 5 + 40 + 1, "{written}");
        assert_eq!(generate("1"), written, "the same seed");
        assert_ne!(generate("2"), written, "another seed");
    }
}

#[test]
fn the_same_seed_gives_the_same_model_and_the_last_one_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model/model.safetensors");
    train(folder.path(), "gru").assert().success();
    let first = fs::read(&model).unwrap();
    train(folder.path(), "gru").assert().success();
    let second = fs::read(&model).unwrap();
    assert_eq!(weights(&second), weights(&first));
    let kept = fs::read(folder.path().join("model/previous/model.safetensors")).unwrap();
    assert_eq!(kept, first);
}

/// The tensors behind the header, in which the order of the entries may differ.
fn weights(file: &[u8]) -> &[u8] {
    let header = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    &file[8 + header..]
}

#[test]
fn char_rnn_tells_what_is_wrong_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "simple").assert().success();
    let with = |args: &[&str]| {
        let mut command = program("char-rnn");
        command.args(args);
        command
    };
    refused(with(&["--text", "missing.txt"]), folder, &["missing.txt"]);
    fs::write(folder.join("latin1.txt"), b"caf\xe9").unwrap();
    refused(
        with(&["--text", "latin1.txt"]),
        folder,
        &["latin1.txt", "UTF-8"],
    );
    fs::write(folder.join("short.txt"), "too short").unwrap();
    refused(
        with(&["--text", "short.txt", "--out", "model"]),
        folder,
        &["9", "510"],
    );
    refused(
        with(&["--bidirectional"]),
        folder,
        &["--bidirectional", "generate"],
    );
    refused(with(&["--hidden", "0"]), folder, &["0"]);
    refused(with(&["--dropout", "1.5"]), folder, &["1.5"]);
    refused(with(&["--steps", "0"]), folder, &["steps", "0"]);
    refused(with(&["--lr", "-1"]), folder, &["--lr", "-1"]);
    refused(with(&["--clip", "-1"]), folder, &["--clip", "-1"]);
    refused(with(&["--device", "abacus"]), folder, &["abacus", "flex"]);

    refused(
        with(&["generate", "--model", "nowhere"]),
        folder,
        &["nowhere", "--out"],
    );
    let unknown = with(&["generate", "--model", "model", "--prompt", "to Ω"]);
    refused(unknown, folder, &["Ω", "3"]);
    let cold = with(&["generate", "--model", "model", "--temperature", "-1"]);
    refused(cold, folder, &["temperature", "-1"]);
    fs::write(folder.join("model/model.safetensors"), "broken").unwrap();
    refused(
        with(&["generate", "--model", "model"]),
        folder,
        &["model.safetensors"],
    );
}

fn forecast(folder: &Path) -> Command {
    let mut command = program("forecast");
    command.current_dir(folder).args([
        "--window",
        "12",
        "--horizon",
        "4",
        "--hidden",
        "8",
        "--epochs",
        "1",
        "--out",
        "model",
    ]);
    command
}

fn table(folder: &Path, name: &str, cell: &str) {
    let mut csv = "month,total,note\n".to_owned();
    for month in 0..240 {
        let value = 10.0 + 5.0 * (f64::from(month) * core::f64::consts::TAU / 12.0).sin();
        csv.push_str(&format!("m{month},{value:.3},n{month}\n"));
    }
    csv.push_str(&format!("m240,{cell},last\n"));
    fs::write(folder.join(name), csv).unwrap();
}

#[test]
fn forecast_compares_and_draws() {
    let folder = tempfile::tempdir().unwrap();
    table(folder.path(), "sales.csv", "10.0");
    forecast(folder.path())
        .args(["--csv", "sales.csv", "--columns", "total", "--cell", "lstm"])
        .assert()
        .success()
        .stdout(
            contains("lstm")
                .and(contains("test MSE, naive"))
                .and(contains("test MSE, seasonal naive")),
        );
    for picture in ["forecast.png", "loss.png"] {
        let bytes = fs::read(folder.path().join("model").join(picture)).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{picture}");
    }
}

#[test]
fn forecast_generates_series_and_repeats_itself() {
    let run = || {
        let folder = tempfile::tempdir().unwrap();
        forecast(folder.path()).assert().success();
        let model = fs::read(folder.path().join("model/model.safetensors")).unwrap();
        // What follows the header, whose entries have no order.
        let header = u64::from_le_bytes(model[..8].try_into().unwrap());
        model[8 + header as usize..].to_vec()
    };
    assert!(run() == run(), "other weights");
}

#[test]
fn forecast_tells_what_is_wrong_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    table(folder, "good.csv", "10.0");
    table(folder, "word.csv", "many");
    table(folder, "empty.csv", "");
    let with = |args: &[&str]| {
        let mut command = forecast(folder);
        command.args(args);
        command
    };
    refused(with(&["--csv", "missing.csv"]), folder, &["missing.csv"]);
    let column = with(&["--csv", "good.csv", "--columns", "totals"]);
    refused(column, folder, &["totals", "`month`, `total`, `note`"]);
    let word = with(&["--csv", "word.csv", "--columns", "total"]);
    refused(word, folder, &["word.csv", "242", "total", "many"]);
    let empty = with(&["--csv", "empty.csv", "--columns", "total"]);
    refused(empty, folder, &["empty.csv", "242", "total"]);
    let long = with(&["--csv", "good.csv", "--window", "500"]);
    refused(long, folder, &["of the 241 rows", "a window of 500"]);
    let season = with(&["--csv", "good.csv", "--season", "0"]);
    refused(season, folder, &["season"]);
    let horizon = with(&["--csv", "good.csv", "--horizon", "0"]);
    refused(horizon, folder, &["horizon", "0"]);
}

#[test]
fn the_text_classifier_learns_and_padding_is_harmless() {
    let output = program("text_classifier").assert().success();
    let output = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    let (right, _) = output.rsplit_once(" % of the held-out").expect(&output);
    let (_, right) = right.rsplit_once(' ').expect(&output);
    assert!(right.parse::<f32>().unwrap() >= 95.0, "{output}");
}

#[test]
fn the_frames_of_recordings_become_series_with_labels() {
    let folder = tempfile::tempdir().unwrap();
    let sounds = folder.path().join("sounds");
    fs::create_dir(&sounds).unwrap();
    for recording in burn_rnn_data::generate_sounds(6, 1) {
        let (label, speaker, take) = (&recording.label, &recording.speaker, recording.take);
        let path = sounds.join(format!("{label}_{speaker}_{take}.wav"));
        fs::write(path, burn_rnn_data::wav_file(&recording.sound)).unwrap();
    }
    let mut command = program("log_mel_csv");
    command.current_dir(folder.path());
    command.args(["sounds", "frames"]).assert().success();
    for (part, count) in [("train", 18), ("test", 90)] {
        let path = folder.path().join("frames").join(part);
        let columns = burn_rnn_data::SeriesColumns::default();
        let set = burn_rnn_data::SeriesSet::read(&path, &columns, true).unwrap();
        assert_eq!((set.series.len(), set.width()), (count, 40));
        assert_eq!(set.series[0].label, "fall");
    }
    let mut command = program("log_mel_csv");
    command.arg("sounds").assert().failure();
}
