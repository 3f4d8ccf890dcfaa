//! The command line of `burn-rnn train forecast` and `burn-rnn forecast`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{
    Missing, ScalerKind, Scalers, SplitRule, Table, TableOptions, TableWindows, TimeFeatures,
    detect_season,
};
use clap::Args;

use super::held_out::{draw_test, figures};
use super::score::predict;
use super::settings::table;
use super::{
    Bands, Centring, Decoder, HorizonConfig, HorizonModel, HorizonSettings, HorizonTask, LossKind,
    ModelKind, forecast_file,
};
use crate::learn::{LearnArgs, NetworkArgs, Outcome, Task, learn};
use crate::{ModelFile, TaskCard, TrainError, device};

/// The options of a training.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// A table with a header row; generated series, sums of sines with noise, if not given
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// The columns to forecast, by name; all with numbers if `all`
    #[arg(long, value_name = "A,B", value_delimiter = ',', default_value = "all")]
    pub columns: Vec<String>,
    /// The column with dates [default: the first that has some]
    #[arg(long, value_name = "NAME", requires = "csv")]
    pub time_column: Option<String>,
    /// What to do where a value is missing: refuse, drop (the row) or interpolate
    #[arg(long, value_name = "POLICY", default_value_t = Missing::Refuse)]
    pub missing: Missing,
    /// How the rows are split in training, validation and test part: fractions, or lengths such as
    /// 12/4/4-months (of 30 days), 360/120/120-days, 8640/2880/2880-rows
    #[arg(long, value_name = "RULE", default_value = "0.7/0.1/0.2")]
    pub split: SplitRule,
    /// How each series is scaled, by its training part: standard, min-max or robust
    #[arg(long, value_name = "KIND", default_value_t = ScalerKind::Standard)]
    pub scaler: ScalerKind,
    /// What the encoder is told of each row's date: none, linear (−0.5 to 0.5) or cyclic (sine and cosine)
    #[arg(long, value_name = "KIND", default_value_t = TimeFeatures::None)]
    pub time_features: TimeFeatures,
    /// The number of steps to forecast
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub horizon: usize,
    /// The number of steps that a forecast is made from
    #[arg(long, value_name = "N", default_value_t = 96)]
    pub window: usize,
    /// Which network forecasts
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        default_value = "encoder-decoder"
    )]
    pub model: ModelKind,
    /// What writes the horizon
    #[arg(long, value_enum, value_name = "KIND", default_value = "recurrent")]
    pub decoder: Decoder,
    /// The number of steps that are one step for the recurrent networks [default: the largest up to 12 that
    /// divides --window]
    #[arg(long, value_name = "N")]
    pub segment: Option<usize>,
    /// The network sees all series at once; else one at a time, with the same weights
    #[arg(long)]
    pub joint: bool,
    /// What each window is measured from
    #[arg(long, value_enum, value_name = "KIND", default_value = "last")]
    pub centring: Centring,
    /// The number of last steps that a linear layer beside the network sees; 0 leaves it out [default:
    /// those of --window, at most 96; 0 for a feed-forward network]
    #[arg(long, value_name = "N")]
    pub lags: Option<usize>,
    /// The probability that a unit of what the encoder read is dropped in training
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.2,
        allow_negative_numbers = true
    )]
    pub output_dropout: f64,
    /// The probability that a recurrent decoder reads the true step before, at the start; it falls to 0
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.5,
        allow_negative_numbers = true
    )]
    pub teacher_forcing: f64,
    /// What the training minimises; the held-out MSE decides which model is the best
    #[arg(long, value_enum, value_name = "KIND", default_value = "mae")]
    pub loss: LossKind,
    /// The season of the seasonal naive forecast [default: found in the training part]
    #[arg(long, value_name = "N")]
    pub season: Option<usize>,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("cell", "gru"),
    ("hidden", "64"),
    ("epochs", "10"),
    ("patience", "3"),
    ("batch-size", "32"),
    ("lr", "0.001"),
    ("clip", "1"),
];

/// What a model card says of the task.
pub const CARD: TaskCard = TaskCard {
    title: "A forecaster of several series",
    what: "It reads a window of all series of a table and forecasts each of them for the whole \
           horizon, with the bands that the errors on the part of the data that chose the model \
           give.",
    input: "--csv",
    built_in: "series that the program generates: sums of sines with noise",
    usage: &["burn-rnn forecast --model MODEL --out out/forecast"],
    limits: "It forecasts the series that it learnt, in the steps that it learnt them in. The bands \
             tell of errors like those of the past.",
};

