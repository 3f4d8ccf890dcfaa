//! The program `burn-rnn` as a user types it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

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
        list.contains("a/model.safetensors") && list.contains("b/model.safetensors"),
        "{list}"
    );
}

#[test]
fn every_command_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "train",
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

/// Killed at random moments, gone on with each time, it ends with the weights of a run that nobody
/// killed.
#[cfg(unix)]
#[test]
fn twenty_kills_change_nothing() {
    use rand::{RngExt, SeedableRng, rngs::StdRng};
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    text(folder);
    let steps = [
        "--steps",
        "1500",
        "--eval-every",
        "100",
        "--checkpoint-every",
        "7",
        "--dropout",
        "0.2",
        "--layers",
        "2",
    ];
    let run = |out| [&TEXT[..], &steps, &["--out", out]].concat();
    let unbroken = std::time::Instant::now();
    burn_rnn(folder, &run("unbroken")).assert().success();
    let unbroken = unbroken.elapsed();

    let mut rng = StdRng::seed_from_u64(1);
    let mut kills = 0;
    let mut begun = false;
    while kills < 20 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_burn-rnn"));
        command.current_dir(folder).args(run("broken"));
        if begun {
            command.arg("--resume");
        }
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Twenty of these are about one and a half whole runs; each loses what came after its last checkpoint.
        let wait = unbroken.mul_f64(rng.random_range(0.01..0.14));
        std::thread::sleep(wait.max(Duration::from_millis(5)));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        kills += 1;
        let checkpoints = fs::read_dir(folder.join("broken"));
        begun = checkpoints.is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry
                    .unwrap()
                    .path()
                    .extension()
                    .is_some_and(|end| end == "brnn")
            })
        });
    }
    assert!(
        kills >= 5,
        "it ended after {kills} kills: nothing was tested"
    );
    if begun {
        burn_rnn(folder, &[&run("broken")[..], &["--resume"]].concat())
            .assert()
            .success();
    } else {
        burn_rnn(folder, &run("broken")).assert().success();
    }
    let sum = |model: &str| json(folder, &["inspect", model, "--json"])["sha256"].clone();
    assert_eq!(sum("broken"), sum("unbroken"), "after {kills} kills");
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
