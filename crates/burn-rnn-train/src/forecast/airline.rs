//! Short monthly series with the defaults alone.

use std::fmt::Write;
use std::path::Path;

use clap::{Args, Command, FromArgMatches};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::command::{DEFAULTS, TrainArgs, train};
use crate::ModelFile;
use crate::learn::alone;
use crate::options::with_defaults;

/// Twelve years by month, as those of the airline passengers (Box & Jenkins 1976): growth × season × noise.
fn airline_like(seed: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut between = |low: f64, high: f64| rng.random_range(low..high);
    let (level, growth) = (between(50.0, 500.0), between(0.003, 0.012));
    let (year, half) = (between(0.1, 0.35), between(0.03, 0.12));
    let phases = [between(0.0, 6.0), between(0.0, 6.0)];
    let noise = between(0.02, 0.05);
    let mut text = "month,passengers\n".to_owned();
    for month in 0..144u32 {
        let angle = f64::from(month) * core::f64::consts::TAU / 12.0;
        let season = year * (angle + phases[0]).sin() + half * (2.0 * angle + phases[1]).sin();
        // The sum of twelve uniform numbers deviates by 1 from its mean of 6.
        let normal = (0..12).map(|_| between(0.0, 1.0)).sum::<f64>() - 6.0;
        let value = level * (growth * f64::from(month) + season + noise * normal).exp();
        let date = format!("{}-{:02}", 1949 + month / 12, month % 12 + 1);
        writeln!(text, "{date},{value:.1}").unwrap();
    }
    text
}

/// Test MSE, that of the seasonal naive forecast, and the share within the bands.
fn figures(folder: &Path, seed: u64) -> [f64; 3] {
    let csv = folder.join(format!("{seed}.csv"));
    std::fs::write(&csv, airline_like(seed)).unwrap();
    let out = folder.join(seed.to_string());
    let words = [
        "--csv",
        csv.to_str().unwrap(),
        "--horizon",
        "12",
        "--plain",
        "--out",
    ];
    let words = core::iter::once("forecast").chain(words);
    let words = words.chain([out.to_str().unwrap()]);
    let command = with_defaults(TrainArgs::augment_args(Command::new("forecast")), DEFAULTS);
    train(&TrainArgs::from_arg_matches(&command.get_matches_from(words)).unwrap()).unwrap();
    let scores = ModelFile::open(&out).unwrap().card.scores;
    [
        scores["test MSE"],
        scores["test MSE, seasonal naive"],
        scores["test share within 80 % bands"],
    ]
}

#[test]
fn a_short_series_trains_by_itself() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let [model, seasonal, within] = figures(folder.path(), 1);
    assert!(model < 0.5 * seasonal, "{model}, seasonal naive {seasonal}");
    assert!((0.5..=1.0).contains(&within), "{within}");
}

/// Prints a line a series: `cargo test --release --workspace --lib ten_short_series -- --ignored --nocapture`.
#[test]
#[ignore = "ten trainings"]
fn ten_short_series_are_below_seasonal_naive_and_their_bands_cover_four_fifths() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<[f64; 3]> = (1..=10).map(|seed| figures(folder.path(), seed)).collect();
    for [model, seasonal, within] in &all {
        println!("test MSE {model:.4}, seasonal naive {seasonal:.4}, within the bands {within:.3}");
    }
    let below = all.iter().filter(|[model, seasonal, _]| model < seasonal);
    let covered = all.iter().map(|[_, _, within]| within).sum::<f64>() / 10.0;
    println!("within the bands {covered:.3}");
    assert!(below.count() >= 9);
    assert!((0.7..=0.9).contains(&covered));
}
