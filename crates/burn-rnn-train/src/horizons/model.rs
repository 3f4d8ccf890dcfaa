//! The network that forecasts.

use burn::module::Module;
use burn::nn::{Dropout, Linear};
use burn::tensor::{Distribution, Tensor};
use burn_rnn::{
    DirectionalState, Head, HiddenState, LstmState, SlidingWindow, StackedState, State,
};

use super::{Centring, HorizonConfig};
use crate::{Network, NetworkState};

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
pub struct HorizonModel {
    /// The network proper.
    pub body: Body,
    /// `A` and `a`.
    pub linear: Option<Linear>,
    /// The settings that it was made with.
    #[module(skip)]
    pub config: HorizonConfig,
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

/// An encoder that reads the window segment by segment, and what writes the horizon.
#[derive(Module, Debug)]
pub struct EncoderDecoder {
    /// Reads the window.
    pub encoder: Network,
    /// Writes the horizon segment by segment, from the encoder's final state; each layer of a bidirectional
    /// encoder hands over the mean of its two directions. Without it the head writes all at once.
    pub decoder: Option<Network>,
    /// On what the head reads.
    pub dropout: Dropout,
    /// From a hidden state to a segment, or to the whole horizon.
    pub head: Head,
}

/// The true continuation, for a decoder that is being taught.
pub(super) struct Truth {
    /// `[batch, horizon, series]`.
    pub(super) target: Tensor<3>,
    /// The probability that the decoder reads it in place of what it wrote.
    pub(super) probability: f64,
}

impl HorizonModel {
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
            "HorizonModel: the input has shape {:?}, expected [batch, window = {}, series = {}]",
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

impl EncoderDecoder {
    /// From `[rows, window, channels]` to `[rows, horizon, channels]`.
    fn forward(
        &self,
        x: Tensor<3>,
        times: Option<Tensor<3>>,
        truth: Option<Truth>,
        config: &HorizonConfig,
    ) -> Tensor<3> {
        let [rows, window, channels] = x.dims();
        let width = config.segment * channels;
        let steps = window / config.segment;
        let segments = x.reshape([rows, steps, width]);
        let last = segments.clone().narrow(1, steps - 1, 1);
        let read = match times {
            Some(times) => Tensor::cat(vec![segments, times], 2),
            None => segments,
        };
        let (hidden, state) = self.encoder.forward(read, None);
        let Some(decoder) = &self.decoder else {
            let summary = self.summary(hidden, config);
            let y = self.head.logits(self.dropout.forward(summary));
            return y.reshape([rows, config.horizon, channels]);
        };
        let count = config.horizon.div_ceil(config.segment);
        let truth = truth.filter(|truth| truth.probability > 0.0);
        let state = one_direction(state);
        let written = match truth {
            Some(truth) if truth.probability >= 1.0 => {
                let before = before(last, &truth.target, count);
                let (hidden, _) = decoder.forward(before, Some(state));
                self.head.logits(self.dropout.forward(hidden))
            }
            truth => self.write(decoder, last, state, truth, count),
        };
        written
            .reshape([rows, count * config.segment, channels])
            .narrow(1, 0, config.horizon)
    }

    /// Writes `count` segments, each after reading the one before: its own, or the true one where a coin
    /// says so.
    fn write(
        &self,
        decoder: &Network,
        last: Tensor<3>,
        state: NetworkState,
        truth: Option<Truth>,
        count: usize,
    ) -> Tensor<3> {
        let [rows, ..] = last.dims();
        let device = last.device();
        let truth = truth.map(|truth| {
            let before = before(last.clone(), &truth.target, count);
            (before, truth.probability)
        });
        let mut state = state;
        let mut read = last;
        let mut written = Vec::with_capacity(count);
        for step in 0..count {
            if let (Some((before, probability)), true) = (&truth, step > 0) {
                let coins = Distribution::Bernoulli(*probability);
                let coins = Tensor::<3>::random([rows, 1, 1], coins, &device);
                let taught = before.clone().narrow(1, step, 1);
                read = taught * coins.clone() + read * (coins.neg() + 1.0);
            }
            let (hidden, next) = decoder.forward(read, Some(state));
            state = next;
            read = self.head.logits(self.dropout.forward(hidden));
            written.push(read.clone());
        }
        Tensor::cat(written, 1)
    }

    /// What each direction knows when it has read everything, `[rows, 1, features]`.
    fn summary(&self, hidden: Tensor<3>, config: &HorizonConfig) -> Tensor<3> {
        let [_, steps, features] = hidden.dims();
        let last = hidden.clone().narrow(1, steps - 1, 1);
        if !config.network.bidirectional {
            return last;
        }
        // The backward direction ends at the first step.
        let half = features / 2;
        let backward = hidden.narrow(1, 0, 1).narrow(2, half, half);
        Tensor::cat(vec![last.narrow(2, 0, half), backward], 2)
    }
}

/// The true segment before each of `count` segments; `last` stands before the first.
fn before(last: Tensor<3>, target: &Tensor<3>, count: usize) -> Tensor<3> {
    let [rows, _, width] = last.dims();
    if count == 1 {
        return last;
    }
    let [_, _, channels] = target.dims();
    let known = (count - 1) * width / channels;
    let target = target.clone().narrow(1, 0, known);
    Tensor::cat(vec![last, target.reshape([rows, count - 1, width])], 1)
}

/// The state for a decoder with one direction: the mean of both, layer by layer.
fn one_direction(state: NetworkState) -> NetworkState {
    fn merge<S: State>(
        state: StackedState<DirectionalState<S>>,
        mean: impl Fn(S, S) -> S,
    ) -> StackedState<DirectionalState<S>> {
        let layers = state.layers.into_iter().map(|layer| DirectionalState {
            forward: match layer.backward {
                Some(backward) => mean(layer.forward, backward),
                None => layer.forward,
            },
            backward: None,
        });
        StackedState {
            layers: layers.collect(),
        }
    }
    match state {
        NetworkState::Hidden(state) => NetworkState::Hidden(merge(state, |one, other| {
            HiddenState::new((one.hidden + other.hidden) * 0.5)
        })),
        NetworkState::Lstm(state) => NetworkState::Lstm(merge(state, |one, other| {
            LstmState::new(
                (one.hidden + other.hidden) * 0.5,
                (one.cell + other.cell) * 0.5,
            )
        })),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::super::{Decoder, LossKind, ModelKind};
    use super::*;
    use crate::{Architecture, NetworkConfig};

    fn config() -> HorizonConfig {
        HorizonConfig {
            model: ModelKind::EncoderDecoder,
            network: NetworkConfig {
                architecture: Architecture::Lstm,
                d_input: 1,
                d_hidden: 4,
                layers: 2,
                bidirectional: false,
                dropout: 0.0,
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
                let mut config = HorizonConfig {
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
        let model = config().init(&device).unwrap();
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
        let refused = |change: fn(&mut HorizonConfig)| {
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
