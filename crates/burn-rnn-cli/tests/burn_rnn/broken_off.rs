//! Trainings that something breaks off: a kill, Ctrl-C, a full disk, a damaged checkpoint.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{TEXT, burn_rnn, json, text};

/// The checkpoints in a folder, the oldest first; none where there is no folder.
fn checkpoints(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "brnn"))
        .collect();
    paths.sort();
    paths
}

/// The sum of a model's weights.
fn sum(folder: &Path, model: &str) -> serde_json::Value {
    json(folder, &["inspect", model, "--json"])["sha256"].clone()
}

/// The error of a command that exits with this code, one line.
fn refusal(mut command: assert_cmd::Command, code: i32) -> String {
    let assert = command.assert().code(code);
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    stderr
}

/// Killed at random moments, gone on with each time, it ends with the weights of a run that nobody
/// killed.
#[test]
fn twenty_kills_change_nothing() {
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
        begun = !checkpoints(&folder.join("broken")).is_empty();
    }
    assert!(
        kills >= 5,
        "it ended after {kills} kills: nothing was tested"
    );
    let mut last = burn_rnn(folder, &run("broken"));
    if begun {
        last.arg("--resume");
    }
    last.assert().success();
    assert_eq!(
        sum(folder, "broken"),
        sum(folder, "unbroken"),
        "after {kills} kills"
    );
}

/// Waits until a training has saved a checkpoint.
fn begun(child: &mut Child, folder: &Path) {
    let patience = Instant::now();
    while checkpoints(folder).is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        assert!(
            patience.elapsed() < Duration::from_secs(60),
            "no checkpoint"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What a training says that a signal ends.
fn ended_by(signal: &str, child: Child) -> String {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    String::from_utf8(ended.stderr).unwrap()
}

#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    text(folder);
    let steps = [
        "--steps",
        "600",
        "--eval-every",
        "100",
        "--checkpoint-every",
        "20",
    ];
    let run = |out| [&TEXT[..], &steps, &["--out", out]].concat();
    burn_rnn(folder, &run("unbroken")).assert().success();

    let mut child = Command::new(env!("CARGO_BIN_EXE_burn-rnn"))
        .current_dir(folder)
        .args(run("broken"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    begun(&mut child, &folder.join("broken"));
    let message = ended_by("-INT", child);
    assert!(
        message.contains("interrupted after step") && message.contains("--resume"),
        "{message}"
    );
    let gone_on = [&run("broken")[..], &["--resume"]].concat();
    burn_rnn(folder, &gone_on).assert().success();
    assert_eq!(sum(folder, "broken"), sum(folder, "unbroken"));
}

/// An evaluation that takes longer than all else: a held-out part read one character at a time.
#[test]
fn a_signal_does_not_wait_for_the_end_of_an_evaluation() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let line = "to be, or not to be: that is the question.\n";
    fs::write(folder.join("text.txt"), line.repeat(12_000)).unwrap();
    let more = "--seq-len 1 --batch-size 1 --steps 4 --eval-every 2 --checkpoint-every 1 --out";
    let more: Vec<&str> = more.split(' ').collect();
    let run = |out| [&TEXT[..], &more, &[out]].concat();
    let unbroken = Instant::now();
    burn_rnn(folder, &run("unbroken")).assert().success();
    let unbroken = unbroken.elapsed();

    let gone_on = [&run("broken")[..], &["--resume"]].concat();
    for arguments in [&run("broken"), &gone_on] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_burn-rnn"))
            .current_dir(folder)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        begun(&mut child, &folder.join("broken"));
        // One of the two evaluations is about half of the run.
        std::thread::sleep(unbroken / 6);
        let signal = Instant::now();
        let message = ended_by("-TERM", child);
        assert!(message.contains("interrupted after step 2"), "{message}");
        assert!(signal.elapsed() < unbroken / 4, "{:?}", signal.elapsed());
        assert!(!folder.join("broken/model.safetensors").exists());
    }
    burn_rnn(folder, &gone_on).assert().success();
    assert_eq!(sum(folder, "broken"), sum(folder, "unbroken"));
}

/// A training of 40 steps in the folder `out` whose last checkpoint is gone: that of step 30 is there.
fn three_quarters(folder: &Path) -> Vec<&'static str> {
    text(folder);
    let steps = [
        "--steps",
        "40",
        "--eval-every",
        "20",
        "--checkpoint-every",
        "10",
    ];
    let run = [&TEXT[..], &steps, &["--out", "out"]].concat();
    burn_rnn(folder, &run).assert().success();
    let last = checkpoints(&folder.join("out")).pop().unwrap();
    fs::remove_file(last).unwrap();
    [&run[..], &["--resume"]].concat()
}

