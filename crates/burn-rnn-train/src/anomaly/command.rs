//! The command line of `burn-rnn train anomaly`, and its figures.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{Missing, ScalerKind, Scalers, Split, SplitRule, Table, TableOptions};
use clap::Args;

use super::calibration::{Judged, Rule};
use super::figures::Figures;
use super::plot::Picture;
use super::scores::Errors;
use super::settings::{table, usual_rows};
use super::{AnomalySettings, AnomalyTask, Detector, DetectorConfig, Method};
use crate::forecast::{undertrained, usual_season};
use crate::learn::{LearnArgs, NetworkArgs, Task, learn, owned};
use crate::limits::check_memory;
use crate::{ModelFile, TaskCard, TrainError, printable, warn};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// A table with a header row; generated series with 20 planted anomalies if not given
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// The columns to watch, by name; all with numbers if `all`
    #[arg(long, value_name = "A,B", value_delimiter = ',', default_value = "all")]
    pub columns: Vec<String>,
    /// The column with dates [default: the first that has some]
    #[arg(long, value_name = "NAME", requires = "csv")]
    pub time_column: Option<String>,
    /// The column that says which rows are anomalies, by 0 and 1 or false and true: the figures need it; labelled rows are not
    /// learnt
    #[arg(long, value_name = "NAME", requires = "csv")]
    pub labels: Option<String>,
    /// What to do where a value is missing: refuse, drop (the row) or interpolate
    #[arg(long, value_name = "POLICY", default_value_t = Missing::Refuse)]
    pub missing: Missing,
    /// How the rows are split in training, validation and test part: fractions, or lengths such as
    /// 12/4/4-months (of 30 days), 360/120/120-days, 8640/2880/2880-rows
    #[arg(long, value_name = "RULE", default_value = "0.5/0.2/0.3")]
    pub split: SplitRule,
    /// How each channel is scaled, by its training part: standard, min-max or robust
    #[arg(long, value_name = "KIND", default_value_t = ScalerKind::Standard)]
    pub scaler: ScalerKind,
    /// What the network does with a window
    #[arg(long, value_enum, value_name = "KIND", default_value = "forecaster")]
    pub method: Method,
    /// The number of rows that the network reads at once
    #[arg(long, value_name = "N", default_value_t = 48)]
    pub window: usize,
    /// The number of next rows that a forecaster says at each step
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub horizon: usize,
    /// The share of usual rows that may lie above the threshold, which peaks over threshold set by the errors in the validation
    /// part
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 1e-4,
        allow_negative_numbers = true
    )]
    pub risk: f64,
    /// The span of the exponentially weighted mean of errors, in rows; 1 smooths nothing
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub smoothing: usize,
    /// Flagged rows with at most this number of others between them are one stretch [default: a quarter of --window: the
    /// network has an anomaly in its window for a while]
    #[arg(long, value_name = "N")]
    pub gap: Option<usize>,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("hidden", "48"),
    ("epochs", "20"),
    ("batch-size", "32"),
    ("lr", "0.005"),
    ("clip", "1"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "A detector of anomalies",
    what: "It reads the channels of a table and tells in which rows they are not as they were in what it learnt: where its errors \
           lie above a threshold that errors on usual rows give.",
    input: "--csv",
    built_in: "three seasonal series that the program generates, with 20 anomalies planted in the test part",
    usage: &["burn-rnn detect --model MODEL --out out/detect"],
    limits: "It knows the channels that it learnt, in the steps that it learnt them in. It tells what is unusual and not why; what is \
             usual but new is unusual to it, too.",
};

