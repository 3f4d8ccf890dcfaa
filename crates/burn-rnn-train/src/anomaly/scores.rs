//! How odd each row is, by what a network says of it.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::tensor::Device;
use burn_rnn_data::{DataError, ScaledTable, smoothed};

use super::spans::Spans;
use super::task::Stack;
use super::{Detector, DetectorConfig, Method};
use crate::TrainError;
use crate::floats::floats;

/// The absolute error of each channel in each row, `[rows, channels]` in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Errors {
    channels: usize,
    /// The first row that is said anything of.
    first: usize,
    values: Vec<f64>,
}

/// The most that an error counts, in units of the usual one: one outlier is not to be seen long after it.
const LARGEST: f64 = 1000.0;
/// The usual error of a channel that is always said right.
const LEAST: f64 = 1e-6;

impl Errors {
    /// Errors of rows from `first` on, `[rows, channels]` in row-major order with any values before.
    pub(super) fn new(channels: usize, first: usize, values: Vec<f64>) -> Self {
        Self {
            channels,
            first,
            values,
        }
    }

    /// The errors of a model over a whole table: where several spans tell of a row, their mean.
    ///
    /// # Errors
    ///
    /// Where the table is shorter than a span.
    pub(super) fn of(
        model: &Detector,
        table: &ScaledTable,
        device: &Device,
    ) -> Result<Self, TrainError> {
        const AT_ONCE: usize = 256;
        let config = &model.config;
        let (rows, channels) = (table.rows(), config.channels);
        if rows < config.span() {
            return Err(too_short(rows, config).into());
        }
        let (first, steps) = config.said();
        let apart = match config.method {
            Method::Forecaster => steps,
            // Two spans tell of each row, but for the first and the last.
            Method::Autoencoder => steps.div_ceil(2),
        };
        let spans = Spans::within(table, 0..rows, config.span(), apart, None);
        let mut sums = vec![0.0; rows * channels];
        let mut counts = vec![0u32; rows];
        let picks: Vec<usize> = (0..spans.len()).collect();
        for picks in picks.chunks(AT_ONCE) {
            let stack = Stack { channels };
            let batch = picks.iter().map(|&pick| spans.span(pick)).collect();
            let errors = floats(model.errors(stack.batch(batch, device).0));
            let width = errors.len() / (picks.len() * steps);
            for (place, errors) in errors.chunks(width).enumerate() {
                let start = spans.starts[picks[place / steps]];
                let row = start + first + place % steps;
                for (ahead, errors) in errors.chunks(channels).enumerate() {
                    let row = row + ahead;
                    counts[row] += 1;
                    let sums = &mut sums[row * channels..(row + 1) * channels];
                    for (sum, error) in sums.iter_mut().zip(errors) {
                        // What is no number is as far away as can be.
                        let error = f64::from(error.abs());
                        *sum += if error.is_finite() {
                            error
                        } else {
                            f64::from(f32::MAX)
                        };
                    }
                }
            }
        }
        for (sums, count) in sums.chunks_mut(channels).zip(counts) {
            for sum in sums {
                *sum /= f64::from(count.max(1));
            }
        }
        Ok(Self::new(channels, first, sums))
    }

    /// The usual error of each channel: the root of the mean square over `rows`.
    pub(super) fn spreads(&self, rows: &[usize]) -> Vec<f64> {
        let spread = |channel| {
            let errors = rows
                .iter()
                .map(|row| self.values[row * self.channels + channel]);
            let mean = errors.map(|error| error * error).sum::<f64>() / rows.len().max(1) as f64;
            mean.sqrt().clamp(LEAST, f64::from(f32::MAX))
        };
        (0..self.channels).map(spread).collect()
    }

    /// How odd each row is: the largest of its channels' errors in units of their `spreads`, smoothed; 0 for rows that
    /// nothing is said of.
    pub(super) fn scores(&self, spreads: &[f64], smoothing: usize) -> Scores {
        let rows = self.values.len() / self.channels;
        let mut scores = Scores {
            values: vec![0.0; rows],
            channels: vec![0; rows],
        };
        for (channel, spread) in spreads.iter().enumerate() {
            let errors = self.values[self.first * self.channels..].iter();
            let errors = errors.skip(channel).step_by(self.channels);
            let errors: Vec<f64> = errors.map(|error| (error / spread).min(LARGEST)).collect();
            for (row, score) in (self.first..).zip(smoothed(&errors, smoothing)) {
                if score > scores.values[row] {
                    (scores.values[row], scores.channels[row]) = (score, channel);
                }
            }
        }
        scores
    }
}

/// That a table has too few rows for a network.
pub(super) fn too_short(rows: usize, config: &DetectorConfig) -> DataError {
    DataError::SeriesTooShort {
        length: rows,
        needed: config.span(),
        why: format!(
            "the network reads {} rows at once; give more rows, or train with a smaller --window",
            config.span()
        ),
    }
}

/// How odd each row is, and by which channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scores {
    pub(super) values: Vec<f64>,
    pub(super) channels: Vec<usize>,
}

impl Scores {
    /// Which rows are above the threshold.
    pub(super) fn flags(&self, threshold: f64) -> Vec<bool> {
        self.values.iter().map(|score| *score > threshold).collect()
    }
}
