//! Forecasting several series several steps ahead: an encoder reads a window, a decoder writes the
//! horizon.
//!
//! [`HorizonModel`] is the network, [`HorizonTask`] what the shared loop trains, [`forecast_file`] uses a
//! saved model, [`command`] is the command line.

mod bands;
pub mod command;
mod config;
mod encoder_decoder;
mod future;
mod held_out;
mod model;
mod plot;
mod score;
mod settings;
mod task;
#[cfg(test)]
mod tests;

pub use bands::Bands;
pub use config::{Centring, Decoder, HorizonConfig, LossKind, ModelKind};
pub use encoder_decoder::EncoderDecoder;
pub use future::forecast_file;
pub use model::{Body, HorizonModel};
pub use score::Score;
pub use settings::HorizonSettings;
pub use task::HorizonTask;
