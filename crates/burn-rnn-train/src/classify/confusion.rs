//! What is taken for what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::picture::{COLORS, Drawing, Drawn, FONT, draw};
use crate::{TrainError, cell};

/// How often each label was taken for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    labels: Vec<String>,
    /// By the places of the true label and of the one it was taken for; none that is 0.
    counts: BTreeMap<(usize, usize), usize>,
}

impl Confusion {
    /// Counts pairs of the true label's place and of the place of the one it was taken for.
    ///
    /// # Panics
    ///
    /// Where a place is none of a label.
    pub fn new(labels: &[String], pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut counts = BTreeMap::new();
        for (truth, taken_for) in pairs {
            assert!(truth.max(taken_for) < labels.len(), "a place of a label");
            *counts.entry((truth, taken_for)).or_default() += 1;
        }
        Self {
            labels: labels.to_vec(),
            counts,
        }
    }

    /// The share of those on the diagonal.
    pub fn accuracy(&self) -> f64 {
        let right = self.counts.iter().filter(|((a, b), _)| a == b);
        let right: usize = right.map(|(_, count)| count).sum();
        let all: usize = self.counts.values().sum();
        right as f64 / all.max(1) as f64
    }

    /// The places of the labels that are drawn, in their order: of many those with the most mistakes.
    fn drawn(&self) -> Vec<usize> {
        let mut mistakes = vec![0; self.labels.len()];
        for ((truth, taken_for), count) in &self.counts {
            mistakes[*truth] += if truth == taken_for { 0 } else { *count };
        }
        let mut places: Vec<usize> = (0..self.labels.len()).collect();
        places.sort_by_key(|place| core::cmp::Reverse(mistakes[*place]));
        places.truncate(MOST);
        places.sort_unstable();
        places
    }

    /// Draws it, `confusion.png` and `confusion.svg` in `folder`, with 40 labels at most.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub fn draw(&self, folder: &Path) -> Result<[PathBuf; 2], TrainError> {
        let side = LEFT + 40 + CELL * self.labels.len().min(MOST) as i32;
        let size = (side as u32, (side - LEFT + TOP + 40) as u32);
        draw(folder, "confusion", size, self)
    }
}

/// The most labels that are drawn.
const MOST: usize = 40;
/// The side of a cell, and where the cells begin, in pixels.
const CELL: i32 = 44;
const LEFT: i32 = 110;
const TOP: i32 = 64;

impl Drawing for Confusion {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let labels = self.drawn();
        let count = labels.len() as i32;
        let (right, bottom) = (LEFT + CELL * count, TOP + CELL * count);
        let text = |words: &str, size: u32, color: &RGBColor, at: (i32, i32), pos: Pos| {
            let style = (FONT, size).into_font().color(color).pos(pos);
            area.draw(&Text::new(words.to_owned(), at, style))
        };
        let centred = Pos::new(HPos::Center, VPos::Center);
        let mut title = format!("Held out: {:.1} % right", self.accuracy() * 100.0);
        if labels.len() < self.labels.len() {
            title += &format!(
                " ({count} of {} labels, those with the most mistakes)",
                self.labels.len()
            );
        }
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
        for (row, &truth) in labels.iter().enumerate() {
            let top = TOP + CELL * row as i32;
            let all = self.counts.range((truth, 0)..(truth + 1, 0));
            let all = all.map(|(_, count)| count).sum::<usize>().max(1) as f64;
            let beside = Pos::new(HPos::Right, VPos::Center);
            text(
                &cell(&self.labels[truth], 11),
                14,
                &BLACK,
                (LEFT - 8, top + CELL / 2),
                beside,
            )?;
            let below = (LEFT + CELL * row as i32 + CELL / 2, bottom + 16);
            text(&cell(&self.labels[truth], 6), 14, &BLACK, below, centred)?;
            for (column, &taken_for) in labels.iter().enumerate() {
                let count = self.counts.get(&(truth, taken_for)).copied().unwrap_or(0);
                let left = LEFT + CELL * column as i32;
                let color = if column == row { COLORS[1] } else { COLORS[0] };
                let share = count as f64 / all;
                let place = [(left, top), (left + CELL, top + CELL)];
                // A single mistake among many is still to be seen.
                let strength = if count == 0 { 0.0 } else { 0.15 + 0.85 * share };
                area.draw(&Rectangle::new(place, color.mix(strength).filled()))?;
                area.draw(&Rectangle::new(place, RGBColor(210, 210, 210)))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_counted_and_drawn() {
        let labels = ["yes", "no"].map(str::to_owned);
        let confusion = Confusion::new(&labels, [(0, 0), (0, 1), (1, 1), (1, 1)]);
        let counts = [((0, 0), 1), ((0, 1), 1), ((1, 1), 2)];
        assert_eq!(confusion.counts, BTreeMap::from(counts));
        assert_eq!(confusion.accuracy(), 0.75);
        let folder = tempfile::tempdir().unwrap();
        let [_, svg] = confusion.draw(folder.path()).unwrap();
        let svg = std::fs::read_to_string(svg).unwrap();
        assert!(svg.contains("75.0 % right") && svg.contains("yes"), "{svg}");
    }

    #[test]
    fn of_many_labels_those_with_mistakes_are_drawn() {
        let labels: Vec<String> = (0..3000).map(|n| format!("a long label {n}")).collect();
        let right = (0..3000).map(|place| (place, place));
        let confusion = Confusion::new(&labels, right.chain([(2000, 7), (2999, 2000)]));
        let drawn = confusion.drawn();
        assert_eq!(drawn.len(), 40);
        assert_eq!(drawn[38..], [2000, 2999]);
        let folder = tempfile::tempdir().unwrap();
        let [_, svg] = confusion.draw(folder.path()).unwrap();
        let svg = std::fs::read_to_string(svg).unwrap();
        assert!(svg.contains("(40 of 3000 labels, those with the most mistakes)"));
        assert!(
            svg.contains("a long labe…") && svg.len() < 2_000_000,
            "{}",
            svg.len()
        );
    }
}
