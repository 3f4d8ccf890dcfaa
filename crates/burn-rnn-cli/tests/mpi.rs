//! The program over ranks that `mpirun` starts, on this machine.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[path = "ranks/weights.rs"]
mod weights;
use weights::{distance, weights};

const PROGRAM: &str = env!("CARGO_BIN_EXE_burn-rnn");
const TRAIN: &str = "train text --text text.txt --hidden 16 --layers 1 --embedding 8 --seq-len 10 --dropout 0 --json";

/// `mpirun` with arguments, in a folder that has a text.
fn mpirun(folder: &Path, arguments: &str) -> Command {
    text(
        folder,
        "text.txt",
        "to be, or not to be: that is the question.\n",
    );
    let mut command = Command::new("mpirun");
    command
        .current_dir(folder)
        // More ranks than cores, on machines where everybody is root.
        .args(["--allow-run-as-root", "--oversubscribe"])
        .args(arguments.split_whitespace())
        .env("RAYON_NUM_THREADS", "1")
        .stdin(Stdio::null());
    command
}

fn text(folder: &Path, name: &str, line: &str) {
    fs::write(folder.join(name), line.repeat(200)).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn ranks_learn_what_one_learns_from_batches_as_large() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let short = format!("{TRAIN} --steps 8 --eval-every 8");
    for ranks in [1, 2, 4] {
        let size = 8 / ranks;
        let arguments =
            format!("-n {ranks} {PROGRAM} {short} --batch-size {size} --out ranks-{ranks}");
        let output = mpirun(folder, &arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        // One object, of one rank.
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["steps"], 8);
        let report = &object["ranks"];
        match ranks {
            1 => assert!(report.is_null(), "{report}"),
            _ => {
                assert_eq!(report["ranks"], ranks);
                let parameters = object["parameters"].as_u64().unwrap();
                assert_eq!(report["bytes_a_step"], 4 * parameters);
                let seconds = |name: &str| report[name].as_f64().unwrap();
                assert!(seconds("seconds_adding_up") > 0.0);
                assert!(seconds("seconds_adding_up") < seconds("seconds_a_step"));
            }
        }
    }
    let expected = weights(&folder.join("ranks-1"));
    for ranks in ["ranks-2", "ranks-4"] {
        let distance = distance(&weights(&folder.join(ranks)), &expected);
        assert!(distance <= 1e-6, "{ranks}: {distance}");
    }
}

/// The processes that one started.
fn children(of: &Child) -> Vec<u32> {
    let id = of.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    children
        .split_whitespace()
        .map(|id| id.parse().unwrap())
        .collect()
}

fn signal(name: &str, process: u32) {
    let kill = Command::new("kill")
        .args([name, &process.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// The newest checkpoint's step; 0 where there is none.
fn step(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let steps = names.filter_map(|name| {
        let step = name.strip_prefix("checkpoint-")?.strip_suffix(".brnn")?;
        step.parse().ok()
    });
    steps.max().unwrap_or(0)
}

/// A long training over two ranks that has made steps since `from`.
fn long(folder: &Path, from: usize) -> Child {
    let resume = ["", " --resume"][usize::from(from > 0)];
    let long = "--steps 1000000 --eval-every 1000000 --checkpoint-every 5 --batch-size 4 --out out";
    let mut command = mpirun(folder, &format!("-n 2 {PROGRAM} {TRAIN} {long}{resume}"));
    let training = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let training = training.spawn().unwrap();
    let started = Instant::now();
    while step(&folder.join("out")) <= from {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "no step is made"
        );
        sleep(Duration::from_millis(5));
    }
    training
}

/// What came of it: all ranks have ended within ten seconds from now.
fn end(training: Child, ranks: &[u32]) -> Output {
    let now = Instant::now();
    let output = training.wait_with_output().unwrap();
    while !ranks.iter().all(|&rank| has_ended(rank)) {
        sleep(Duration::from_millis(20));
        assert!(now.elapsed() < Duration::from_secs(10), "{}", said(&output));
    }
    assert!(now.elapsed() < Duration::from_secs(10), "{}", said(&output));
    output
}

/// Where nobody collects the processes of others, one that has ended stays as a zombie.
fn has_ended(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    status.map_or(true, |status| status.contains("State:\tZ"))
}

#[test]
fn a_rank_that_is_killed_ends_all_and_leaves_a_checkpoint_to_go_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut rng = StdRng::seed_from_u64(1);
    for time in 0..10 {
        let training = long(folder.path(), step(&out));
        sleep(Duration::from_millis(rng.random_range(0..300)));
        let ranks = children(&training);
        assert_eq!(ranks.len(), 2);
        signal("-9", ranks[time % 2]);
        let output = end(training, &ranks);
        assert!(!output.status.success());
        let said = said(&output);
        assert!(said.contains("Killed"), "{said}");
        // Rank 0 says where to go on from, where it is there to say it.
        let has_line = said.contains("--resume goes on from out/checkpoint-");
        assert_eq!(has_line, time % 2 == 1, "{said}");
    }
}

#[test]
fn a_signal_to_any_rank_ends_all_after_the_same_step() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for rank in [0, 1] {
        let training = long(folder.path(), step(&out));
        let ranks = children(&training);
        signal("-INT", ranks[rank]);
        let output = end(training, &ranks);
        assert_eq!(output.status.code(), Some(130));
        let said = said(&output);
        let step = step(&out);
        let line = format!("error: interrupted after step {step}: everything is saved in out");
        assert!(said.contains(&line), "{said}");
        assert_eq!(said.matches("error:").count(), 1, "{said}");
    }
}

#[test]
fn ranks_that_cannot_train_together_end_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    text(
        folder,
        "other.txt",
        "To be, or not to be: that is the question.\n",
    );
    let run = |ranks: &[&str]| {
        let rank = |more: &&str| format!("-n 1 {PROGRAM} {TRAIN} --steps 3 --batch-size 2 {more}");
        let ranks: Vec<String> = ranks.iter().map(rank).collect();
        let output = mpirun(folder, &ranks.join(" : ")).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = said(&output);
        let lines: Vec<&str> = said
            .lines()
            .filter(|line| line.contains("error:"))
            .collect();
        assert_eq!(lines.len(), 1, "{said}");
        lines[0].to_owned()
    };
    let line = run(&["", "--text other.txt"]);
    assert!(line.starts_with("error: rank 1 on "), "{line}");
    assert!(
        line.contains("on rank 0: all ranks need the same program"),
        "{line}"
    );
    let line = run(&["", "--lr 0.1"]);
    assert!(line.contains("schedule "), "{line}");
    let line = run(&["", "--text nowhere.txt"]);
    assert!(line.contains("cannot read nowhere.txt"), "{line}");
    let line = run(&[
        "--text nowhere.txt",
        "--text nowhere.txt",
        "--text nowhere.txt",
    ]);
    assert!(line.starts_with("error: cannot read nowhere.txt"), "{line}");
    let line = run(&["--resume", "--resume"]);
    assert!(line.contains("no checkpoint-*.brnn in it"), "{line}");
    let line = run(&["--batch-size 0", "--batch-size 0"]);
    assert!(line.starts_with("error: --batch-size is 0"), "{line}");
}
