//! Task models, training loops, checkpoints, plots and command lines for `burn-rnn`.
//!
//! [`char_rnn`] is a character language model, [`forecast`] forecasts time series. Each has its
//! command line in a module `command`; the programs in `examples/` call it and no more.

mod average;
pub mod char_rnn;
mod clip;
mod device;
mod error;
pub mod forecast;
mod network;
mod new_file;
mod progress;

pub use average::ParameterAverage;
pub use clip::clip_global_norm;
pub use device::device;
pub use error::{TrainError, exit_code};
pub use network::{Architecture, Network, NetworkConfig, NetworkState};
pub use progress::Progress;
