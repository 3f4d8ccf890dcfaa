//! Weights as the products of a run read them: packed, or where they stand.

use core::ops::Range;
use std::sync::Arc;

use pulp::Simd;

use crate::kept::{self, Key};
use crate::panels::Panels;
use crate::row::Row;
use crate::spec::Source;

/// A run of fewer steps, counted over all sequences, reads weights where they stand.
const WORTH_PACKING: usize = 24;

/// The sequences up to which panels are twice as wide.
const FEW_ROWS: usize = 3;

/// The recurrent or input weights of some gates, as panels.
///
/// Packing costs about what a few steps of one sequence cost. A run that is shorter reads the matrix
/// where it stands, but for the last panel, which would reach beyond its gate.
pub(crate) enum Weights<'a> {
    Packed(Arc<Panels>),
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
    /// For a single step of a single sequence.
    OneRow {
        matrix: &'a [f32],
        row_stride: usize,
        d_hidden: usize,
        first_gate: usize,
        gates: usize,
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
        Source { matrix, owner }: Source<'a>,
        rows: usize,
        row_stride: usize,
        d_hidden: usize,
        gates: Range<usize>,
        layout: Layout,
    ) -> Self {
        let units = layout.units();
        if layout.packed {
            let pack =
                || Panels::of_blocks(matrix, rows, row_stride, d_hidden, gates.clone(), units);
            return Self::Packed(match owner {
                Some(owner) => {
                    let gates = gates.clone();
                    let key = Key::new(matrix, rows, row_stride, d_hidden, gates, units);
                    kept::panels(owner, key, pack)
                }
                None => Arc::new(pack()),
            });
        }
        if layout.one_row {
            return Self::OneRow {
                matrix,
                row_stride,
                d_hidden,
                first_gate: gates.start,
                gates: gates.len(),
            };
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
            Self::OneRow { .. } => unreachable!("a single row has no panels"),
            Self::InPlace {
                matrix,
                row_stride,
                d_hidden,
                first_gate,
                gates,
                units,
                tail,
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

impl Weights<'_> {
    /// Packed weights by themselves.
    pub(crate) fn into_owned(self) -> Weights<'static> {
        match self {
            Self::Packed(panels) => Weights::Packed(panels),
            _ => unreachable!("the layout asked for packed weights"),
        }
    }

    /// Adds the product with the row `a` to the sums of all gates and the units of `panels`, where there is a single
    /// row; false, and nothing done, where there are more. A unit's gates stand `width` after those of the panel before.
    ///
    /// # Safety
    ///
    /// `a` must be readable for the rows of the matrix, `depth`, and `out` writable for panels of `width`, `panels`
    /// among them.
    #[inline(always)]
    pub(crate) unsafe fn add_row<S: Simd>(
        &self,
        simd: S,
        layout: Layout,
        panels: (usize, usize),
        (a, depth): (*const f32, usize),
        (out, width): (*mut f32, usize),
    ) -> bool {
        let Self::OneRow {
            matrix,
            row_stride,
            d_hidden,
            first_gate,
            gates,
        } = *self
        else {
            return false;
        };
        let vectors = d_hidden.div_ceil(layout.lanes);
        let row = Row {
            depth,
            a,
            matrix: matrix[first_gate * d_hidden..].as_ptr(),
            row_stride,
            gates,
            d_hidden,
            vectors: (
                panels.0 * layout.vectors,
                vectors.min(panels.1 * layout.vectors),
            ),
            out,
            // Several gates have panels of one vector each, a single one has its vectors side by side.
            out_vector: width / layout.vectors,
            out_gate: layout.lanes,
        };
        // SAFETY: the matrix has `depth` rows; the caller promises the rest.
        unsafe { row.multiply(simd) };
        true
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
    /// Whether there is one step of one sequence only.
    pub(crate) one_row: bool,
}

impl Layout {
    /// The layout for a run of so many steps, counted over all sequences, of a cell of so many gates: panels of about four
    /// vectors, which with the rows of a tile is what fills the registers.
    pub(crate) fn new(lanes: usize, gates: usize, d_hidden: usize, steps: usize) -> Self {
        let packed = steps >= WORTH_PACKING;
        let vectors = match gates {
            1 => d_hidden.div_ceil(lanes).min(4),
            2 if packed => d_hidden.div_ceil(lanes).min(2),
            _ => 1,
        };
        Self {
            lanes,
            vectors,
            packed,
            one_row: steps == 1,
        }
    }

    /// The same with panels twice as wide where so few `rows` as a step has do not fill the registers: a sum of its own for
    /// each of eight vectors hides how long an addition takes. All of `threads` still get a panel.
    pub(crate) fn for_rows(
        self,
        rows: usize,
        gates: usize,
        d_hidden: usize,
        threads: usize,
    ) -> Self {
        let wide = Self {
            vectors: 8 / gates,
            ..self
        };
        let fits = rows <= FEW_ROWS && self.packed && wide.vectors > self.vectors;
        if fits && d_hidden >= wide.units() * threads {
            wide
        } else {
            self
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
