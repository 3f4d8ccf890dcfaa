//! The network that knows what is usual.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_rnn::{Head, HeadConfig};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{Network, NetworkConfig, TrainError};

/// What the network does with a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// It reads row by row, and says the next ones at each step (Malhotra et al. 2015)
    Forecaster,
    /// An encoder makes one vector of the window, from which a decoder writes it again (Malhotra et al. 2016)
    Autoencoder,
}

/// The settings of a [`Detector`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorConfig {
    /// What the network does with a window.
    pub method: Method,
    /// The forecaster, or the encoder and, but for the number of its inputs, the decoder.
    pub network: NetworkConfig,
    /// The number of channels.
    pub channels: usize,
    /// The number of rows that are read at once. A forecaster's first half is there for its state alone.
    pub window: usize,
    /// The number of next rows that a forecaster says at each step; 1 for an autoencoder.
    pub horizon: usize,
}

impl DetectorConfig {
    /// A network with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or does not fit another, or as [`NetworkConfig::init`].
    pub fn init(&self, device: &Device) -> Result<Detector, TrainError> {
        self.validate()?;
        let network = self.network.init(device)?;
        let code = network.d_output();
        let decoder = match self.method {
            Method::Forecaster => None,
            Method::Autoencoder => {
                let d_input = code;
                let config = NetworkConfig {
                    d_input,
                    ..self.network.clone()
                };
                Some(config.init(device)?)
            }
        };
        let outputs = self.horizon * self.channels;
        Ok(Detector {
            network,
            decoder,
            head: HeadConfig::new(code, outputs).try_init(device)?,
            config: self.clone(),
        })
    }

    /// The rows of a span: the window and, for a forecaster, what follows it.
    pub fn span(&self) -> usize {
        match self.method {
            Method::Forecaster => self.window + self.horizon,
            Method::Autoencoder => self.window,
        }
    }

    /// The first rows of a span that a forecaster reads without saying what comes next.
    fn warm_up(&self) -> usize {
        self.window / 2
    }

    /// The first row of a span that is said anything of, and the steps at which something is said.
    pub fn said(&self) -> (usize, usize) {
        match self.method {
            Method::Forecaster => (self.warm_up() + 1, self.window - self.warm_up()),
            Method::Autoencoder => (0, self.window),
        }
    }

    /// One line that says what the network is.
    pub fn description(&self) -> String {
        let network = self.network.description();
        match (self.method, self.horizon) {
            (Method::Autoencoder, _) => format!("{network}, autoencoder of {} rows", self.window),
            (_, 1) => format!("{network}, forecaster of the next row"),
            (_, rows) => format!("{network}, forecaster of the next {rows} rows"),
        }
    }

    pub(super) fn validate(&self) -> Result<(), TrainError> {
        TrainError::check_sizes(&[
            ("--window", self.window),
            ("--horizon", self.horizon),
            ("the number of channels", self.channels),
        ])?;
        self.network.check_input(self.channels)?;
        if self.window < 2 {
            return Err(TrainError::setting("--window", self.window, "at least 2"));
        }
        let most = match self.method {
            Method::Forecaster => self.window / 2,
            Method::Autoencoder => 1,
        };
        if self.horizon > most {
            let expected = match self.method {
                Method::Forecaster => format!("at most {most}, the half of --window"),
                Method::Autoencoder => "1: an autoencoder forecasts nothing".to_owned(),
            };
            return Err(TrainError::setting("--horizon", self.horizon, expected));
        }
        if self.method == Method::Forecaster && self.network.bidirectional {
            let expected = "off: the backward direction has read what is to be forecast";
            return Err(TrainError::setting("--bidirectional", "on", expected));
        }
        Ok(())
    }
}

/// A network that says what the rows of a span should be.
#[derive(Module, Debug)]
pub struct Detector {
    /// The forecaster, or the encoder.
    pub network: Network,
    /// Writes the window again, from its last row to its first, and reads the encoder's last output at each step.
    pub decoder: Option<Network>,
    /// From a hidden state to rows.
    pub head: Head,
    /// The settings that it was made with.
    #[module(skip)]
    pub config: DetectorConfig,
}

