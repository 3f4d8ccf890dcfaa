//! Forecasting a time series: a recurrent network reads a window, a head forecasts the next values.
//!
//! [`Forecaster`] is the network, [`fit`] trains it, [`evaluate`] compares it fold by fold with the
//! naive forecasts and the network without memory, [`plot`] draws, [`command`] is the command line.

mod average;
mod clip;
pub mod command;
mod evaluate;
mod model;
pub mod plot;
mod progress;
mod train;

pub use evaluate::{Comparison, Experiment, FoldReport, Forecast, Plan, Scores, evaluate};
pub use model::{Forecaster, ForecasterKind, RecurrentForecaster};
pub use train::{Curve, FitSettings, Lessons, fit, predict};
