//! The settings of the network that forecasts.

use burn::nn::{DropoutConfig, Initializer, LinearConfig};
use burn::tensor::Device;
use burn_rnn::{HeadConfig, SlidingWindowConfig};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::encoder_decoder::EncoderDecoder;
use super::forecaster::{Body, Forecaster};
use crate::{NetworkConfig, TrainError};

/// Which network forecasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// A recurrent encoder and a decoder
    EncoderDecoder,
    /// A feed-forward network that sees the whole window at once: the baseline without memory
    FeedForward,
}

/// What writes the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Decoder {
    /// A recurrent network that starts from the encoder's state and reads what it wrote before
    Recurrent,
    /// A linear layer that writes all steps at once from the encoder's last state
    Direct,
}

/// What each window is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Centring {
    /// Nothing: the network sees the scaled values as they are
    None,
    /// The last value of each series is subtracted before and added after
    Last,
    /// The mean of each series in the window is subtracted and its standard deviation divided by
    /// before, and both undone after (Kim et al. 2022, "RevIN", without its learnt scale)
    Instance,
}

/// What a training minimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// The mean squared error
    Mse,
    /// The mean absolute error
    Mae,
}

/// The settings of a [`Forecaster`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecasterConfig {
    /// Which network it is. A feed-forward one has the recurrent one's layers and hidden sizes.
    pub model: ModelKind,
    /// The encoder and, where it is recurrent, the decoder. Their numbers of inputs follow from the other
    /// settings; the decoder never is bidirectional.
    pub network: NetworkConfig,
    /// What writes the horizon.
    pub decoder: Decoder,
    /// The number of series.
    pub series: usize,
    /// Whether the network sees all series at once; else it sees one at a time, with the same weights.
    pub joint: bool,
    /// The number of known steps.
    pub window: usize,
    /// The number of steps to forecast.
    pub horizon: usize,
    /// The number of steps that are one step for the recurrent networks (Lin et al. 2023, "SegRNN").
    pub segment: usize,
    /// The number of last steps that a linear layer beside the network sees, shared by the series (the
    /// highway of Lai et al. 2018, "LSTNet"); 0 leaves it out.
    pub lags: usize,
    /// What each window is measured from.
    pub centring: Centring,
    /// The number of time features of a step that the encoder reads beside the values.
    pub time_features: usize,
    /// The probability that a unit of the encoder's summary is dropped in training.
    pub output_dropout: f64,
    /// The probability that a recurrent decoder reads the true step before, at the start of the training;
    /// it falls to 0 on a line (scheduled sampling, Bengio et al. 2015).
    pub teacher_forcing: f64,
    /// What a training minimises.
    pub loss: LossKind,
}

impl ForecasterConfig {
    /// A network with fresh parameters.
    ///
    /// # Errors
    ///
    /// Where a size is zero or does not fit another, or a probability is none.
    pub fn init(&self, device: &Device) -> Result<Forecaster, TrainError> {
        self.validate()?;
        let channels = self.channels();
        let body = match self.model {
            ModelKind::EncoderDecoder => {
                let encoder = NetworkConfig {
                    d_input: self.segment * channels + self.time_features,
                    ..self.network.clone()
                }
                .init(device)?;
                let decoder = match self.decoder {
                    Decoder::Direct => None,
                    Decoder::Recurrent => Some(
                        NetworkConfig {
                            d_input: self.segment * channels,
                            bidirectional: false,
                            ..self.network.clone()
                        }
                        .init(device)?,
                    ),
                };
                let (d_summary, steps) = match &decoder {
                    Some(decoder) => (decoder.d_output(), self.segment),
                    None => (encoder.d_output(), self.horizon),
                };
                Body::EncoderDecoder(EncoderDecoder {
                    encoder,
                    decoder,
                    dropout: DropoutConfig::new(self.output_dropout).init(),
                    head: HeadConfig::new(d_summary, steps * channels).try_init(device)?,
                })
            }
            ModelKind::FeedForward => {
                let outputs = self.horizon * channels;
                let config = SlidingWindowConfig::new(self.window, channels, outputs);
                let sizes = self.network.sizes()?;
                Body::FeedForward(config.with_hidden_sizes(sizes).try_init(device)?)
            }
        };
        let linear =
            LinearConfig::new(self.lags.max(1), self.horizon).with_initializer(Initializer::Zeros);
        Ok(Forecaster {
            body,
            linear: (self.lags > 0).then(|| linear.init(device)),
            config: self.clone(),
        })
    }

    /// The number of series that the network sees at once.
    pub(super) fn channels(&self) -> usize {
        if self.joint { self.series } else { 1 }
    }

    /// One line that says what the network is.
    pub fn description(&self) -> String {
        let network = &self.network;
        let kind = match (self.model, self.decoder) {
            (ModelKind::FeedForward, _) => {
                return format!(
                    "sliding window {} → {}, {} hidden units",
                    self.window,
                    self.horizon,
                    network.shape()
                );
            }
            (_, Decoder::Recurrent) => "recurrent decoder",
            (_, Decoder::Direct) => "direct decoder",
        };
        format!(
            "{}, {kind}, {} → {} steps",
            network.description(),
            self.window,
            self.horizon
        )
    }

    fn validate(&self) -> Result<(), TrainError> {
        TrainError::check_sizes(&[
            ("--window", self.window),
            ("--horizon", self.horizon),
            ("--segment", self.segment),
            ("the number of series", self.series),
        ])?;
        if self.model == ModelKind::EncoderDecoder && !self.window.is_multiple_of(self.segment) {
            let expected = format!("a number that divides --window {}", self.window);
            return Err(TrainError::setting("--segment", self.segment, expected));
        }
        if self.model == ModelKind::FeedForward && self.network.bidirectional {
            let expected = "off: a feed-forward network sees the whole window anyway".to_owned();
            return Err(TrainError::setting("--bidirectional", "on", expected));
        }
        let sizes_alone = NetworkConfig {
            d_input: self.network.d_input,
            layers: self.network.layers,
            layer_sizes: self.network.layer_sizes.clone(),
            dropout: self.network.dropout,
            ..NetworkConfig::new(self.network.architecture, 0, self.network.d_hidden)
        };
        if self.model == ModelKind::FeedForward && self.network != sizes_alone {
            let given = "feed-forward with options of recurrent networks".to_owned();
            let expected = "encoder-decoder, or none of them but --layers and --hidden".to_owned();
            return Err(TrainError::setting("--model", given, expected));
        }
        if self.lags > self.window {
            let expected = format!("at most --window {}", self.window);
            return Err(TrainError::setting("--lags", self.lags, expected));
        }
        if !(0.0..1.0).contains(&self.output_dropout) {
            let expected = "a probability of at least 0 and below 1".to_owned();
            return Err(TrainError::setting(
                "--output-dropout",
                self.output_dropout,
                expected,
            ));
        }
        if !(0.0..=1.0).contains(&self.teacher_forcing) {
            let expected = "a probability from 0 to 1".to_owned();
            return Err(TrainError::setting(
                "--teacher-forcing",
                self.teacher_forcing,
                expected,
            ));
        }
        Ok(())
    }
}
