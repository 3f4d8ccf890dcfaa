//! Log-mel frames as pictures.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::TrainError;
use crate::picture::{Drawing, Drawn, FONT, draw};

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

impl Spectrograms {
    /// Draws `NAME.png` and `NAME.svg` in `folder`.
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
            panels.flat_map(|panel| panel.frames.iter().copied())
        };
        let (low, high) = (
            levels().fold(f32::INFINITY, f32::min),
            levels().fold(f32::NEG_INFINITY, f32::max),
        );
        let longest = self.rows.iter().flatten().map(|panel| panel.frames.len());
        let longest = longest.max().unwrap_or(0) / self.bands;
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(1);
        for (row, part) in self
            .rows
            .iter()
            .zip(area.split_evenly((self.rows.len(), 1)))
        {
            for (panel, part) in row.iter().zip(part.split_evenly((1, columns))) {
                let mut chart = ChartBuilder::on(&part)
                    .caption(&panel.title, (FONT, 16))
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
                chart.draw_series(self.rectangles(panel, low, high))?;
            }
        }
        Ok(())
    }
}

impl Spectrograms {
    /// A rectangle for each stretch of frames of one colour in a band.
    fn rectangles(&self, panel: &Panel, low: f32, high: f32) -> Vec<Rectangle<(f64, f64)>> {
        let frames = panel.frames.len() / self.bands;
        let step = |frame: usize, band: usize| {
            let level = panel.frames[frame * self.bands + band];
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