/// Trains a model.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    TrainError::check_counts(&[("--batch-size", args.learn.batch_size)])?;
    let (mut settings, table, split) = prepare(args)?;
    let (train, validation) = (&split.train, &split.validation);
    let scaled = settings.scale(&table)?;
    let spans = settings.spans(&table, &scaled, [train, validation])?;
    let widest = settings.config.network.sizes()?.into_iter().max();
    check_memory(
        "the size of a batch",
        &[
            args.learn.batch_size.min(spans[0].starts.len()),
            settings.config.span(),
            widest
                .unwrap_or(0)
                .max(settings.config.channels * settings.config.horizon),
        ],
    )?;
    // A part that is too short for a threshold is told before anything is learnt.
    let (first, _) = settings.config.said();
    let usual = usual_rows(&table, validation, first);
    let baseline = settings.judge_without_model(&table, validation)?;
    tell_of_table(&table, &split);
    let task = AnomalyTask::new(settings.clone(), spans, args.learn.batch_size);
    let mut outcome = learn(
        &task,
        &args.learn.with_data("table", &table),
        settings.config.description(),
    )?;

    let errors = Errors::of(&outcome.model, &scaled, &outcome.device)?;
    let calibration = settings.rule.calibrate(&errors, &usual)?;
    let judged = calibration.judge(&errors, settings.rule);
    settings.calibration = Some(calibration);
    outcome.settings = settings;
    let figures = Figures::of(&table, &split.test, &judged, &baseline)?;
    let picture = Picture::new(&table, &judged, split.test.clone());
    picture.draw(&outcome.folder, "anomaly", "Anomalies in the test part")?;
    outcome.report(&figures.named())?;
    let told = figures.told().into_iter();
    told.chain(undertrained(&outcome.curve)).for_each(warn);
    Ok(())
}

/// The settings of a training, with what it learns.
fn prepare(args: &TrainArgs) -> Result<(AnomalySettings, Table, Split), TrainError> {
    let rule = Rule {
        risk: args.risk,
        smoothing: args.smoothing,
        gap: args.gap.unwrap_or(args.window / 4),
    };
    rule.validate()?;
    let mut options = TableOptions {
        columns: match args.columns.as_slice() {
            [all] if all == "all" => Vec::new(),
            names => names.to_vec(),
        },
        time_column: args.time_column.clone(),
        missing: args.missing,
        labels: args.labels.clone(),
    };
    if args.csv.is_none() && !options.columns.is_empty() {
        return Err(TrainError::setting(
            "--columns",
            args.columns.join(","),
            "all where the series are generated, or a file with --csv",
        ));
    }
    let table = table(args.csv.as_deref(), &options, args.learn.seed)?;
    options.columns = table.names().to_vec();
    let split = args.split.split(&table)?;
    let settings = AnomalySettings {
        config: DetectorConfig {
            method: args.method,
            network: args.network.config(table.series())?,
            channels: table.series(),
            window: args.window,
            horizon: args.horizon,
        },
        table: options,
        split: args.split,
        scalers: Scalers::fit(args.scaler, &table, split.train.clone())?,
        season: usual_season(&table, split.train.end),
        rule,
        calibration: None,
    };
    settings.config.validate()?;
    Ok((settings, table, split))
}

/// Says what makes a table hard to learn.
fn tell_of_table(table: &Table, split: &Split) {
    for (channel, name) in table.names().iter().enumerate() {
        let values = table.column(channel, split.train.clone());
        if values.iter().all(|value| *value == values[0]) {
            warn(format_args!(
                "column `{}` is {} throughout the training part: any other value will be an anomaly; if that is not meant, leave it out \
                 with --columns",
                printable(name),
                values[0]
            ));
        }
    }
    if let Some(labels) = table.labels() {
        let labels = &labels[..split.validation.end];
        match labels.iter().filter(|label| **label).count() {
            0 => {}
            1 => warn(
                "1 row of the training and validation parts is labelled as an anomaly: it is not learnt",
            ),
            count => warn(format_args!(
                "{count} rows of the training and validation parts are labelled as anomalies: they are not learnt"
            )),
        }
    }
}

/// The test figures of a saved model, on the table `input` or, without one, on the generated one, split as in its training.
///
/// # Errors
///
/// Where the model or the table does not fit.
pub fn evaluate(
    file: ModelFile,
    input: Option<&Path>,
    device: &Device,
) -> Result<Vec<(String, f64)>, TrainError> {
    let seed = file.card.seed;
    let (settings, model): (AnomalySettings, Detector) =
        file.load(AnomalyTask::NAME, device, AnomalySettings::init)?;
    let table = table(input, &settings.table, seed)?;
    let split = settings.split.split(&table)?;
    let judged: Judged = settings.judge(&model, &table, device)?;
    let baseline = settings.judge_without_model(&table, &split.validation)?;
    let figures = Figures::of(&table, &split.test, &judged, &baseline)?;
    figures.told().into_iter().for_each(warn);
    Ok(owned(figures.named()))
}
