//! A piece as a picture.

use std::path::{Path, PathBuf};

use burn_rnn_data::Piece;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::TrainError;
use crate::picture::{COLORS, Drawing, Drawn, FONT, draw, of_all};

/// The most steps that are drawn: they are a pixel wide then.
const MOST: usize = 900;

/// Draws the notes over the first 900 steps, `NAME.png` and `NAME.svg` in `folder`.
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
    let title = format!("{title}{}", of_all(MOST, piece.len(), "steps"));
    let piece = &piece[..piece.len().min(MOST)];
    draw(folder, name, (1000, 420), &Roll { title, piece })
}

struct Roll<'a> {
    title: String,
    piece: &'a [Vec<u8>],
}

impl Drawing for Roll<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let notes = || self.piece.iter().flatten().map(|&note| i32::from(note));
        let lowest = notes().min().unwrap_or(60) - 2;
        let highest = notes().max().unwrap_or(72) + 2;
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 20))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_piece_is_cut_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let long = vec![vec![60, 64, 67]; 100_000];
        let [_, svg] = piano_roll(folder.path(), "long", "A piece", &long).unwrap();
        let svg = std::fs::read_to_string(svg).unwrap();
        assert!(svg.contains("A piece (the first 900 of 100000 steps)"));
        assert!(svg.len() < 1_000_000, "{}", svg.len());
        piano_roll(folder.path(), "empty", "", &Vec::new()).unwrap();
    }
}
