//! The program `burn-rnn` as a user types it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

#[path = "burn_rnn/anomaly.rs"]
mod anomaly;
#[cfg(unix)]
#[path = "burn_rnn/broken_off.rs"]
mod broken_off;
#[cfg(feature = "weights")]
#[path = "burn_rnn/convert.rs"]
mod convert;
#[path = "burn_rnn/documents.rs"]
mod documents;
#[path = "burn_rnn/extremes.rs"]
mod extremes;
#[path = "burn_rnn/forecast.rs"]
mod forecast;
#[path = "burn_rnn/json.rs"]
mod json;
#[cfg(target_os = "linux")]
#[path = "burn_rnn/standard_output.rs"]
mod standard_output;
#[path = "burn_rnn/wrong_input.rs"]
mod wrong_input;
#[path = "burn_rnn/zoo.rs"]
mod zoo;

/// The program in a folder of its own.
fn burn_rnn(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_burn-rnn"));
    command
        .current_dir(folder)
        .env_remove("BURN_DEVICE")
        .args(arguments);
    command
}

const TEXT: [&str; 14] = [
    "train",
    "text",
    "--text",
    "text.txt",
    "--hidden",
    "16",
    "--layers",
    "1",
    "--embedding",
    "8",
    "--seq-len",
    "10",
    "--batch-size",
    "4",
];

fn text(folder: &Path) {
    fs::write(
        folder.join("text.txt"),
        "to be, or not to be: that is the question.\n".repeat(40),
    )
    .unwrap();
}

fn output(folder: &Path, arguments: &[&str]) -> String {
    let assert = burn_rnn(folder, arguments).assert().success();
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let text = output(folder, arguments);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_run_can_be_had_again_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    text(folder);
    let first = [
        &TEXT[..],
        &[
            "--steps", "20", "--cell", "gru", "--seed", "5", "--out", "a", "--json",
        ],
    ]
    .concat();
    let first = json(folder, &first);
    let second = [
        "train",
        "text",
        "--config",
        "a/run.toml",
        "--out",
        "b",
        "--json",
    ];
    let second = json(folder, &second);
    assert_eq!(first["scores"], second["scores"]);
    let again = ["eval", "--model", "a", "--data", "text.txt", "--json"];
    assert_eq!(json(folder, &again)["scores"], first["scores"]);
    let table = output(folder, &again[..5]);
    assert!(table.contains("\nMeasured on text.txt\n"), "{table}");
    let table = output(folder, &again[..3]);
    let told = "\nMeasured on data that the program has, though the model learnt from --text: give";
    assert!(table.contains(told), "{table}");
    assert_eq!(first["network"], second["network"]);
    let sum = |model: &str| json(folder, &["inspect", model, "--json"])["sha256"].clone();
    assert_eq!(sum("a"), sum("b"));
    let table = output(folder, &["inspect", "a"]);
    assert!(
        table.contains("text") && table.contains("w_hidden") && table.contains("seed 5"),
        "{table}"
    );
    let list = output(folder, &["list", "."]);
    assert!(
        list.contains("./a") && list.contains("./b") && list.contains("gru"),
        "{list}"
    );
}

#[test]
fn an_early_end_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    text(folder);
    // A rate at which nothing gets better.
    let more = "--steps 100 --eval-every 2 --patience 2 --lr 1e-12 --final-lr 1e-12";
    let more: Vec<&str> = more.split(' ').collect();
    let told = output(folder, &[&TEXT[..], &more].concat());
    let expected =
        "Ended early by --patience, after step 6 of 100: no evaluation since step 2 was better.";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn music_is_learnt_composed_and_measured_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = "train music --cell simple --hidden 8 --epochs 2 --seeds 2 --out m --json";
    let lines = output(folder, &train.split(' ').collect::<Vec<_>>());
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3, "a line a seed and one for both");
    let again = json(folder, &["eval", "--model", "m/seed-2", "--json"]);
    let score = |value: &serde_json::Value| {
        let score = &value["scores"]["test NLL per step"];
        score.as_f64().unwrap()
    };
    assert!((score(&again) - score(&lines[1])).abs() < 1e-9);
    let spread = &lines[2]["figures"]["test NLL per step"];
    assert_eq!(spread["each"].as_array().unwrap().len(), 2);
    let mean = (score(&lines[0]) + score(&lines[1])) / 2.0;
    assert!((spread["mean"].as_f64().unwrap() - mean).abs() < 1e-9);

    let mut command = burn_rnn(folder, &["eval", "--model", "m"]);
    let assert = command.assert().code(2);
    let error = String::from_utf8_lossy(&assert.get_output().stderr);
    assert!(
        error.contains("2 folders of models that --seeds made")
            && error.contains("--model m/seed-1"),
        "{error}"
    );

    let compose = |length, out| {
        let words = [
            "generate", "--model", "m/seed-1", "--length", length, "--out", out,
        ];
        output(folder, &words);
        fs::read(folder.join(out)).unwrap()
    };
    let piece = compose("12", "piece.mid");
    assert!(piece.starts_with(b"MThd"));
    assert_eq!(compose("12", "again.mid"), piece, "the same seed");
    let picture = fs::read(folder.join("piece.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
}

#[test]
fn a_units_activations_colour_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    text(folder);
    output(folder, &[&TEXT[..], &["--steps", "3"]].concat());
    output(
        folder,
        &[
            "activations",
            "--model",
            "out/text",
            "--text",
            "text.txt",
            "--length",
            "50",
        ],
    );
    let page = fs::read_to_string(folder.join("activations.html")).unwrap();
    assert!(page.contains("to be, or not to be"), "{page}");
}

#[test]
fn every_command_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "train",
        "eval",
        "generate",
        "activations",
        "inspect",
        "list",
        "completions",
    ] {
        let help = output(folder.path(), &[command, "--help"]);
        assert!(help.contains("Usage: burn-rnn"), "{help}");
    }
    let help = output(folder.path(), &["train", "text", "--help"]);
    assert!(
        help.contains("[default: 2500]") && help.contains("--resume"),
        "{help}"
    );
    for shell in ["bash", "zsh", "fish"] {
        assert!(output(folder.path(), &["completions", shell]).contains("burn-rnn"));
    }
}

#[test]
fn strings_are_turned_into_others_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = |out| {
        let words =
            "train transduce --hidden 8 --examples 60 --epochs 1 --teacher-forcing 0.5 --json";
        let words: Vec<&str> = words.split(' ').chain(["--out", out]).collect();
        json(folder, &words)
    };
    assert_eq!(train("a")["scores"], train("b")["scores"]);
    let sum = |model| json(folder, &["inspect", model, "--json"])["sha256"].clone();
    assert_eq!(sum("a"), sum("b"));

    let transduce = |input: &'static str| {
        let mut command = burn_rnn(folder, &["transduce", "--model", "a", "--json"]);
        command.write_stdin(input).assert()
    };
    let assert = transduce("3 May 2021\n12/04/1987\n").success();
    let lines = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["input"], "12/04/1987");
    assert!(lines[1]["log_probability"].as_f64().unwrap() < 0.0);
    let assert = transduce("3 May 2021\n3 € 2021\n").code(2);
    assert!(assert.get_output().stdout.is_empty());
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(error.contains("'€' at position 2"), "{error}");
}
