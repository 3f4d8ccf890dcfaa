//! From a table to a model and on to a forecast.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::Timestamp;
use clap::{Args, Command, FromArgMatches};

use super::command::{DEFAULTS, TrainArgs, evaluate, train};
use super::forecast_file;
use crate::learn::alone;
use crate::options::with_defaults;
use crate::{ModelFile, TrainError};

/// Two waves a quarter of a period apart, an hour a row, with a few gaps.
fn waves(folder: &Path) -> PathBuf {
    let start = Timestamp::parse("2024-02-01 00:00:00").unwrap();
    let mut text = "time,sine,cosine\n".to_owned();
    for row in 0..500i64 {
        let (sine, cosine) = (row as f64 * core::f64::consts::TAU / 24.0).sin_cos();
        let sine = if row % 90 == 50 {
            String::new()
        } else {
            (10.0 * sine).to_string()
        };
        text += &format!("{},{sine},{cosine}\n", start.plus_seconds(row * 3600));
    }
    let path = folder.join("waves.csv");
    std::fs::write(&path, text).unwrap();
    path
}

fn train_on(csv: &Path, out: &Path, more: &[&str]) -> Result<(), TrainError> {
    let _alone = alone();
    let command = Command::new("forecast").args_override_self(true);
    let command = with_defaults(TrainArgs::augment_args(command), DEFAULTS);
    let typed = [
        "--horizon",
        "8",
        "--window",
        "24",
        "--hidden",
        "8",
        "--epochs",
        "4",
    ];
    let words = [
        "forecast",
        "--plain",
        "--lr",
        "0.01",
        "--missing",
        "interpolate",
        "--csv",
    ]
    .into_iter()
    .chain([csv.to_str().unwrap(), "--out", out.to_str().unwrap()])
    .chain(typed)
    .chain(more.iter().copied());
    let matches = command.get_matches_from(words);
    train(&TrainArgs::from_arg_matches(&matches).unwrap())
}

#[test]
fn a_training_beats_naive_and_its_model_forecasts_the_future() {
    let folder = tempfile::tempdir().unwrap();
    let csv = waves(folder.path());
    let out = folder.path().join("out");
    train_on(&csv, &out, &["--time-features", "cyclic"]).unwrap();
    let model = ModelFile::open(&out).unwrap();
    let scores = model.card.scores.clone();
    assert!(
        scores["test MSE"] < 0.2 * scores["test MSE, naive"],
        "{scores:?}"
    );
    let device = Device::default();
    for (name, value) in evaluate(model.clone(), Some(&csv), &device).unwrap() {
        // The scalers of the file are read to the last digit but one.
        let difference = (scores[&name] - value).abs();
        assert!(difference <= 1e-12 * value.abs(), "{name}");
    }

    forecast_file(model, Some(&csv), &[], folder.path(), false, &device).unwrap();
    let text = std::fs::read_to_string(folder.path().join("future.csv")).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines.len(), 9);
    assert_eq!(
        lines[0][1..5],
        ["time", "sine", "sine 80 % low", "sine 80 % high"]
    );
    assert_eq!(lines[1][1], "2024-02-21 20:00:00");
    for (step, line) in lines[1..].iter().enumerate() {
        let number = |place: usize| line[place].parse::<f64>().unwrap();
        // In units of the series, whose amplitude is 10.
        let truth = ((500 + step) as f64 * core::f64::consts::TAU / 24.0).sin() * 10.0;
        assert!(
            (number(2) - truth).abs() < 4.0,
            "{line:?}, expected {truth}"
        );
        assert!(number(3) <= number(2) && number(2) <= number(4), "{line:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let csv = waves(folder.path());
    let out = folder.path().join("out");
    for (more, words) in [
        (&["--columns", "tangent"][..], "no column `tangent`"),
        (&["--missing", "refuse"], "line 52: column `sine`"),
        (
            &["--segment", "7"],
            "--segment is 7, expected a number that divides --window 24",
        ),
        (&["--split", "12/4/4-months"], "the series has 500 values"),
        (&["--window", "400"], "use a shorter window or horizon"),
        (
            &["--model", "feed-forward", "--bidirectional"],
            "--bidirectional is on",
        ),
        (
            &["--draw", "sine,tangent"],
            "--draw is tangent, expected one of sine, cosine",
        ),
    ] {
        let error = train_on(&csv, &out, more).unwrap_err().to_string();
        assert!(error.contains(words), "{error:?} does not tell {words:?}");
        assert!(!out.exists(), "{words}");
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn values_at_the_end_of_what_fits_end_in_pictures_or_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("h.csv");
    let values = (0..400).map(|row| ["3e38\n", "-3e38\n"][row % 2]);
    std::fs::write(&csv, "a\n".to_owned() + &values.collect::<String>()).unwrap();
    let out = folder.path().join("h");
    train_on(&csv, &out, &["--epochs", "1"]).unwrap();
    assert!(out.join("forecast.png").exists());
    assert!(
        names_in(&out)
            .iter()
            .all(|name| !name.starts_with(".burn-rnn-")),
        "{:?}",
        names_in(&out)
    );

    let waves = waves(folder.path());
    let out = folder.path().join("out");
    train_on(&waves, &out, &["--epochs", "1"]).unwrap();
    let mut text = std::fs::read_to_string(&waves).unwrap();
    for hour in ["20", "21", "22"] {
        text += &format!("2024-02-21 {hour}:00:00,3.4e38,-3.4e38\n");
    }
    std::fs::write(&waves, text).unwrap();
    let future = folder.path().join("future");
    let model = ModelFile::open(&out).unwrap();
    match forecast_file(model, Some(&waves), &[], &future, false, &Device::default()) {
        Ok(()) => assert_eq!(
            names_in(&future),
            ["future.csv", "future.png", "future.svg"]
        ),
        Err(error) => {
            let error = error.to_string();
            assert!(
                error.contains("outliers") || error.contains("32-bit"),
                "{error}"
            );
            assert!(!future.exists());
        }
    }
}

#[test]
fn without_enough_windows_there_is_no_band() {
    let folder = tempfile::tempdir().unwrap();
    let csv = waves(folder.path());
    let out = folder.path().join("out");
    // 13 - 8 + 1 windows, all of which overlap.
    train_on(&csv, &out, &["--split", "440/13/40-rows"]).unwrap();
    let model = ModelFile::open(&out).unwrap();
    assert!(!model.card.scores.keys().any(|name| name.contains("bands")));
    let draw = ["cosine".to_owned()];
    forecast_file(
        model,
        Some(&csv),
        &draw,
        folder.path(),
        false,
        &Device::default(),
    )
    .unwrap();
    let text = std::fs::read_to_string(folder.path().join("future.csv")).unwrap();
    assert!(
        text.starts_with("step,time,sine,cosine\n1,2024-02-21 20:00:00,"),
        "{text}"
    );
}
