//! Log-mel frames as pictures.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use plotters::coord::Shift;
use plotters::prelude::*;

use super::task::spoken;
use super::{SpeakSettings, SpeechModel, Spoken, Wish, speak};
use crate::picture::{Drawing, Drawn, FONT, draw, of_all};
use crate::sounds::Sounds;
use crate::{TrainError, cell};

/// One sound in a picture.
pub(super) struct Panel {
    pub(super) title: String,
    /// `[frames, bands]` in decibels.
    pub(super) frames: Vec<f32>,
}

/// Panels side by side, in rows; the same colour is the same level in all of them.
pub(super) struct Spectrograms {
    pub(super) rows: Vec<Vec<Panel>>,
    pub(super) bands: usize,
    /// The seconds from frame to frame.
    pub(super) hop: f64,
}

/// The most frames of a panel that are drawn, ten seconds.
const MOST: usize = 1000;
/// The most characters of a panel's title.
const MOST_IN_TITLE: usize = 26;

impl Panel {
    /// The frames that are drawn, and the title.
    fn cut(&self, bands: usize) -> (&[f32], String) {
        let title = cell(&self.title, MOST_IN_TITLE);
        let all = self.frames.len() / bands;
        let frames = &self.frames[..all.min(MOST) * bands];
        (frames, title + &of_all(MOST, all, "frames"))
    }
}

impl Spectrograms {
    /// Draws `NAME.png` and `NAME.svg` in `folder`, of each panel the first 1000 frames.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub(super) fn draw(&self, folder: &Path, name: &str) -> Result<[PathBuf; 2], TrainError> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(1) as u32;
        let size = (60 + 240 * columns, 30 + 210 * self.rows.len() as u32);
        draw(folder, name, size, self)
    }
}

/// How many colours there are: neighbours of the same one are one rectangle.
const COLOURS: f32 = 28.0;

/// From quiet to loud.
const SCALE: [(f32, f32, f32); 5] = [
    (18.0, 18.0, 48.0),
    (70.0, 30.0, 110.0),
    (190.0, 55.0, 85.0),
    (245.0, 150.0, 50.0),
    (255.0, 245.0, 190.0),
];

fn colour(share: f32) -> RGBColor {
    let place = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f32;
    let before = (place as usize).min(SCALE.len() - 2);
    let part = place - before as f32;
    let (a, b) = (SCALE[before], SCALE[before + 1]);
    let mix = |a: f32, b: f32| (a + part * (b - a)).round() as u8;
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

impl Drawing for Spectrograms {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let levels = || {
            let panels = self.rows.iter().flatten();
            panels.flat_map(|panel| panel.cut(self.bands).0.iter().copied())
        };
        let (low, high) = (
            levels().fold(f32::INFINITY, f32::min),
            levels().fold(f32::NEG_INFINITY, f32::max),
        );
        let longest = self.rows.iter().flatten();
        let longest = longest.map(|panel| panel.cut(self.bands).0.len());
        let longest = longest.max().unwrap_or(0) / self.bands;
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(1);
        for (row, part) in self
            .rows
            .iter()
            .zip(area.split_evenly((self.rows.len(), 1)))
        {
            for (panel, part) in row.iter().zip(part.split_evenly((1, columns))) {
                let (frames, title) = panel.cut(self.bands);
                let mut chart = ChartBuilder::on(&part)
                    .caption(&title, (FONT, 16))
                    .margin(8)
                    .x_label_area_size(34)
                    .y_label_area_size(46)
                    .build_cartesian_2d(0.0..longest as f64 * self.hop, 0.0..self.bands as f64)?;
                chart
                    .configure_mesh()
                    .disable_mesh()
                    .x_labels(5)
                    .y_labels(5)
                    .x_label_formatter(&|seconds| format!("{seconds:.1}"))
                    .y_label_formatter(&|band| format!("{band:.0}"))
                    .x_desc("seconds")
                    .y_desc("mel band")
                    .label_style((FONT, 12))
                    .draw()?;
                chart.draw_series(self.rectangles(frames, low, high))?;
            }
        }
        Ok(())
    }
}

impl Spectrograms {
    /// A rectangle for each stretch of frames of one colour in a band.
    fn rectangles(&self, levels: &[f32], low: f32, high: f32) -> Vec<Rectangle<(f64, f64)>> {
        let frames = levels.len() / self.bands;
        let step = |frame: usize, band: usize| {
            let level = levels[frame * self.bands + band];
            ((level - low) / (high - low).max(1e-6) * COLOURS).round() as i32
        };
        let mut rectangles = Vec::new();
        for band in 0..self.bands {
            let mut start = 0;
            for frame in 1..=frames {
                if frame < frames && step(frame, band) == step(start, band) {
                    continue;
                }
                let style = colour(step(start, band) as f32 / COLOURS).filled();
                let corners = [
                    (start as f64 * self.hop, band as f64),
                    (frame as f64 * self.hop, (band + 1) as f64),
                ];
                rectangles.push(Rectangle::new(corners, style));
                start = frame;
            }
        }
        rectangles
    }
}

/// A few labels as the model says them above as somebody said them: `spoken.png` and `spoken.svg`.
pub(super) fn beside_held_out(
    model: &SpeechModel,
    settings: &SpeakSettings,
    sounds: &Sounds,
    folder: &Path,
    device: &Device,
) -> Result<(), TrainError> {
    const SOME: usize = 4;
    let listener = settings.features.listener()?;
    let held_out = spoken(&sounds.held_out, settings, &listener)?;
    // Labels and speakers from the first to the last.
    let count = SOME.min(settings.labels.len());
    let wish = |index: usize| Wish {
        label: index * settings.labels.len() / count,
        speaker: index % settings.speakers.len(),
    };
    let shown: Vec<&Spoken> = (0..count)
        .filter_map(|index| held_out.iter().find(|sound| sound.wish == wish(index)))
        .collect();
    let wishes: Vec<Wish> = shown.iter().map(|sound| sound.wish).collect();
    let words = speak(model, settings, &wishes, 0.0, 0, device);
    let panel = |wish: &Wish, what: &str, frames: Vec<f32>| Panel {
        title: format!(
            "{}, {}: {what}",
            settings.labels[wish.label], settings.speakers[wish.speaker]
        ),
        frames: listener.decibels(frames),
    };
    let said = wishes.iter().zip(words);
    let rows = vec![
        said.map(|(wish, frames)| panel(wish, "generated", frames))
            .collect(),
        shown
            .iter()
            .map(|sound| panel(&sound.wish, "held out", sound.frames.clone()))
            .collect(),
    ];
    let picture = Spectrograms {
        rows,
        bands: settings.bands(),
        hop: settings.hop(),
    };
    picture.draw(folder, "spoken").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sound_is_cut_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = |frames: usize, title: &str| {
            let panel = Panel {
                title: title.to_owned(),
                frames: (0..frames * 2).map(|index| (index % 7) as f32).collect(),
            };
            let picture = Spectrograms {
                rows: vec![vec![panel]],
                bands: 2,
                hop: 0.01,
            };
            let [_, svg] = picture.draw(folder.path(), "sound").unwrap();
            std::fs::read_to_string(svg).unwrap()
        };
        let svg = drawn(100_000, &"label".repeat(50));
        assert!(svg.contains("… (the first 1000 of 100000 frames)"));
        assert!(svg.len() < 1_000_000, "{}", svg.len());
        assert!(!drawn(3, "").contains("the first"));
    }
}
