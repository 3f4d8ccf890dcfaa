//! `burn-rnn detect`: the anomalies of a table by a saved model.

use core::ops::Range;
use std::path::{Path, PathBuf};

use burn_rnn_data::{Table, parse_table};
use clap::Args;

use super::calibration::Judged;
use super::plot::Picture;
use super::settings::{table, tell_notices};
use super::{AnomalySettings, AnomalyTask, Detector};
use crate::learn::Task;
use crate::standard_input::text;
use crate::{SavedArgs, TrainError, printable, say};

/// The options of `detect`.
#[derive(Clone, Debug, Args)]
pub struct DetectArgs {
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// A table with the columns of the training, - for standard input; the generated one if not given
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Where detect.png and detect.svg go
    #[arg(long, value_name = "DIR", default_value = "out/detect")]
    pub out: PathBuf,
}

/// Tells which stretches of a table are anomalies, a line each, and draws them; with `--json` one object with `rows`,
/// `threshold`, `anomalies` (`start`, `end`, `peak`, `score`, `column` of each) and `picture`. Starts, ends and peaks are
/// times where the table has them, else rows counted from 1; the end is the last row of the stretch.
///
/// # Errors
///
/// Where the model is for something else, the table lacks a column or has too few rows, or a file cannot be written.
pub fn detect(args: &DetectArgs) -> Result<(), TrainError> {
    let (file, device) = args.saved.open()?;
    let seed = file.card.seed;
    let (settings, model): (AnomalySettings, Detector) =
        file.load(AnomalyTask::NAME, &device, AnomalySettings::init)?;
    let mut options = settings.table.clone();
    // Whoever looks for anomalies has no labels.
    options.labels = None;
    let table = match &args.file {
        Some(path) if path == Path::new("-") => {
            let table = parse_table(Path::new("standard input"), &text()?, &options)?;
            tell_notices(&table);
            table
        }
        path => table(path.as_deref(), &options, seed)?,
    };
    let judged = settings.judge(&model, &table, &device)?;
    let picture = Picture::new(&table, &judged, 0..table.rows());
    let [picture, _] = picture.draw(&args.out, "detect", "Anomalies")?;
    let anomalies = judged.stretches.iter();
    let anomalies: Vec<Anomaly<'_>> = anomalies
        .map(|one| Anomaly::of(&table, &judged, one))
        .collect();
    if args.saved.json {
        let anomalies: Vec<_> = anomalies.iter().map(Anomaly::json).collect();
        return say(serde_json::json!({
            "rows": table.rows(),
            "threshold": judged.threshold,
            "anomalies": anomalies,
            "picture": picture.to_string_lossy(),
        }));
    }
    for anomaly in &anomalies {
        say(printable(&anomaly.line()))?;
    }
    let count = match anomalies.len() {
        0 => "No anomaly".to_owned(),
        1 => "1 anomaly".to_owned(),
        count => format!("{count} anomalies"),
    };
    let line = format!(
        "{count} in {} rows, threshold {:.3}: {}",
        table.rows(),
        judged.threshold,
        picture.display()
    );
    say(printable(&line))
}

/// A stretch, with what is told of it.
struct Anomaly<'a> {
    table: &'a Table,
    rows: &'a Range<usize>,
    peak: usize,
    score: f64,
    column: &'a str,
}

impl<'a> Anomaly<'a> {
    fn of(table: &'a Table, judged: &Judged, rows: &'a Range<usize>) -> Self {
        let peak = judged.peak(rows);
        Self {
            table,
            rows,
            peak,
            score: judged.scores.values[peak],
            column: &table.names()[judged.scores.channels[peak]],
        }
    }

    /// The time of a row, or its number.
    fn place(&self, row: usize) -> serde_json::Value {
        match self.table.times() {
            Some(times) => times[row].to_string().into(),
            None => (row + 1).into(),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "start": self.place(self.rows.start),
            "end": self.place(self.rows.end - 1),
            "peak": self.place(self.peak),
            "score": self.score,
            "column": self.column,
        })
    }

    fn line(&self) -> String {
        let place = |row| match self.place(row) {
            serde_json::Value::String(time) => time,
            row => format!("row {row}"),
        };
        format!(
            "{} to {}  peak {}  score {:.3}  {}",
            place(self.rows.start),
            place(self.rows.end - 1),
            place(self.peak),
            self.score,
            self.column
        )
    }
}
