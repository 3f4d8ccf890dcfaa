//! Which channels a classifier needs.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn_rnn_data::shuffled;

use super::SeriesSettings;
use crate::TrainError;
use crate::classes::{Labelled, SequenceClassifier};
use crate::grid::{Grid, MOST, draw_grids};

/// How much of the accuracy is lost where a channel tells nothing: it is taken from another series of the same part, drawn at random and
/// as long as need be (permutation importance, Breiman 2001); the mean of several draws where there are few series.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelDrops {
    /// The channels that were looked at: all, or the first 50.
    pub channels: Vec<String>,
    /// The labels.
    pub labels: Vec<String>,
    /// What each channel's loss costs of the accuracy over all series.
    pub all: Vec<f64>,
    /// Of the share of each label's series that are taken for what they are, `[channels, labels]`.
    pub by_label: Vec<f64>,
}

/// The series that a channel is replaced in at least, but for five draws.
const REPLACED: usize = 200;

/// The most series that are looked at.
const SERIES: usize = 500;

impl ChannelDrops {
    /// Looks at the first 50 channels of the first 500 series; the same series give the same again.
    pub fn of(
        model: &SequenceClassifier,
        settings: &SeriesSettings,
        series: &[Labelled],
        device: &Device,
    ) -> Self {
        let series = &series[..series.len().min(SERIES)];
        let width = settings.features.channels.len();
        let draws = (REPLACED / series.len().max(1)).clamp(1, 5) as u64;
        let shares = |taken_for: &[usize]| shares(settings.labels.len(), series, taken_for);
        let before = shares(&model.examine(series, width, device).taken_for);
        let channels = settings.features.channels.iter().take(MOST).cloned();
        let channels: Vec<String> = channels.collect();
        let (mut all, mut by_label) = (Vec::new(), Vec::new());
        for channel in 0..channels.len() {
            let mut mean = vec![0.0; before.len()];
            for draw in 0..draws {
                let other = without(series, width, channel, draw);
                let after = shares(&model.examine(&other, width, device).taken_for);
                for ((mean, before), after) in mean.iter_mut().zip(&before).zip(after) {
                    *mean += (before - after) / draws as f64;
                }
            }
            all.push(mean[0]);
            by_label.extend(&mean[1..]);
        }
        Self {
            channels,
            labels: settings.labels.clone(),
            all,
            by_label,
        }
    }

    /// Draws them, `channels.png` and `channels.svg` in `folder`: a row a channel, and a column a label after that of all.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub fn draw(&self, folder: &Path) -> Result<[PathBuf; 2], TrainError> {
        let labels = self.labels.len();
        let (mut values, mut texts) = (Vec::new(), Vec::new());
        for (row, all) in self.all.iter().enumerate() {
            for drop in [all]
                .into_iter()
                .chain(&self.by_label[row * labels..][..labels])
            {
                values.push(*drop as f32);
                texts.push(format!("{:.0}", drop * 100.0));
            }
        }
        let grid = Grid {
            title: "Points of accuracy lost without a channel: of all, and of each label"
                .to_owned(),
            rows: self.channels.clone(),
            columns: [&"all".to_owned()]
                .into_iter()
                .chain(&self.labels)
                .cloned()
                .collect(),
            values,
            texts,
            row_height: 30,
            ..Grid::default()
        };
        draw_grids(folder, "channels", 64, &[grid])
    }
}

/// The share that is right of all series, then of those of each label.
fn shares(labels: usize, series: &[Labelled], taken_for: &[usize]) -> Vec<f64> {
    let mut counts = vec![(0, 0); labels + 1];
    for (one, &taken_for) in series.iter().zip(taken_for) {
        for place in [0, one.label + 1] {
            counts[place].0 += usize::from(one.label == taken_for);
            counts[place].1 += 1;
        }
    }
    let share = |(right, all): (usize, usize)| right as f64 / all.max(1) as f64;
    counts.into_iter().map(share).collect()
}

/// The series with a channel of another one each, stretched to their lengths.
fn without(series: &[Labelled], width: usize, channel: usize, draw: u64) -> Vec<Labelled> {
    let order = shuffled(series.len(), series.len().max(1), draw).concat();
    let changed = |(one, &other): (&Labelled, &usize)| {
        let mut one = one.clone();
        let other = &series[other].frames;
        let (steps, of) = (one.frames.len() / width, other.len() / width);
        for step in 0..steps {
            one.frames[step * width + channel] = other[step * of / steps * width + channel];
        }
        one
    };
    series.iter().zip(&order).map(changed).collect()
}
