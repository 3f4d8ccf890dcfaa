//! The network that forecasts.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn_rnn::SlidingWindow;

use super::encoder_decoder::{EncoderDecoder, Truth};
use super::{Centring, ForecasterConfig};

/// A network from the last `window` rows of some series to the next `horizon` rows.
///
/// With `x` the window as `centring` measures it,
///
/// ```text
/// y = body(x) + A [x_{-lags}, …, x_{-1}] + a
/// ```
///
/// measured back. `A` and `a` start at 0 and are the same for all series.
#[derive(Module, Debug)]
pub struct Forecaster {
    /// The network proper.
    pub body: Body,
    /// `A` and `a`.
    pub linear: Option<Linear>,
    /// The settings that it was made with.
    #[module(skip)]
    pub config: ForecasterConfig,
}

/// The network proper.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // There is one, not a vector of them.
pub enum Body {
    /// The recurrent one.
    EncoderDecoder(EncoderDecoder),
    /// The one without memory.
    FeedForward(SlidingWindow),
}

impl Forecaster {
    /// From windows `[batch, window, series]`, with their time features `[batch, window, features]` where
    /// the network reads some, to forecasts `[batch, horizon, series]`.
    ///
    /// # Panics
    ///
    /// Where the shapes are not those of the configuration.
    pub fn forward(&self, input: Tensor<3>, times: Option<Tensor<3>>) -> Tensor<3> {
        self.run(input, times, None)
    }

    pub(super) fn run(
        &self,
        input: Tensor<3>,
        times: Option<Tensor<3>>,
        truth: Option<Truth>,
    ) -> Tensor<3> {
        let config = &self.config;
        let [batch, window, series] = input.dims();
        assert!(
            window == config.window && series == config.series,
            "Forecaster: the input has shape {:?}, expected [batch, window = {}, series = {}]",
            input.dims(),
            config.window,
            config.series
        );
        let (level, spread) = self.measures(&input);
        let centred = |values: Tensor<3>| {
            let values = values - level.clone();
            match &spread {
                Some(spread) => values / spread.clone(),
                None => values,
            }
        };
        let x = self.rows(centred(input));
        let truth = truth.map(|truth| Truth {
            target: self.rows(centred(truth.target)),
            ..truth
        });
        let channels = config.channels();
        let [rows, ..] = x.dims();
        let mut y = match &self.body {
            Body::EncoderDecoder(body) => {
                let times = times.map(|times| self.times_of_rows(times));
                body.forward(x.clone(), times, truth, config)
            }
            Body::FeedForward(body) => {
                let y = body.forward(x.clone());
                y.reshape([rows, config.horizon, channels])
            }
        };
        if let Some(linear) = &self.linear {
            let last = x.narrow(1, window - config.lags, config.lags);
            y = y + linear.forward(last.swap_dims(1, 2)).swap_dims(1, 2);
        }
        let y = match config.joint {
            true => y,
            false => y.reshape([batch, series, config.horizon]).swap_dims(1, 2),
        };
        match spread {
            Some(spread) => y * spread + level,
            None => y + level,
        }
    }

    /// What is subtracted from a window and what it is divided by, `[batch, 1, series]`.
    fn measures(&self, input: &Tensor<3>) -> (Tensor<3>, Option<Tensor<3>>) {
        /// Keeps windows in which nothing happens finite.
        const LEAST_VARIANCE: f64 = 1e-5;
        let [_, window, _] = input.dims();
        let last = input.clone().narrow(1, window - 1, 1);
        match self.config.centring {
            Centring::None => (last.zeros_like(), None),
            Centring::Last => (last, None),
            Centring::Instance => {
                let mean = input.clone().mean_dim(1);
                let square = (input.clone() - mean.clone()).powf_scalar(2.0).mean_dim(1);
                (mean, Some((square + LEAST_VARIANCE).sqrt()))
            }
        }
    }

    /// `[batch, time, series]` as the network sees it: as it is where the series are read together, else
    /// `[batch · series, time, 1]`.
    fn rows(&self, values: Tensor<3>) -> Tensor<3> {
        let [batch, time, series] = values.dims();
        match self.config.joint {
            true => values,
            false => values.swap_dims(1, 2).reshape([batch * series, time, 1]),
        }
    }

