//! The command line of `forecast`.

use std::path::PathBuf;
use std::time::Instant;

use burn_rnn_data::{MackeyGlass, ScalerKind, Series, read_column};
use clap::Parser;

use super::progress::Progress;
use super::{Comparison, Experiment, FitSettings, ForecasterKind, evaluate, plot};
use crate::{Architecture, TrainError, device, say};

/// Forecasts a time series with a recurrent network and compares it with naive forecasts and with a
/// network without memory.
///
/// Without arguments it generates the Mackey–Glass series, a chaotic one, and forecasts that.
#[derive(Debug, Parser)]
#[command(name = "forecast", version, args_override_self = true)]
pub struct Cli {
    /// A table with a header row; the Mackey–Glass series if not given
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// The column to forecast [default: the last]
    #[arg(long, value_name = "NAME", requires = "csv")]
    column: Option<String>,
    /// The number of values to forecast at once
    #[arg(long, value_name = "N", default_value_t = 12)]
    horizon: usize,
    /// The number of values that a network sees [default: one season, or else four horizons]
    #[arg(long, value_name = "N")]
    window: Option<usize>,
    /// The architecture
    #[arg(long, value_enum, default_value = "lstm")]
    cell: Architecture,
    /// The number of layers
    #[arg(long, value_name = "N", default_value_t = 1)]
    layers: usize,
    /// The number of hidden units of each layer
    #[arg(long, value_name = "N", default_value_t = 32)]
    hidden: usize,
    /// The probability that an output between two layers is dropped in training
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    dropout: f64,
    /// The number of values that a linear autoregression beside the network sees; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 36)]
    lags: usize,
    /// How the series is scaled: standard or min-max, after each fold's training part
    #[arg(long, value_name = "KIND", default_value_t = ScalerKind::Standard)]
    scaler: ScalerKind,
    /// The number of folds of the walk forward; every fold learns from all that lies before it
    #[arg(long, value_name = "N", default_value_t = 3)]
    folds: usize,
    /// The length of a fold's test part [default: a twelfth of the series]
    #[arg(long, value_name = "N")]
    test_len: Option<usize>,
    /// The season of the seasonal naive forecast [default: found in the first training part]
    #[arg(long, value_name = "N")]
    season: Option<usize>,
    /// The number of networks, different in their seed, of which the mean forecast counts
    #[arg(long, value_name = "N", default_value_t = 3)]
    members: usize,
    /// The most passes over the training windows
    #[arg(long, value_name = "N", default_value_t = 40)]
    epochs: usize,
    /// Training ends after this number of epochs without a better validation loss
    #[arg(long, value_name = "N", default_value_t = 8)]
    patience: usize,
    /// The number of windows of a step
    #[arg(long, value_name = "N", default_value_t = 64)]
    batch_size: usize,
    /// Adam's learning rate
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 0.003,
        allow_negative_numbers = true
    )]
    lr: f64,
    /// The norm that all gradients together are clipped to
    #[arg(
        long,
        value_name = "NORM",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    clip: f64,
    /// Where the random numbers start: the same seed gives the same numbers again
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Where forecast.png and loss.png go
    #[arg(long, value_name = "DIR", default_value = "forecast-out")]
    out: PathBuf,
}

/// The length of the series that is generated where no file is named.
const GENERATED: usize = 3000;

/// Runs the command line.
///
/// # Errors
///
/// Where a file or a setting does not fit; nothing is overwritten then.
pub fn run(cli: Cli) -> Result<(), TrainError> {
    let device = device(cli.device.as_deref())?;
    let series = match &cli.csv {
        Some(path) => read_column(path, cli.column.as_deref())?,
        None => Series::new("Mackey–Glass", MackeyGlass::default().generate(GENERATED)),
    };
    let experiment = cli.experiment(&series);
    let plan = experiment.plan(&series.values)?;
    say(format_args!(
        "Forecasting {} values of {} ({} in all) from the {} before, on {device:?}.",
        cli.horizon,
        series.name,
        series.values.len(),
        plan.window
    ))?;
    let started = Instant::now();
    let rounds = experiment.folds * experiment.networks.len() * experiment.members;
    let progress = Progress::new(rounds * cli.epochs);
    let mut round = 0;
    let comparison = evaluate(
        &series.values,
        &experiment,
        &plan,
        &device,
        |fold, network, curve| {
            let epoch = curve.train.len();
            if epoch == 1 {
                round += 1;
            }
            let validation = curve.validation[epoch - 1];
            let message = format!(
                "fold {} {}: training {:.4}, validation {validation:.4}",
                fold + 1,
                network.name(),
                curve.train[epoch - 1],
            );
            progress.at((round - 1) * cli.epochs + epoch, message);
        },
    )?;
    progress.finish();
    print(&comparison, started)?;
    draw(&cli, &series, &comparison)
}

impl Cli {
    fn experiment(&self, series: &Series) -> Experiment {
        let network = ForecasterKind::Recurrent {
            architecture: self.cell,
            layers: self.layers,
            d_hidden: self.hidden,
            dropout: self.dropout,
            lags: self.lags,
        };
        Experiment {
            horizon: self.horizon,
            window: self.window,
            scaler: self.scaler,
            folds: self.folds,
            test_len: self.test_len.unwrap_or(series.values.len() / 12),
            season: self.season,
            networks: vec![network, ForecasterKind::SlidingWindow { d_hidden: 64 }],
            members: self.members,
            fit: FitSettings {
                epochs: self.epochs,
                batch_size: self.batch_size,
                lr: self.lr,
                clip: self.clip,
                patience: self.patience,
                seed: self.seed,
            },
        }
    }
}

fn print(comparison: &Comparison, started: Instant) -> Result<(), TrainError> {
    for (index, report) in comparison.folds.iter().enumerate() {
        let fold = &report.fold;
        say(format_args!(
            "\nFold {}: learns {:?}, chooses the epoch on {:?}, tested on {:?}",
            index + 1,
            fold.train,
            fold.validation,
            fold.test
        ))?;
        table(&report.scores)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    say(format_args!("\nAll folds ({seconds:.0} s):"))?;
    table(&comparison.scores())?;
    if comparison.season.is_none() {
        say("No season was found; name one with --season for a seasonal naive forecast.")?;
    }
    Ok(())
}

fn table(scores: &[(String, super::Scores)]) -> Result<(), TrainError> {
    say(format_args!("  {:24} {:>10} {:>10}", "", "MAE", "RMSE"))?;
    for (name, scores) in scores {
        say(format_args!(
            "  {name:24} {:>10.4} {:>10.4}",
            scores.mae, scores.rmse
        ))?;
    }
    Ok(())
}

fn draw(cli: &Cli, series: &Series, comparison: &Comparison) -> Result<(), TrainError> {
    let last = comparison.folds.last().expect("there is at least one fold");
    let path = cli.out.join("forecast.png");
    let title = format!(
        "{}: {} forecasts {} steps ahead",
        series.name,
        cli.cell.name(),
        cli.horizon
    );
    plot::forecast(
        &path,
        &title,
        &series.values,
        last.fold.test.start,
        &last.forecasts,
    )?;
    let losses = cli.out.join("loss.png");
    plot::losses(&losses, "Losses of the last fold", &last.curves)?;
    say(format_args!(
        "\nPictures: {}, {}",
        path.display(),
        losses.display()
    ))
}
