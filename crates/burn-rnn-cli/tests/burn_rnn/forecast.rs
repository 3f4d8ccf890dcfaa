//! Forecasts: what standard output has, what is said beside it, and what is left behind.

use std::fs;
use std::time::Duration;

use crate::{burn_rnn, json};

const SMALL: &str = "--horizon 6 --window 24 --hidden 8 --epochs 1 --out o";

/// Values whose difference is beyond 32 bits: scaled, drawn and forecast all the same.
#[test]
fn very_large_values_come_to_an_end_and_leave_nothing_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let values = (0..400).map(|row| ["3e38\n", "-3e38\n"][row % 2]);
    fs::write(
        folder.join("h.csv"),
        "a\n".to_owned() + &values.collect::<String>(),
    )
    .unwrap();
    let words = format!("train forecast --csv h.csv --plain {SMALL}");
    let mut train = burn_rnn(folder, &words.split(' ').collect::<Vec<_>>());
    train.timeout(Duration::from_secs(120)).assert().success();
    let mut forecast = burn_rnn(
        folder,
        &["forecast", "--model", "o", "--csv", "h.csv", "--out", "f"],
    );
    forecast.timeout(Duration::from_secs(60)).assert().success();
    for place in ["o", "f"] {
        for entry in fs::read_dir(folder.join(place)).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(
                !name.to_string_lossy().starts_with(".burn-rnn-"),
                "{name:?}"
            );
        }
    }
}

#[test]
fn a_model_of_no_use_says_so_beside_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let values = (0..300).map(|row| format!("{}.{:02}\n", row % 7, row % 11));
    fs::write(
        folder.join("week.csv"),
        "a\n".to_owned() + &values.collect::<String>(),
    )
    .unwrap();
    let words = format!("train forecast --csv week.csv --json {SMALL}");
    let words: Vec<&str> = words.split(' ').collect();
    let assert = burn_rnn(folder, &words).assert().success();
    let said = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(
        said.contains("of the seasonal naive forecast 0.00"),
        "{said}"
    );
    assert!(said.contains("hardly trained"), "{said}");
    let output = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let trained: serde_json::Value = serde_json::from_str(&output).unwrap();
    let again = json(
        folder,
        &["eval", "--model", "o", "--data", "week.csv", "--json"],
    );
    assert!(again["scores"]["test MASE"].as_f64().unwrap() > 1.0);
    for (name, score) in again["scores"].as_object().unwrap() {
        assert_eq!(trained["scores"][name], *score, "{name}");
    }
    let [scaled, own] =
        ["test MAE", "test MAE of a, unscaled"].map(|name| again["scores"][name].as_f64().unwrap());
    // 0 to 6 deviate by 2 from their mean.
    assert!((own / scaled - 2.0).abs() < 0.01, "{own} {scaled}");
}