    /// The time features of each segment's first step, a row for each of [`rows`](Self::rows).
    fn times_of_rows(&self, times: Tensor<3>) -> Tensor<3> {
        let [batch, window, features] = times.dims();
        let segment = self.config.segment;
        let steps = window / segment;
        let first = times
            .reshape([batch, steps, segment * features])
            .narrow(2, 0, features);
        match self.config.joint {
            true => first,
            false => first
                .unsqueeze_dim::<4>(1)
                .repeat_dim(1, self.config.series)
                .reshape([batch * self.config.series, steps, features]),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::super::{Decoder, LossKind, ModelKind};
    use super::*;
    use crate::drawn::drawn;
    use crate::{Architecture, NetworkConfig};

    fn config() -> ForecasterConfig {
        ForecasterConfig {
            model: ModelKind::EncoderDecoder,
            network: NetworkConfig {
                layers: 2,
                ..NetworkConfig::new(Architecture::Lstm, 1, 4)
            },
            decoder: Decoder::Recurrent,
            series: 3,
            joint: false,
            window: 12,
            horizon: 5,
            segment: 2,
            lags: 6,
            centring: Centring::Last,
            time_features: 0,
            output_dropout: 0.0,
            teacher_forcing: 0.5,
            loss: LossKind::Mse,
        }
    }

    fn input(device: &Device) -> Tensor<3> {
        Tensor::random([2, 12, 3], Distribution::Default, device)
    }

    /// Every choice gives the right shape, and what is added to a window is added to its forecast.
    #[test]
    fn every_form_forecasts_and_centring_moves_with_the_level() {
        let device = Device::default();
        let times = Tensor::random([2, 12, 4], Distribution::Default, &device);
        for (model, decoder, joint, bidirectional, time_features) in [
            (
                ModelKind::EncoderDecoder,
                Decoder::Recurrent,
                false,
                true,
                0,
            ),
            (
                ModelKind::EncoderDecoder,
                Decoder::Recurrent,
                true,
                false,
                4,
            ),
            (ModelKind::EncoderDecoder, Decoder::Direct, false, true, 4),
            (ModelKind::EncoderDecoder, Decoder::Direct, true, false, 0),
            (ModelKind::FeedForward, Decoder::Direct, false, false, 0),
            (ModelKind::FeedForward, Decoder::Direct, true, false, 0),
        ] {
            for centring in [Centring::Last, Centring::Instance] {
                let mut config = ForecasterConfig {
                    model,
                    decoder,
                    joint,
                    centring,
                    time_features,
                    ..config()
                };
                config.network.bidirectional = bidirectional;
                let model = config.init(&device).unwrap();
                let input = input(&device);
                let times = (time_features > 0).then(|| times.clone());
                let forecast = model.forward(input.clone(), times.clone());
                assert_eq!(forecast.dims(), [2, 5, 3], "{config:?}");
                let moved = model.forward(input + 7.0, times);
                let difference = (moved - forecast - 7.0).abs().max().into_scalar::<f32>();
                assert!(difference < 1e-4, "{difference}: {config:?}");
            }
        }
    }

    /// With full teacher forcing the decoder reads the sequence in one go: it must read the true segments
    /// before, as step by step.
    #[test]
    fn teacher_forcing_at_once_is_teacher_forcing_step_by_step() {
        let device = Device::default();
        let model = drawn(config().init(&device).unwrap(), 1.0);
        let input = input(&device);
        let target = Tensor::random([2, 5, 3], Distribution::Default, &device);
        let with = |probability| {
            let target = target.clone();
            let truth = Truth {
                target,
                probability,
            };
            model.run(input.clone(), None, Some(truth))
        };
        let once = with(1.0);
        // So near to 1 that no coin shows the other side.
        let steps = with(1.0 - 1e-12);
        let difference = (once.clone() - steps).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-5, "{difference}");
        let free = model.forward(input, None);
        let first = (once.clone() - free.clone()).narrow(1, 0, 2).abs().max();
        assert!(
            first.into_scalar::<f32>() < 1e-5,
            "the first segment has no truth before it"
        );
        let later = (once - free)
            .narrow(1, 2, 3)
            .abs()
            .max()
            .into_scalar::<f32>();
        assert!(later > 1e-4, "the truth is not read");
    }

    #[test]
    fn series_by_themselves_do_not_see_each_other() {
        let device = Device::default();
        let model = config().init(&device).unwrap();
        let input = input(&device);
        let others = Tensor::cat(
            vec![
                input.clone().narrow(2, 0, 1),
                input.clone().narrow(2, 1, 2) * 3.0,
            ],
            2,
        );
        let first = |input| model.forward(input, None).narrow(2, 0, 1);
        let difference = (first(input) - first(others))
            .abs()
            .max()
            .into_scalar::<f32>();
        assert_eq!(difference, 0.0);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let device = Device::default();
        let refused = |change: fn(&mut ForecasterConfig)| {
            let mut config = config();
            change(&mut config);
            config.init(&device).unwrap_err().to_string()
        };
        assert!(refused(|config| config.segment = 5).contains("--segment is 5"));
        assert!(refused(|config| config.lags = 13).contains("--lags is 13"));
        assert!(refused(|config| config.horizon = 0).contains("--horizon is 0"));
        assert!(refused(|config| config.teacher_forcing = 1.5).contains("--teacher-forcing"));
    }
}
