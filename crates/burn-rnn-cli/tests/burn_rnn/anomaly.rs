//! `burn-rnn train anomaly` and `burn-rnn detect`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::{burn_rnn, json};

/// A sine with the rows 700 to 719 at another level.
fn table(folder: &Path) {
    let mut text = "level,odd\n".to_owned();
    for row in 0..1000 {
        let odd = (700..720).contains(&row);
        let level = (row as f64 / 6.0).sin() + if odd { 4.0 } else { 0.0 };
        writeln!(text, "{level},{}", u8::from(odd)).unwrap();
    }
    fs::write(folder.join("table.csv"), text).unwrap();
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn a_stretch_at_another_level_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    table(folder);
    let trained = json(
        folder,
        &words(
            "train anomaly --csv table.csv --labels odd --hidden 16 --window 24 --epochs 8 --out model --json",
        ),
    );
    let scores = &trained["scores"];
    assert_eq!(scores["test event recall"], 1.0, "{scores}");
    assert!(folder.join("model/anomaly.png").exists());
    // Measured again it is the same.
    let again = json(folder, &words("eval --model model --data table.csv --json"));
    assert_eq!(again["scores"]["test event F1"], scores["test event F1"]);

    let found = json(
        folder,
        &words("detect --model model table.csv --out found --json"),
    );
    let anomalies = found["anomalies"].as_array().unwrap();
    let overlaps = |anomaly: &serde_json::Value| {
        let row = |key: &str| anomaly[key].as_u64().unwrap();
        // Rows are counted from 1.
        row("start") <= 720 && row("end") >= 701
    };
    assert!(anomalies.iter().any(overlaps), "{found}");
    assert!(folder.join(found["picture"].as_str().unwrap()).exists());

    // From standard input it is the same.
    let text = fs::read(folder.join("table.csv")).unwrap();
    let assert = burn_rnn(folder, &words("detect --model model - --out piped --json"))
        .write_stdin(text)
        .assert()
        .success();
    let piped: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(piped["anomalies"], found["anomalies"]);
}
