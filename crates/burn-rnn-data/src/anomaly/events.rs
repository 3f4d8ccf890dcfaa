//! How well flagged rows agree with true ones: stretch by stretch, and row by row.

use core::ops::Range;

/// The stretches of flagged rows, in their order; two with at most `gap` rows between them are one.
pub fn stretches(flags: &[bool], gap: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for row in (0..flags.len()).filter(|&row| flags[row]) {
        match found.last_mut() {
            Some(last) if row - last.end <= gap => last.end = row + 1,
            _ => found.push(row..row + 1),
        }
    }
    found
}

/// The score by stretches of Hundman et al. 2018 ("Detecting Spacecraft Anomalies Using LSTMs and Nonparametric Dynamic
/// Thresholding"): a true stretch is found if a flagged one overlaps it, in however few rows, and counts once; each flagged
/// stretch that overlaps none is a false alarm.
///
/// Whoever flags everything finds everything with a single stretch: see [`PointScore`] beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventScore {
    /// True stretches that a flagged one overlaps.
    pub found: usize,
    /// True stretches that none overlaps.
    pub missed: usize,
    /// Flagged stretches that overlap no true one.
    pub false_alarms: usize,
}

impl EventScore {
    /// Compares stretches, each list in its order.
    pub fn new(flagged: &[Range<usize>], truth: &[Range<usize>]) -> Self {
        let hits = |one: &Range<usize>, others: &[Range<usize>]| {
            // The first that does not end before this one begins.
            let next = others.partition_point(|other| other.end <= one.start);
            others.get(next).is_some_and(|other| other.start < one.end)
        };
        let found = truth.iter().filter(|one| hits(one, flagged)).count();
        Self {
            found,
            missed: truth.len() - found,
            false_alarms: flagged.iter().filter(|one| !hits(one, truth)).count(),
        }
    }

    /// The share of true stretches among those found and the false alarms; 0 where there is neither.
    pub fn precision(&self) -> f64 {
        share(self.found, self.false_alarms)
    }

    /// The share of the true stretches that is found; 0 where there is none.
    pub fn recall(&self) -> f64 {
        share(self.found, self.missed)
    }

    /// The harmonic mean of precision and recall; 0 where nothing is found.
    pub fn f1(&self) -> f64 {
        f1(self.found, self.missed, self.false_alarms)
    }
}

/// The score row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointScore {
    /// True rows that are flagged.
    pub found: usize,
    /// True rows that are not.
    pub missed: usize,
    /// Flagged rows that are not true.
    pub false_alarms: usize,
}

impl PointScore {
    /// Compares as many flags as true labels.
    ///
    /// # Panics
    ///
    /// Where there are not as many.
    pub fn new(flags: &[bool], truth: &[bool]) -> Self {
        assert_eq!(flags.len(), truth.len(), "one flag for each label");
        let count = |flagged, true_row| {
            let pairs = flags.iter().zip(truth);
            pairs.filter(|&pair| pair == (&flagged, &true_row)).count()
        };
        Self {
            found: count(true, true),
            missed: count(false, true),
            false_alarms: count(true, false),
        }
    }

    /// The share of flagged rows that are true; 0 where none is flagged.
    pub fn precision(&self) -> f64 {
        share(self.found, self.false_alarms)
    }

    /// The share of true rows that are flagged; 0 where none is true.
    pub fn recall(&self) -> f64 {
        share(self.found, self.missed)
    }

    /// The harmonic mean of precision and recall; 0 where nothing is found.
    pub fn f1(&self) -> f64 {
        f1(self.found, self.missed, self.false_alarms)
    }
}

fn share(part: usize, rest: usize) -> f64 {
    part as f64 / (part + rest).max(1) as f64
}

fn f1(found: usize, missed: usize, false_alarms: usize) -> f64 {
    2.0 * found as f64 / (2 * found + missed + false_alarms).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(text: &str) -> Vec<bool> {
        text.bytes().map(|byte| byte == b'#').collect()
    }

    #[test]
    fn flagged_rows_become_stretches_and_short_gaps_are_closed() {
        let row = flags("##..#....#.#");
        assert_eq!(stretches(&row, 0), [0..2, 4..5, 9..10, 11..12]);
        assert_eq!(stretches(&row, 1), [0..2, 4..5, 9..12]);
        assert_eq!(stretches(&row, 2), [0..5, 9..12]);
        assert!(stretches(&flags("...."), 9).is_empty());
        assert!(stretches(&[], 0).is_empty());
    }

    /// By hand: of four true stretches the first is met twice, the second and third by one long flagged stretch, the
    /// last one is missed by a row; two flagged stretches meet none.
    #[test]
    fn a_stretch_is_found_by_any_overlap_and_counts_once() {
        let truth = flags("..####....##.##......##..");
        let given = flags("#..#.#.....####........#.");
        let score = EventScore::new(&stretches(&given, 0), &stretches(&truth, 0));
        let expected = EventScore {
            found: 3,
            missed: 1,
            false_alarms: 2,
        };
        assert_eq!(score, expected);
        assert_eq!((score.precision(), score.recall()), (3.0 / 5.0, 3.0 / 4.0));
        assert!((score.f1() - 2.0 * 0.6 * 0.75 / (0.6 + 0.75)).abs() < 1e-12);
        // Rows 3, 5, 11, 13 and 14 are true and flagged; 0, 12 and 23 are flagged alone; 2, 4, 10, 21 and 22 are missed.
        let points = PointScore::new(&given, &truth);
        let expected = PointScore {
            found: 5,
            missed: 5,
            false_alarms: 3,
        };
        assert_eq!(points, expected);
        assert_eq!((points.precision(), points.recall()), (5.0 / 8.0, 0.5));
    }

    #[test]
    fn nothing_and_everything_have_scores_that_are_numbers() {
        let truth = [2..4, 6..7];
        let nothing = EventScore::new(&[], &truth);
        assert_eq!(
            (nothing.precision(), nothing.recall(), nothing.f1()),
            (0.0, 0.0, 0.0)
        );
        let everything = EventScore::new(&[(0..9), (9..9)][..1], &truth);
        assert_eq!((everything.found, everything.false_alarms), (2, 0));
        let points = PointScore::new(&[true; 9], &flags("..##..#.."));
        assert_eq!((points.precision(), points.recall()), (3.0 / 9.0, 1.0));
        let none = EventScore::new(&[(1..2), (2..2)][..1], &[]);
        assert_eq!(
            (none.precision(), none.recall(), none.f1()),
            (0.0, 0.0, 0.0)
        );
    }
}
