//! Weights as the products of a run read them: packed, or where they stand.

use core::ops::Range;

use crate::panels::Panels;

/// The recurrent or input weights of some gates, as panels.
///
/// Packing costs about what a few steps of one sequence cost. A run that is shorter reads the matrix
/// where it stands, but for the last panel, which would reach beyond its gate.
pub(crate) enum Weights<'a> {
    Packed(Panels),
    InPlace {
        matrix: &'a [f32],
        row_stride: usize,
        d_hidden: usize,
        first_gate: usize,
        gates: usize,
        units: usize,
        /// The last panel, where it is not full.
        tail: Option<Panels>,
    },
}

/// A panel and how it lies.
#[derive(Clone, Copy)]
pub(crate) struct PanelAt {
    pub(crate) start: *const f32,
    pub(crate) row_stride: usize,
    pub(crate) vector_stride: usize,
}

impl<'a> Weights<'a> {
    /// The blocks `gates` of a row-major matrix `[rows, row_stride]` with blocks of `d_hidden` columns, in panels
    /// of `vectors` vectors a gate.
    pub(crate) fn new(
        matrix: &'a [f32],
        rows: usize,
        row_stride: usize,
        d_hidden: usize,
        gates: Range<usize>,
        layout: Layout,
    ) -> Self {
        let units = layout.units();
        if layout.packed {
            return Self::Packed(Panels::of_blocks(
                matrix, rows, row_stride, d_hidden, gates, units,
            ));
        }
        let full = d_hidden / units * units;
        let tail = (full < d_hidden).then(|| {
            Panels::of_blocks_from(
                matrix,
                rows,
                row_stride,
                d_hidden,
                full,
                gates.clone(),
                units,
            )
        });
        Self::InPlace {
            matrix,
            row_stride,
            d_hidden,
            first_gate: gates.start,
            gates: gates.len(),
            units,
            tail,
        }
    }

    /// The panel at `index`.
    pub(crate) fn panel(&self, index: usize, lanes: usize) -> PanelAt {
        let packed = |panels: &Panels, index| PanelAt {
            start: panels.panel(index).as_ptr(),
            row_stride: panels.width(),
            vector_stride: lanes,
        };
        match self {
            Self::Packed(panels) => packed(panels, index),
            Self::InPlace {
                matrix,
                row_stride,
                d_hidden,
                first_gate,
                gates,
                units,
                tail,
                ..
            } => match tail {
                Some(tail) if (index + 1) * units > *d_hidden => packed(tail, 0),
                _ => PanelAt {
                    start: matrix[first_gate * d_hidden + index * units..].as_ptr(),
                    row_stride: *row_stride,
                    // One gate has its vectors side by side, several have one each.
                    vector_stride: if *gates == 1 { lanes } else { *d_hidden },
                },
            },
        }
    }
}

/// How the units of a cell are cut into vectors and panels.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// The floats of a vector.
    pub(crate) lanes: usize,
    /// The vectors of each gate in a panel.
    pub(crate) vectors: usize,
    /// Whether weights are packed.
    pub(crate) packed: bool,
}

impl Layout {
    /// The layout for a cell of so many gates: panels of about four vectors, which is what fills the registers.
    pub(crate) fn new(lanes: usize, gates: usize, d_hidden: usize, packed: bool) -> Self {
        let vectors = match gates {
            1 => d_hidden.div_ceil(lanes).min(4),
            2 if packed => d_hidden.div_ceil(lanes).min(2),
            _ => 1,
        };
        Self {
            lanes,
            vectors,
            packed,
        }
    }

    /// The units of a panel.
    pub(crate) fn units(&self) -> usize {
        self.lanes * self.vectors
    }

    /// The number of panels.
    pub(crate) fn panels(&self, d_hidden: usize) -> usize {
        d_hidden.div_ceil(self.units())
    }

    /// The number of units with those that fill up the last panel.
    pub(crate) fn padded(&self, d_hidden: usize) -> usize {
        self.panels(d_hidden) * self.units()
    }
}
