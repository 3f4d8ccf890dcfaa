//! What is taken for what.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::TrainError;
use crate::picture::{COLORS, Drawing, Drawn, FONT, draw};

/// How often each label was taken for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    labels: Vec<String>,
    /// By the true label, then by the one it was taken for.
    counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Counts pairs of the true label's place and of the place of the one it was taken for.
    ///
    /// # Panics
    ///
    /// Where a place is none of a label.
    pub fn new(labels: &[String], pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut counts = vec![vec![0; labels.len()]; labels.len()];
        for (truth, taken_for) in pairs {
            counts[truth][taken_for] += 1;
        }
        Self {
            labels: labels.to_vec(),
            counts,
        }
    }

    /// The share of those on the diagonal.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.labels.len())
            .map(|label| self.counts[label][label])
            .sum();
        let all: usize = self.counts.iter().flatten().sum();
        right as f64 / all.max(1) as f64
    }

    /// Draws it, `confusion.png` and `confusion.svg` in `folder`.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub fn draw(&self, folder: &Path) -> Result<[PathBuf; 2], TrainError> {
        let side = LEFT + 40 + CELL * self.labels.len() as i32;
        let size = (side as u32, (side - LEFT + TOP + 40) as u32);
        draw(folder, "confusion", size, self)
    }
}

/// The side of a cell, and where the cells begin, in pixels.
const CELL: i32 = 44;
const LEFT: i32 = 110;
const TOP: i32 = 64;

impl Drawing for Confusion {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let count = self.labels.len() as i32;
        let (right, bottom) = (LEFT + CELL * count, TOP + CELL * count);
        let text = |words: &str, size: u32, color: &RGBColor, at: (i32, i32), pos: Pos| {
            let style = (FONT, size).into_font().color(color).pos(pos);
            area.draw(&Text::new(words.to_owned(), at, style))
        };
        let centred = Pos::new(HPos::Center, VPos::Center);
        let title = format!("Held out: {:.1} % right", self.accuracy() * 100.0);
        text(&title, 20, &BLACK, ((LEFT + right) / 2, 20), centred)?;
        let middle = (LEFT + right) / 2;
        text("taken for", 14, &BLACK, (middle, bottom + 44), centred)?;
        text(
            "truth",
            14,
            &BLACK,
            (LEFT - 8, TOP - 16),
            Pos::new(HPos::Right, VPos::Center),
        )?;
        for (row, counts) in self.counts.iter().enumerate() {
            let top = TOP + CELL * row as i32;
            let all = counts.iter().sum::<usize>().max(1) as f64;
            let beside = Pos::new(HPos::Right, VPos::Center);
            text(
                &short(&self.labels[row]),
                14,
                &BLACK,
                (LEFT - 8, top + CELL / 2),
                beside,
            )?;
            let below = (LEFT + CELL * row as i32 + CELL / 2, bottom + 16);
            text(&narrow(&self.labels[row]), 14, &BLACK, below, centred)?;
            for (column, &count) in counts.iter().enumerate() {
                let left = LEFT + CELL * column as i32;
                let color = if column == row { COLORS[1] } else { COLORS[0] };
                let share = count as f64 / all;
                let cell = [(left, top), (left + CELL, top + CELL)];
                // A single mistake among many is still to be seen.
                let strength = if count == 0 { 0.0 } else { 0.15 + 0.85 * share };
                area.draw(&Rectangle::new(cell, color.mix(strength).filled()))?;
                area.draw(&Rectangle::new(cell, RGBColor(210, 210, 210)))?;
                if count > 0 {
                    let ink = if strength > 0.5 { &WHITE } else { &BLACK };
                    let at = (left + CELL / 2, top + CELL / 2);
                    text(&count.to_string(), 15, ink, at, centred)?;
                }
            }
        }
        Ok(())
    }
}

/// What fits beside the cells.
fn short(label: &str) -> String {
    cut(label, 11)
}

/// What fits below a cell.
fn narrow(label: &str) -> String {
    cut(label, 6)
}

fn cut(label: &str, most: usize) -> String {
    match label.chars().count() > most {
        true => label.chars().take(most - 1).chain(['…']).collect(),
        false => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_counted_and_drawn() {
        let labels = ["yes", "no"].map(str::to_owned);
        let confusion = Confusion::new(&labels, [(0, 0), (0, 1), (1, 1), (1, 1)]);
        assert_eq!(confusion.counts, [[1, 1], [0, 2]]);
        assert_eq!(confusion.accuracy(), 0.75);
        let folder = tempfile::tempdir().unwrap();
        let [_, svg] = confusion.draw(folder.path()).unwrap();
        let svg = std::fs::read_to_string(svg).unwrap();
        assert!(svg.contains("75.0 % right") && svg.contains("yes"), "{svg}");
    }
}
