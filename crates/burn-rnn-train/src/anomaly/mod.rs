//! Anomalies in a table: a network that learnt what is usual errs where something is not.
//!
//! [`Detector`] is the network, a forecaster of the next steps or an autoencoder of windows; [`AnomalyTask`] is what the
//! shared loop trains, [`detect`] uses a saved model, [`command`] is the command line.

mod baseline;
mod calibration;
pub mod command;
mod detect;
mod detector;
mod figures;
mod plot;
mod scores;
mod settings;
mod spans;
mod task;

pub use calibration::Calibration;
pub use detect::{DetectArgs, detect};
pub use detector::{Detector, DetectorConfig, Method};
pub use settings::AnomalySettings;
pub use spans::Span;
pub use task::{AnomalyTask, SpanBatch};
