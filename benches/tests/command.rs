//! The command as a user runs it, on sizes that take no time, without Python.

use assert_cmd::Command;
use predicates::prelude::*;

fn bench() -> Command {
    Command::cargo_bin("burn-rnn-bench").unwrap()
}

#[test]
fn every_architecture_runs_in_every_mode_and_is_kept_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (json, png) = (
        folder.path().join("new/b.json"),
        folder.path().join("b.png"),
    );
    let mut modes = "train,train-lengths,infer,step,sessions".to_owned();
    if cfg!(target_os = "linux") {
        modes += ",memory";
    }
    let tables = bench()
        .args(["--shape", "2x3x4x5", "--rounds", "1", "--mode", &modes])
        .args(["--json".as_ref(), json.as_os_str()])
        .args(["--png".as_ref(), png.as_os_str()])
        .assert()
        .success()
        .stdout(predicate::str::contains("## peephole-full: training"))
        .stdout(predicate::str::contains("## slstm: training"))
        .stdout(predicate::str::contains("## own: training"))
        .stdout(predicate::str::contains(
            "## gru: training over lengths uniform in 1..T",
        ))
        .stdout(predicate::str::contains("ours, all steps"))
        .stdout(predicate::str::contains("## gru: sessions"))
        .stdout(predicate::str::contains("streams of one"))
        .stdout(predicate::str::contains("2×3×4×5"))
        .stdout(predicate::str::contains("- PyTorch: not asked for"))
        // Nobody failed in a case.
        .stdout(predicate::str::contains("panicked").not())
        .stdout(predicate::str::contains("has ended").not());
    assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG"));

    let again = bench().arg("--from").arg(&json).assert().success();
    assert_eq!(again.get_output().stdout, tables.get_output().stdout);
}

#[test]
fn new_cells_are_timed_alone_on_the_instructions_that_are_asked_for() {
    bench()
        .args(["--new-cells", "--shape", "2x3x4x5", "--rounds", "1"])
        .args(["--mode", "infer", "--simd", "portable"])
        .assert()
        .success()
        .stdout(predicate::str::contains("## indrnn: inference"))
        .stdout(predicate::str::contains("## lstm").not())
        .stdout(predicate::str::contains(
            "- instructions: burn-rnn's portable code",
        ))
        .stdout(predicate::str::contains("panicked").not());
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    for (arguments, told) in [
        (&["--shape", "2x3"][..], "32x100x128x256"),
        (&["--threads", "0"], "at least 1"),
        (&["--cell", "transformer"], "peephole-full"),
        (&["--simd", "avx1024"], "portable"),
        (&["--new-cells", "--cell", "lstm"], "cannot be used with"),
        (&["--quick", "--batch", "3"], "cannot be used with"),
    ] {
        let refused = bench().args(arguments).assert().code(2);
        refused.stderr(predicate::str::contains(told));
    }
    bench()
        .args(["--shape", "1x1x1x1", "--python", "/no/such/python"])
        .assert()
        .code(1)
        .stderr(predicate::str::contains(
            "/no/such/python cannot be started",
        ));
    bench()
        .args(["--from", "/no/such.json"])
        .assert()
        .code(1)
        .stderr(predicate::str::contains("/no/such.json cannot be read"));
}
