//! From the values of a series to what a network reads.

use serde::{Deserialize, Serialize};

use super::{LabelledSeries, SeriesSet};
use crate::{DataError, Scaler, ScalerKind};

/// How series become frames: every channel is scaled to mean 0 and deviation 1 over the training part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesFeatures {
    /// The channels' names.
    pub channels: Vec<String>,
    /// The scaler of each.
    pub scalers: Vec<Scaler>,
}

impl SeriesFeatures {
    /// Takes the statistics of the series at `places`.
    ///
    /// # Errors
    ///
    /// Where a channel has no value there, or values that cannot be scaled.
    pub fn fit(set: &SeriesSet, places: &[usize]) -> Result<Self, DataError> {
        let channels = set.columns.channels.clone();
        let scaler = |(channel, name): (usize, &String)| {
            let of = |&place: &usize| set.series[place].values.chunks(channels.len());
            let values = places.iter().flat_map(of).map(|step| step[channel]);
            let values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
            let wrong =
                |_| DataError::unscalable(format!("channel `{name}`"), values.iter().copied());
            match values.is_empty() {
                true => Err(DataError::invalid(
                    "the number of values of a channel",
                    format!("0 in `{name}`, in the part that is learnt from"),
                    "at least 1: name the channels without it",
                )),
                false => Scaler::fit(ScalerKind::Standard, &values).map_err(wrong),
            }
        };
        let scalers: Result<_, _> = channels.iter().enumerate().map(scaler).collect();
        Ok(Self {
            scalers: scalers?,
            channels,
        })
    }

    /// The scaled values, `[steps, channels]`. One that is missing is the last one before it in its channel, or the channel's mean;
    /// what is more than a million deviations from the mean is taken for that.
    pub fn frames(&self, series: &LabelledSeries) -> Vec<f32> {
        const FURTHEST: f32 = 1e6;
        let mut last = vec![0.0; self.scalers.len()];
        let mut frames = Vec::with_capacity(series.values.len());
        for step in series.values.chunks(self.scalers.len()) {
            for ((value, scaler), last) in step.iter().zip(&self.scalers).zip(&mut last) {
                if !value.is_nan() {
                    *last = scaler.scale(*value).clamp(-FURTHEST, FURTHEST);
                }
                frames.push(*last);
            }
        }
        frames
    }
}