impl Detector {
    /// By how much what it says of spans `[batch, span, channels]` is above the truth. Of a forecaster
    /// `[batch, window − warm-up, horizon · channels]`: at step `i` it is of the rows from `warm-up + i + 1` on. Of an
    /// autoencoder `[batch, window, channels]`.
    ///
    /// # Panics
    ///
    /// Where the shape is not that of the configuration.
    pub fn errors(&self, spans: Tensor<3>) -> Tensor<3> {
        let config = &self.config;
        let [_, rows, channels] = spans.dims();
        assert!(
            rows == config.span() && channels == config.channels,
            "Detector: the spans have the shape {:?}, expected [batch, rows = {}, channels = {}]",
            spans.dims(),
            config.span(),
            config.channels
        );
        let window = spans.clone().narrow(1, 0, config.window);
        let (hidden, _) = self.network.forward(window, None);
        match &self.decoder {
            Some(decoder) => {
                let code = self.code(hidden).repeat_dim(1, config.window);
                let (hidden, _) = decoder.forward(code, None);
                self.head.logits(hidden).flip([1]) - spans
            }
            None => {
                let (from, steps) = (config.warm_up(), config.window - config.warm_up());
                let next = |row| spans.clone().narrow(1, from + row, steps);
                let truth = Tensor::cat((1..=config.horizon).map(next).collect(), 2);
                self.head.logits(hidden.narrow(1, from, steps)) - truth
            }
        }
    }

    /// What each direction knows when it has read everything, `[batch, 1, features]`.
    fn code(&self, hidden: Tensor<3>) -> Tensor<3> {
        let [_, steps, features] = hidden.dims();
        let last = hidden.clone().narrow(1, steps - 1, 1);
        if !self.config.network.bidirectional {
            return last;
        }
        // The backward direction ends at the first step.
        let half = features / 2;
        let backward = hidden.narrow(1, 0, 1).narrow(2, half, half);
        Tensor::cat(vec![last.narrow(2, 0, half), backward], 2)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;
    use crate::Architecture;
    use crate::floats::floats;

    fn config(method: Method, horizon: usize) -> DetectorConfig {
        DetectorConfig {
            method,
            network: NetworkConfig::new(Architecture::Gru, 2, 5),
            channels: 2,
            window: 6,
            horizon,
        }
    }

    /// A change of a row shows in the errors of what is said of it, and of no row said before it was read.
    #[test]
    fn a_forecast_knows_the_rows_before_alone() {
        let device = Device::default();
        let config = config(Method::Forecaster, 2);
        let model = config.init(&device).unwrap();
        let spans = Tensor::random([1, 8, 2], Distribution::Default, &device);
        let mut values = floats(spans.clone());
        values[5 * 2] += 1.0; // Row 5 of the first channel.
        let data = burn::tensor::TensorData::new(values, [1, 8, 2]);
        let changed = model.errors(Tensor::from_data(data, &device));
        let before = model.errors(spans);
        assert_eq!(changed.dims(), [1, 3, 4]);
        let change = floats(changed - before);
        // The steps have read the rows to 3, 4 and 5; they say the rows 4 and 5, 5 and 6, 6 and 7.
        let expected = [0.0, 0.0, -1.0, 0.0, -1.0, 0.0, 0.0, 0.0];
        for (change, expected) in change.iter().zip(expected) {
            assert!((change - expected).abs() < 1e-5, "{change} {expected}");
        }
        assert!(change[8..].iter().all(|change| change.abs() > 1e-7));
    }

    #[test]
    fn an_autoencoder_writes_each_row_of_its_window() {
        let device = Device::default();
        for bidirectional in [false, true] {
            let mut config = config(Method::Autoencoder, 1);
            config.network.bidirectional = bidirectional;
            let model = config.init(&device).unwrap();
            let spans = Tensor::random([3, 6, 2], Distribution::Default, &device);
            let errors = model.errors(spans.clone());
            assert_eq!(errors.dims(), [3, 6, 2]);
            // What is written is the same for all windows but little, and the row itself is taken off in its place.
            let written = floats(errors + spans);
            assert!(written.iter().all(|value| value.abs() < 1.5));
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let refused = |method, change: fn(&mut DetectorConfig)| {
            let mut config = config(method, 1);
            change(&mut config);
            config.init(&Device::default()).unwrap_err().to_string()
        };
        let forecaster = Method::Forecaster;
        assert!(refused(forecaster, |c| c.horizon = 4).contains("--horizon is 4"));
        assert!(refused(forecaster, |c| c.horizon = 0).contains("--horizon is 0"));
        assert!(refused(forecaster, |c| c.window = 1).contains("--window is 1"));
        assert!(refused(forecaster, |c| c.channels = 3).contains("d_input is 2"));
        let both = refused(forecaster, |c| c.network.bidirectional = true);
        assert!(both.contains("--bidirectional"), "{both}");
        assert!(refused(Method::Autoencoder, |c| c.horizon = 2).contains("--horizon is 2"));
    }
}
