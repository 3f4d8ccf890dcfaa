//! What is taken for what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::TrainError;
use crate::grid::{Grid, MOST, draw_grids};

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

    /// The F1 score of each label, 2 · right / (there are + taken for it): none where it never occurs and nothing is taken for it.
    pub fn f1(&self) -> Vec<Option<f64>> {
        let mut of_each = vec![(0, 0); self.labels.len()];
        for (&(truth, taken_for), &count) in &self.counts {
            of_each[truth].1 += count;
            of_each[taken_for].1 += count;
            if truth == taken_for {
                of_each[truth].0 += count;
            }
        }
        let f1 = |(right, both): (usize, usize)| 2.0 * right as f64 / both as f64;
        let f1 = |of: (usize, usize)| (of.1 > 0).then(|| f1(of));
        of_each.into_iter().map(f1).collect()
    }

    /// The mean of the F1 scores of the labels that have one, all alike.
    pub fn macro_f1(&self) -> f64 {
        let f1: Vec<f64> = self.f1().into_iter().flatten().collect();
        f1.iter().sum::<f64>() / f1.len().max(1) as f64
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

    /// Draws it, `confusion.png` and `confusion.svg` in `folder`, with 50 labels at most.
    ///
    /// # Errors
    ///
    /// Where a file cannot be written.
    pub fn draw(&self, folder: &Path) -> Result<[PathBuf; 2], TrainError> {
        let places = self.drawn();
        let names: Vec<String> = places.iter().map(|&at| self.labels[at].clone()).collect();
        let mut title = format!(
            "Held out: {:.1} % right; a row a label, a column what it was taken for",
            self.accuracy() * 100.0
        );
        if places.len() < self.labels.len() {
            title += &format!(
                " ({} of {} labels, those with the most mistakes)",
                places.len(),
                self.labels.len()
            );
        }
        let (mut values, mut texts) = (Vec::new(), Vec::new());
        for &truth in &places {
            let row = self.counts.range((truth, 0)..(truth + 1, 0));
            let all = row.map(|(_, count)| count).sum::<usize>().max(1) as f32;
            for &taken_for in &places {
                let count = self.counts.get(&(truth, taken_for));
                // A single mistake among many is still to be seen.
                let strength = count.map_or(0.0, |&count| 0.15 + 0.85 * count as f32 / all);
                let is_right = truth == taken_for;
                values.push(if is_right { -strength } else { strength });
                texts.push(count.map_or(String::new(), usize::to_string));
            }
        }
        let grid = Grid {
            title,
            rows: names.clone(),
            columns: names,
            values,
            texts,
            row_height: CELL,
            ..Grid::default()
        };
        draw_grids(folder, "confusion", CELL, &[grid])
    }
}

/// The side of a cell in pixels.
const CELL: i32 = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_counted_and_drawn() {
        let labels = ["yes", "no", "never"].map(str::to_owned);
        let confusion = Confusion::new(&labels, [(0, 0), (0, 1), (1, 1), (1, 1)]);
        let counts = [((0, 0), 1), ((0, 1), 1), ((1, 1), 2)];
        assert_eq!(confusion.counts, BTreeMap::from(counts));
        assert_eq!(confusion.accuracy(), 0.75);
        assert_eq!(confusion.f1(), [Some(2.0 / 3.0), Some(0.8), None]);
        assert_eq!(confusion.macro_f1(), (2.0 / 3.0 + 0.8) / 2.0);
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
        assert_eq!(drawn.len(), 50);
        assert_eq!(drawn[48..], [2000, 2999]);
        let folder = tempfile::tempdir().unwrap();
        let [_, svg] = confusion.draw(folder.path()).unwrap();
        let svg = std::fs::read_to_string(svg).unwrap();
        assert!(svg.contains("(50 of 3000 labels, those with the most mistakes)"));
        assert!(
            svg.contains("a long label 2…") && svg.len() < 2_000_000,
            "{}",
            svg.len()
        );
    }
}
