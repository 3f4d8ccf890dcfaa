//! The command line of `burn-rnn train forecast` and `burn-rnn forecast`.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::{Missing, ScalerKind, Scalers, SplitRule, TableOptions, TimeFeatures};
use clap::Args;

use super::defaults::Plan;
use super::figures::{Figures, undertrained};
use super::held_out::draw_test;
use super::panels::Shown;
use super::score::{finite, predict};
use super::settings::table;
use super::{
    Bands, Centring, Decoder, ForecastSettings, ForecastTask, Forecaster, LossKind, ModelKind,
    forecast_file,
};
use crate::learn::{LearnArgs, NetworkArgs, Task, learn};
use crate::{ModelFile, SavedArgs, TaskCard, TrainError, warn};

/// The options of a training.
#[derive(Clone, Debug, Args)]
#[command(
    mut_arg("epochs", |arg| arg.hide_default_value(true).help(
        "The most passes over the windows [default: 10; over a small table, where they are fewer than \
         500 steps, so many steps]"
    )),
    mut_arg("eval_every", |arg| arg.help(
        "The number of steps between two evaluations [default: a pass over the windows; 20 over a small \
         table]"
    )),
    mut_arg("patience", |arg| arg.help(
        "Training ends after this number of evaluations without a better score [default: 3; 10 over a \
         small table]"
    ))
)]
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
    /// 12/4/4-months (of 30 days), 360/120/120-days, 8640/2880/2880-rows [default: 0.7/0.1/0.2; 0.6/0.2/0.2
    /// where a tenth is too short for bands]
    #[arg(long, value_name = "RULE")]
    pub split: Option<SplitRule>,
    /// How each series is scaled, by its training part: standard, min-max or robust
    #[arg(long, value_name = "KIND", default_value_t = ScalerKind::Standard)]
    pub scaler: ScalerKind,
    /// What the encoder is told of each row's date: none, linear (−0.5 to 0.5) or cyclic (sine and cosine)
    #[arg(long, value_name = "KIND", default_value_t = TimeFeatures::None)]
    pub time_features: TimeFeatures,
    /// The number of steps to forecast
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub horizon: usize,
    /// The number of steps that a forecast is made from [default: 96; over a short table two seasons, or
    /// two horizons without one]
    #[arg(long, value_name = "N")]
    pub window: Option<usize>,
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
    /// What each window is measured from [default: last; instance over a small table with a season]
    #[arg(long, value_enum, value_name = "KIND")]
    pub centring: Option<Centring>,
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
    /// The columns whose forecasts are drawn [default: all, the first 24 of more]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub draw: Vec<String>,
    /// The options of the network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The options of the loop.
    #[command(flatten)]
    pub learn: LearnArgs,
}

/// The defaults that differ from those of other tasks; 0 epochs stand for as many as fit the table.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("cell", "gru"),
    ("hidden", "64"),
    ("epochs", "0"),
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
        labels: None,
    };
    if args.csv.is_none() && !options.columns.is_empty() {
        return Err(TrainError::setting(
            "--columns",
            args.columns.join(","),
            "all where the series are generated, or a file with --csv",
        ));
    }
    let table = table(args.csv.as_deref(), &options, args.learn.seed)?;
    let shown = Shown::of(&args.draw, &table)?;
    options.columns = table.names().to_vec();
    let plan = Plan::of(args, &table)?;
    let train_rows = plan.split.train.clone();
    let settings = ForecastSettings {
        config: plan.config,
        table: options,
        split: plan.rule,
        scalers: Scalers::fit(args.scaler, &table, train_rows.clone())?,
        features: args.time_features,
        season: plan.season,
        bands: None,
    };
    let scaled = settings.scale(&table)?;
    let [train, validation, test] = settings.windows(&scaled, &plan.split)?;
    let description = settings.config.description();
    let task = ForecastTask::new(settings, train, validation.clone(), args.learn.batch_size);
    let with_data = plan.learn.with_data("table", &table);
    let mut outcome = learn(&task, &with_data, description)?;

    let (model, device) = (&outcome.model, &outcome.device);
    let by_deviation = model.config.centring == Centring::Instance;
    let forecasts = finite(predict(model, &validation, device))?;
    let bands = Bands::of(&forecasts, &validation, by_deviation);
    if bands.is_none() {
        warn(Bands::too_few(&validation));
    }
    let forecasts = finite(predict(model, &test, device))?;
    outcome.settings.bands = bands;
    let settings = &outcome.settings;
    let figures = Figures::of(&forecasts, &test, settings, train_rows.end)?;
    draw_test(&outcome.folder, &table, &shown, settings, &forecasts, &test)?;
    let named = figures.named();
    let named: Vec<(&str, f64)> = named
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    outcome.report(&named)?;
    let told = figures.losses().into_iter();
    told.chain(undertrained(&outcome.curve)).for_each(warn);
    Ok(())
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
    let (settings, model): (ForecastSettings, Forecaster) =
        file.load(ForecastTask::NAME, device, ForecastSettings::init)?;
    let table = table(input, &settings.table, seed)?;
    let split = settings.split.split(&table)?;
    let [_, _, test] = settings.windows(&settings.scale(&table)?, &split)?;
    let forecasts = finite(predict(&model, &test, device))?;
    let figures = Figures::of(&forecasts, &test, &settings, split.train.end)?;
    figures.losses().into_iter().for_each(warn);
    Ok(figures.named())
}

/// The options of `forecast`.
#[derive(Clone, Debug, Args)]
pub struct ForecastArgs {
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// A table with the columns of the training; the generated one if not given, for a model that learnt from it
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Where future.csv and future.png go
    #[arg(long, value_name = "DIR", default_value = "out/forecast")]
    pub out: PathBuf,
    /// The columns whose forecasts are drawn [default: all, the first 24 of more]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub draw: Vec<String>,
}

/// Forecasts with a saved model what comes after the end of a table.
///
/// # Errors
///
/// As [`forecast_file`].
pub fn forecast(args: &ForecastArgs) -> Result<(), TrainError> {
    let (file, device) = args.saved.open()?;
    let json = args.saved.json;
    if args.csv.is_none() && CARD.has_own_data(&file.card) {
        return Err(
            file.refuse("it learnt from a table of its own: name one to go on from with --csv")
        );
    }
    forecast_file(
        file,
        args.csv.as_deref(),
        &args.draw,
        &args.out,
        json,
        &device,
    )
}
