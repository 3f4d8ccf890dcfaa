//! Anomalies: found where they were put, told alike by all ways in, and what is said where figures mean little.

use std::fs;
use std::path::Path;

use crate::{burn_rnn, json};

const SMALL: &str = "train anomaly --csv a.csv --window 24 --hidden 8 --epochs 6 --out o --json";

/// A row an hour of a wave with a day as its season and of its half, with a label. The level is another in two stretches of the
/// test part.
fn table(folder: &Path, name: &str, labels: [&str; 2]) {
    let row = |row: usize| {
        let time = format!(
            "2024-{:02}-{:02} {:02}:00",
            1 + row / 672,
            1 + row / 24 % 28,
            row % 24
        );
        let odd = (1000..1010).contains(&row) || (1200..1230).contains(&row);
        let wave = (row as f64 * core::f64::consts::TAU / 24.0).sin();
        let noise = (row * 7919 % 101) as f64 / 500.0;
        let level = if odd { 2.0 } else { 0.0 };
        let label = labels[usize::from(odd)];
        format!(
            "{time};{:.3};{:.3};{label}\n",
            wave + noise + level,
            wave / 2.0 - noise
        )
        .replace('.', ",")
    };
    let rows: String = (0..1344).map(row).collect();
    fs::write(folder.join(name), format!("when;level;half;odd\n{rows}")).unwrap();
}

#[test]
fn what_was_planted_is_found_and_told_with_its_times() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    table(folder, "a.csv", ["false", "true"]);
    let words = format!("{SMALL} --labels odd");
    let trained = json(folder, &words.split(' ').collect::<Vec<_>>());
    assert_eq!(trained["scores"]["test event recall"], 1.0, "{trained}");
    assert!(
        trained["scores"]["test event F1"].as_f64().unwrap() >= 0.8,
        "{trained}"
    );
    for picture in ["o/anomaly.png", "o/anomaly.svg", "o/loss.png"] {
        assert!(folder.join(picture).exists(), "{picture}");
    }
    let again = json(
        folder,
        &["eval", "--model", "o", "--data", "a.csv", "--json"],
    );
    for (name, score) in again["scores"].as_object().unwrap() {
        // The last bit may be lost in the file's JSON.
        let [one, other] = [&trained["scores"][name], score].map(|score| score.as_f64().unwrap());
        assert!((one - other).abs() < 1e-9, "{name}: {one} {other}");
    }

    let found = json(folder, &["detect", "--model", "o", "a.csv", "--json"]);
    let anomalies = found["anomalies"].as_array().unwrap();
    // Rows 1000 and 1200.
    for start in ["2024-02-14 16:00", "2024-02-23 00:00"] {
        let hit = anomalies.iter().find(|one| one["start"] == start);
        let hit = hit.unwrap_or_else(|| panic!("{start}: {found}"));
        assert_eq!(hit["column"], "level");
        assert!(hit["score"].as_f64().unwrap() > found["threshold"].as_f64().unwrap());
    }
    assert!(folder.join("out/detect/detect.png").exists());
    let mut piped = burn_rnn(folder, &["detect", "--model", "o", "-", "--json"]);
    let text = fs::read(folder.join("a.csv")).unwrap();
    let assert = piped.write_stdin(text).assert().success();
    let piped: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(piped, found);
    let mut wrong = burn_rnn(folder, &["detect", "--model", "o", "-"]);
    let assert = wrong.write_stdin("level;half\n1,5;x\n").assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(
        message.contains("standard input, line 2: column `half`"),
        "{message}"
    );
}

#[test]
fn a_table_without_labels_is_learnt_and_its_rows_are_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let value = |row: usize| if row == 1240 { 9.0 } else { (row % 12) as f64 };
    let noise = |row: usize| (row * 7919 % 101) as f64 / 500.0;
    let rows: String = (0..1300)
        .map(|row| format!("{:.3}\n", value(row) + noise(row)))
        .collect();
    fs::write(folder.join("a.csv"), format!("level\n{rows}")).unwrap();
    let words = format!("{SMALL} --method autoencoder --cell gru --bidirectional");
    let trained = json(folder, &words.split(' ').collect::<Vec<_>>());
    let scores = trained["scores"].as_object().unwrap();
    assert!(scores.contains_key("threshold") && !scores.contains_key("test event F1"));
    let found = json(folder, &["detect", "--model", "o", "a.csv", "--json"]);
    assert_eq!(found["rows"], 1300);
    for one in found["anomalies"].as_array().unwrap() {
        let place = |name: &str| one[name].as_u64().unwrap();
        assert!(
            1 <= place("start") && place("start") <= place("peak"),
            "{one}"
        );
        assert!(
            place("peak") <= place("end") && place("end") <= 1300,
            "{one}"
        );
    }
}

#[test]
fn what_makes_figures_less_than_they_seem_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    table(folder, "a.csv", ["0", "0"]);
    let said = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let assert = burn_rnn(folder, &words).assert().success();
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    let none = said(&format!("{SMALL} --labels odd"));
    assert!(none.contains("no anomaly in the test part"), "{none}");

    // A part of the training is labelled, a channel never changes there, and all that follows is odd.
    let row = |row: usize| match row {
        0..700 => format!("{},1,{}\n", row % 24, u8::from(row == 300)),
        _ => format!("{},50,1\n", 1000 + row),
    };
    let rows: String = (0..1000).map(row).collect();
    fs::write(folder.join("a.csv"), format!("level,still,odd\n{rows}")).unwrap();
    let all = said(&format!("{SMALL} --labels odd"));
    assert!(
        all.contains("column `still` is 1 throughout the training part"),
        "{all}"
    );
    assert!(
        all.contains("1 row of the training and validation parts is labelled"),
        "{all}"
    );
    assert!(
        all.contains("100 % of the rows of the test part are flagged"),
        "{all}"
    );
}
