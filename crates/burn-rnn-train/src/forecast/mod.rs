//! Forecasting several series several steps ahead: an encoder reads a window, a decoder writes the
//! horizon.
//!
//! [`Forecaster`] is the network, [`ForecastTask`] what the shared loop trains, [`forecast_file`] uses a
//! saved model, [`command`] is the command line.

#[cfg(test)]
mod airline;
mod bands;
pub mod command;
mod config;
mod defaults;
mod encoder_decoder;
mod figures;
mod forecaster;
mod future;
mod held_out;
mod panels;
mod score;
mod settings;
mod task;
#[cfg(test)]
mod tests;

pub use bands::Bands;
pub use config::{Centring, Decoder, ForecasterConfig, LossKind, ModelKind};
pub(crate) use defaults::usual_season;
pub use encoder_decoder::EncoderDecoder;
pub(crate) use figures::undertrained;
pub use forecaster::{Body, Forecaster};
pub use future::forecast_file;
pub use score::Score;
pub use settings::ForecastSettings;
pub use task::ForecastTask;