/// Trains a model.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn train(args: &TrainArgs) -> Result<(), TrainError> {
    TrainError::check_counts(&[
        ("--batch-size", args.learn.batch_size),
        ("--season", args.season.unwrap_or(1)),
    ])?;
    let mut options = TableOptions {
        columns: match args.columns.as_slice() {
            [all] if all == "all" => Vec::new(),
            names => names.to_vec(),
        },
        time_column: args.time_column.clone(),
        missing: args.missing,
    };
    if args.csv.is_none() && !options.columns.is_empty() {
        return Err(TrainError::Setting {
            name: "--columns",
            given: args.columns.join(","),
            expected: "all where the series are generated, or a file with --csv".to_owned(),
        });
    }
    let table = table(args.csv.as_deref(), &options, args.learn.seed)?;
    options.columns = table.names().to_vec();
    let split = args.split.split(&table)?;
    let season = args
        .season
        .or_else(|| usual_season(&table, split.train.end))
        .filter(|season| *season <= split.test.start);
    let settings = HorizonSettings {
        config: args.config(&table)?,
        table: options,
        split: args.split,
        scalers: Scalers::fit(args.scaler, &table, split.train.clone())?,
        features: args.time_features,
        season,
        bands: None,
    };
    let scaled = settings.scale(&table)?;
    let [train, validation, test] = settings.windows(&scaled, &split)?;
    let description = settings.config.description();
    let task = HorizonTask::new(settings, train, validation.clone(), args.learn.batch_size);
    let outcome = learn(&task, &args.learn, description)?;
    finish(outcome, &table, &validation, &test)
}

impl TrainArgs {
    fn config(&self, table: &Table) -> Result<HorizonConfig, TrainError> {
        let divides = |segment: &usize| self.window.is_multiple_of(*segment);
        let segment = (1..=12).rev().find(divides).unwrap_or(1);
        let lags = match self.model {
            ModelKind::EncoderDecoder => self.window.min(96),
            ModelKind::FeedForward => 0,
        };
        Ok(HorizonConfig {
            model: self.model,
            network: self.network.config(1)?,
            decoder: self.decoder,
            series: table.series(),
            joint: self.joint,
            window: self.window,
            horizon: self.horizon,
            segment: self.segment.unwrap_or(segment),
            lags: self.lags.unwrap_or(lags),
            centring: self.centring,
            time_features: self.time_features.count(),
            output_dropout: self.output_dropout,
            teacher_forcing: self.teacher_forcing,
            loss: self.loss,
        })
    }
}

/// The season that most series have in the rows before `end`; of equally frequent ones the shortest.
fn usual_season(table: &Table, end: usize) -> Option<usize> {
    const LONGEST: usize = 500;
    let mut counts = BTreeMap::new();
    for series in 0..table.series() {
        let values = table.column(series, 0..end);
        if let Some(season) = detect_season(&values, LONGEST.min(values.len() / 3)) {
            *counts.entry(season).or_insert(0) += 1;
        }
    }
    let usual = counts
        .iter()
        .max_by_key(|(season, count)| (**count, usize::MAX - **season));
    usual.map(|(season, _)| *season)
}

/// The figures of the test part, the bands, the picture and the report.
fn finish(
    mut outcome: Outcome<HorizonTask>,
    table: &Table,
    validation: &TableWindows,
    test: &TableWindows,
) -> Result<(), TrainError> {
    let (model, device) = (&outcome.model, &outcome.device);
    let bands = Bands::of(&predict(model, validation, device), validation);
    let forecasts = predict(model, test, device);
    let figures = figures(&forecasts, test, outcome.settings.season)?;
    let scalers = &outcome.settings.scalers;
    draw_test(&outcome.folder, table, scalers, &bands, &forecasts, test)?;
    outcome.settings.bands = Some(bands);
    outcome.report(&figures)
}

/// The test figures of a saved model, on the table `input` or, without one, on the generated one, split as
/// in its training.
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
    let (settings, model): (HorizonSettings, HorizonModel) =
        file.load(HorizonTask::NAME, device, HorizonSettings::init)?;
    let table = table(input, &settings.table, seed)?;
    let split = settings.split.split(&table)?;
    let [_, _, test] = settings.windows(&settings.scale(&table)?, &split)?;
    let forecasts = predict(&model, &test, device);
    let figures = figures(&forecasts, &test, settings.season)?;
    Ok(figures
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// The options of `forecast`.
#[derive(Clone, Debug, Args)]
pub struct ForecastArgs {
    /// The folder that the training wrote with --out, or a model file
    #[arg(long, value_name = "PATH")]
    pub model: PathBuf,
    /// A table with the columns of the training; the generated one if not given
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Where future.csv and future.png go
    #[arg(long, value_name = "DIR", default_value = "out/forecast")]
    pub out: PathBuf,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
}

/// Forecasts with a saved model what comes after the end of a table.
///
/// # Errors
///
/// As [`forecast_file`].
pub fn forecast(args: &ForecastArgs) -> Result<(), TrainError> {
    let device = device(args.device.as_deref())?;
    let file = ModelFile::open(&args.model)?;
    forecast_file(file, args.csv.as_deref(), &args.out, &device)
}