/// The program where no file may be larger than about so many bytes. That stands for a full disk: writing fails in
/// the middle of the file, too.
fn limited(folder: &Path, bytes: u64, arguments: &[&str]) -> assert_cmd::Command {
    // The unit of `ulimit -f` is 512 bytes, in bash 1024.
    let blocks = (bytes / 512).to_string();
    let script = "trap '' XFSZ; ulimit -f \"$0\" && exec \"$@\"";
    let mut limited = assert_cmd::Command::new("sh");
    limited
        .current_dir(folder)
        .args(["-c", script, &blocks, env!("CARGO_BIN_EXE_burn-rnn")])
        .args(arguments);
    limited
}

#[test]
fn a_disk_that_is_full_before_the_first_checkpoint_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let gone_on = three_quarters(folder);
    let begin = &gone_on[..gone_on.len() - 1];
    let model = fs::metadata(folder.join("out/model.safetensors")).unwrap();
    let elsewhere = [begin, &["--out", "new"]].concat();
    let message = refusal(limited(folder, model.len() + 1024, &elsewhere), 2);
    assert!(
        message.contains("there is no checkpoint yet")
            && !message.contains("the checkpoint before"),
        "{message}"
    );
    assert!(checkpoints(&folder.join("new")).is_empty());
    burn_rnn(folder, &elsewhere).assert().success();
}

#[test]
fn a_full_disk_loses_no_earlier_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let gone_on = three_quarters(folder);
    let expected = sum(folder, "out");
    let before = checkpoints(&folder.join("out"));
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    let model = size(&folder.join("out/model.safetensors"));
    let checkpoint = size(&before[0]);
    assert!(model + 2048 < checkpoint, "{model} and {checkpoint} bytes");

    // The model fits, the checkpoint does not.
    let limited = limited(folder, model + 1024, &gone_on);
    let message = refusal(limited, 2);
    assert!(
        message.contains("checkpoint-000000040.brnn") && message.contains("--resume"),
        "{message}"
    );
    assert_eq!(checkpoints(&folder.join("out")), before);
    let parts = fs::read_dir(folder.join("out")).unwrap();
    let parts = parts.filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|end| end == "part")
    });
    assert_eq!(parts.count(), 0, "something half written is left");

    burn_rnn(folder, &gone_on).assert().success();
    assert_eq!(sum(folder, "out"), expected);
}

#[test]
fn a_damaged_checkpoint_is_refused_and_the_one_before_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let gone_on = three_quarters(folder);
    burn_rnn(folder, &gone_on).assert().success();
    let expected = sum(folder, "out");
    let newest = checkpoints(&folder.join("out")).pop().unwrap();
    let whole = fs::read(&newest).unwrap();
    fs::write(&newest, &whole[..whole.len() / 3]).unwrap();
    let message = refusal(burn_rnn(folder, &gone_on), 2);
    assert!(
        message.contains("damaged") && message.contains("the one before, of step 30, is sound"),
        "{message}"
    );
    fs::remove_file(&newest).unwrap();
    burn_rnn(folder, &gone_on).assert().success();
    assert_eq!(sum(folder, "out"), expected);
}

/// Other data of the same size, be it only in what chooses the model or is measured at the end.
#[test]
fn a_training_does_not_go_on_with_other_data() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let piece = |notes: [u8; 3]| notes.map(|note| vec![note]).to_vec();
    let rolls = |train, valid, test| {
        let part = |last| vec![piece([60, 62, 64]), piece([61, 63, last])];
        let rolls = serde_json::json!({
            "train": part(train), "valid": part(valid), "test": part(test),
        });
        fs::write(folder.join("rolls.json"), rolls.to_string()).unwrap();
    };
    let table = |last| {
        let rows = (0..300).map(|row| format!("{}\n", f64::from(row % 12)));
        let rows: String = rows.chain([format!("{last}\n")]).collect();
        fs::write(folder.join("table.csv"), format!("a\n{rows}")).unwrap();
    };
    let refused = |run: &[&str], part: &str| {
        let message = refusal(burn_rnn(folder, &[run, &["--resume"]].concat()), 2);
        assert!(
            message.contains(&format!("options or data: {part} ")),
            "{message}"
        );
    };
    let steps = ["--hidden", "4", "--steps", "2", "--plain"];

    let run = [&["train", "music", "--rolls", "rolls.json"], &steps[..]].concat();
    rolls(65, 65, 65);
    burn_rnn(folder, &run).assert().success();
    for (part, [train, valid, test]) in [
        ("training part", [66, 65, 65]),
        ("validation part", [65, 66, 65]),
        ("test part", [65, 65, 66]),
    ] {
        rolls(train, valid, test);
        refused(&run, part);
    }
    rolls(65, 65, 65);
    burn_rnn(folder, &[&run[..], &["--resume"]].concat())
        .assert()
        .success();

    let run = [&["train", "forecast", "--csv", "table.csv"], &steps[..]].concat();
    table(1.0);
    burn_rnn(folder, &run).assert().success();
    table(1.5);
    refused(&run, "table");
}
