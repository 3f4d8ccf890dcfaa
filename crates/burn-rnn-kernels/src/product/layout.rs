//! How the units of a cell are cut into vectors and panels.

use crate::tuning::{FEW_ROWS, VECTORS_OF_FEW_ROWS, VECTORS_OF_MANY_ROWS};

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
        let most = width.div_ceil(lanes).max(1);
        let vectors = |all: usize| (all / sums).clamp(1, most);
        let wide = Self {
            lanes,
            vectors: vectors(VECTORS_OF_FEW_ROWS),
        };
        if rows <= FEW_ROWS && width >= wide.units() * threads {
            return wide;
        }
        Self {
            lanes,
            vectors: vectors(VECTORS_OF_MANY_ROWS),
        }
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
