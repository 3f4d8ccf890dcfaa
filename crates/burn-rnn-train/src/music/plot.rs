//! A piece as a picture.

use std::path::{Path, PathBuf};

use burn_rnn_data::Piece;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::TrainError;
use crate::picture::{COLORS, Drawing, Drawn, FONT, draw};

/// Draws the notes over the steps, `NAME.png` and `NAME.svg` in `folder`.
///
/// # Errors
///
/// Where a file cannot be written.
pub(super) fn piano_roll(
    folder: &Path,
    name: &str,
    title: &str,
    piece: &Piece,
) -> Result<[PathBuf; 2], TrainError> {
    draw(folder, name, (1000, 420), &Roll { title, piece })
}

struct Roll<'a> {
    title: &'a str,
    piece: &'a Piece,
}

impl Drawing for Roll<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let notes = || self.piece.iter().flatten().map(|&note| i32::from(note));
        let lowest = notes().min().unwrap_or(60) - 2;
        let highest = notes().max().unwrap_or(72) + 2;
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, (FONT, 20))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(50)
            .build_cartesian_2d(0..self.piece.len() as i32, lowest..highest)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc("step (quarter note)")
            .y_desc("MIDI note")
            .label_style((FONT, 14))
            .draw()?;
        let sounding = self.piece.iter().enumerate().flat_map(|(step, notes)| {
            notes.iter().map(move |&note| {
                let (step, note) = (step as i32, i32::from(note));
                Rectangle::new([(step, note), (step + 1, note + 1)], COLORS[1].filled())
            })
        });
        chart.draw_series(sounding)?;
        Ok(())
    }
}
