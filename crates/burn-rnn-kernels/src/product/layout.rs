//! How the units of a cell are cut into vectors and panels.

use crate::tuning::{FEW_ROWS, VECTORS_OF_FEW_ROWS, VECTORS_OF_MANY_ROWS, VECTORS_OF_ONE_ROW};

/// The lanes of the level that has 32 registers: AVX-512.
const LANES_OF_32_REGISTERS: usize = 16;

/// How the units of a cell are cut into vectors and panels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// The floats of a vector.
    pub(crate) lanes: usize,
    /// The vectors of each sum in a panel.
    pub(crate) vectors: usize,
}

impl Layout {
    /// The layout for `width` units of a cell whose widest product goes into so many `sums`, for steps of so many `rows`; all of
    /// `threads` get a panel where there are enough units.
    pub(crate) fn new(
        lanes: usize,
        sums: usize,
        width: usize,
        rows: usize,
        threads: usize,
    ) -> Self {
        let all = width.div_ceil(lanes).max(1);
        if rows > FEW_ROWS {
            let vectors = (VECTORS_OF_MANY_ROWS / sums).clamp(1, all);
            return Self { lanes, vectors };
        }
        let few = if rows == 1 && lanes == LANES_OF_32_REGISTERS {
            VECTORS_OF_ONE_ROW
        } else {
            VECTORS_OF_FEW_ROWS
        };
        let most = (few / sums).min(all / threads).max(1);
        // As wide as fills all panels.
        let fills = |vectors: &usize| all.is_multiple_of(*vectors);
        let vectors = (1..=most).rev().find(fills).unwrap_or(1);
        Self { lanes, vectors }
    }

    /// The units of a panel.
    pub(crate) fn units(&self) -> usize {
        self.lanes * self.vectors
    }

    /// The number of panels.
    pub(crate) fn panels(&self, width: usize) -> usize {
        width.div_ceil(self.units())
    }

    /// The number of units with those that fill up the last panel.
    pub(crate) fn padded(&self, width: usize) -> usize {
        self.panels(width) * self.units()
    }
}
