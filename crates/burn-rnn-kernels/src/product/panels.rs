//! Weights in the order in which the products read them.

use std::sync::Mutex;

use crate::machine::pool::Pooled;
use crate::machine::threads::spread;
use crate::tuning::{TRANSPOSED_AT_ONCE, WORTH_A_THREAD_TO_PACK};

use super::tile::PanelAt;

/// Blocks of columns of a row-major matrix that a product reads: from `rows` values to a sum each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blocks<'a> {
    pub(crate) data: &'a [f32],
    /// The number of blocks of the whole matrix.
    pub(crate) of: usize,
    /// The first row.
    pub(crate) first_row: usize,
    /// The number of rows: the units of what is multiplied.
    pub(crate) rows: usize,
    /// The columns of a block: the units of a sum.
    pub(crate) width: usize,
    /// The blocks, in the order of the sums.
    pub(crate) blocks: &'a [usize],
    /// The heads of a block-diagonal matrix `[heads, rows / heads, of · width / heads]`.
    pub(crate) heads: Option<usize>,
}

impl Blocks<'_> {
    /// The units of a head on either side.
    fn head(&self) -> (usize, usize) {
        let heads = self.heads.unwrap_or(1);
        (self.rows / heads, self.width / heads)
    }

    /// The rows that the columns from `unit` to `end` of a block have weights for.
    fn rows_for(&self, unit: usize, end: usize) -> (usize, usize) {
        let (rows, columns) = self.head();
        if columns == 0 {
            return (0, 0);
        }
        (unit / columns * rows, end.div_ceil(columns) * rows)
    }

    /// The columns of a block that the rows from `unit` to `end` have weights for.
    fn columns_for(&self, unit: usize, end: usize) -> (usize, usize) {
        let (rows, columns) = self.head();
        if rows == 0 {
            return (0, 0);
        }
        (unit / rows * columns, end.div_ceil(rows) * columns)
    }

    /// The place of the weights from a row to the columns of its head in a block, with the first of these columns and their number.
    fn row(&self, row: usize, block: usize) -> (usize, usize, usize) {
        let (rows, columns) = self.head();
        let head = if self.heads.is_some() { row / rows } else { 0 };
        // The rows of all heads come one after the other; in the columns, those of the head alone.
        let place = (self.first_row + row) * self.of * columns;
        (place + block * columns, head * columns, columns)
    }
}

/// Weights cut into panels: each holds, row by row, the columns of a few units, those of one
/// sum side by side, so that a product that runs down a panel reads memory from front to back and
/// has all sums of its units at the end.
///
/// A panel row has the units of the first sum, then those of the second. Units beyond the last have zeros.
pub(crate) struct Panels {
    data: Pooled,
    /// The floats of a panel row.
    width: usize,
    lanes: usize,
    /// The floats of a panel.
    stride: usize,
    /// The first row of each panel and their number; all have the same where there are no heads.
    ranges: Vec<(usize, usize)>,
    rows: usize,
}

impl Panels {
    /// The number of floats of all panels.
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// The vectors of a panel row.
    pub(crate) fn vectors(&self) -> usize {
        self.width / self.lanes
    }

    /// The panel at `index`: how it lies, the first of its rows and their number.
    #[inline(always)]
    pub(crate) fn panel(&self, index: usize) -> (PanelAt, usize, usize) {
        let at = PanelAt {
            start: self.data[index * self.stride..].as_ptr(),
            row_stride: self.width,
            vector_stride: self.lanes,
        };
        match self.ranges.get(index) {
            Some(&(first, rows)) => (at, first, rows),
            None => (at, 0, self.rows),
        }
    }

    /// The panels of a product.
    pub(crate) fn new(from: Blocks<'_>, units: usize, lanes: usize) -> Self {
        let sums = from.blocks.len();
        let ranges = from.heads.map(|_| {
            let firsts = (0..from.width).step_by(units);
            let ranges = firsts.map(|unit| from.rows_for(unit, from.width.min(unit + units)));
            ranges.map(|(first, end)| (first, end - first)).collect()
        });
        let ranges: Vec<(usize, usize)> = ranges.unwrap_or_default();
        let rows = ranges.iter().map(|range| range.1).max();
        let rows = rows.unwrap_or(from.rows);
        let fill = |panel: &mut [f32], unit: usize, n: usize| {
            if from.heads.is_some() {
                panel.fill(0.0);
            }
            let (first, _) = match from.heads {
                Some(_) => from.rows_for(unit, unit + n),
                None => (0, 0),
            };
            for (row, to) in panel.chunks_exact_mut(sums * units).enumerate() {
                if first + row >= from.rows {
                    break;
                }
                for (to, &block) in to.chunks_exact_mut(units).zip(from.blocks) {
                    let (place, column, columns) = from.row(first + row, block);
                    // The columns of this row's head, as far as they are in this panel.
                    let (start, end) = (unit.max(column), (unit + n).min(column + columns));
                    if start < end {
                        let here = &from.data[place + start - column..][..end - start];
                        to[start - unit..end - unit].copy_from_slice(here);
                    }
                }
            }
        };
        Self::filled(rows, sums, units, lanes, from.width, ranges, fill)
    }

    /// The panels of the transposed product: from the gradients of the sums, side by side, to that of what was multiplied.
    ///
    /// # Panics
    ///
    /// With heads and several blocks, whose columns are not side by side.
    pub(crate) fn transposed(from: Blocks<'_>, units: usize, lanes: usize) -> Self {
        assert!(from.heads.is_none() || from.blocks.len() == 1);
        let ranges = from.heads.map(|_| {
            let firsts = (0..from.rows).step_by(units);
            let ranges = firsts.map(|unit| from.columns_for(unit, from.rows.min(unit + units)));
            ranges.map(|(first, end)| (first, end - first)).collect()
        });
        let ranges: Vec<(usize, usize)> = ranges.unwrap_or_default();
        let rows = ranges.iter().map(|range| range.1).max();
        let rows = rows.unwrap_or(from.blocks.len() * from.width);
        let fill = |panel: &mut [f32], unit: usize, n: usize| {
            if from.heads.is_some() {
                panel.fill(0.0);
                let (first, _) = from.columns_for(unit, unit + n);
                for lane in 0..n {
                    let (place, column, columns) = from.row(unit + lane, from.blocks[0]);
                    for k in 0..columns {
                        panel[(column + k - first) * units + lane] = from.data[place + k];
                    }
                }
                return;
            }
            for (index, &block) in from.blocks.iter().enumerate() {
                let panel = &mut panel[index * from.width * units..][..from.width * units];
                // In blocks, so that the lines written to stay in the nearest cache from one unit to the next.
                let chunks = panel.chunks_mut(units * TRANSPOSED_AT_ONCE);
                for (chunk, to) in chunks.enumerate() {
                    for lane in 0..n {
                        let (place, ..) = from.row(unit + lane, block);
                        let place = place + chunk * TRANSPOSED_AT_ONCE;
                        let from = &from.data[place..place + to.len() / units];
                        for (to, from) in to.chunks_exact_mut(units).zip(from) {
                            to[lane] = *from;
                        }
                    }
                }
            }
        };
        Self::filled(rows, 1, units, lanes, from.rows, ranges, fill)
    }

    /// Calls `fill` for each panel with the first of its units and their number.
    fn filled(
        rows: usize,
        sums: usize,
        units: usize,
        lanes: usize,
        width: usize,
        ranges: Vec<(usize, usize)>,
        fill: impl Fn(&mut [f32], usize, usize) + Sync,
    ) -> Self {
        let count = width.div_ceil(units);
        let len = rows * sums * units;
        let mut data = Pooled::any(count * len);
        let fill_from = |first: usize, panels: &mut [f32]| {
            for (index, panel) in panels.chunks_exact_mut(len.max(1)).enumerate() {
                let unit = (first + index) * units;
                let n = units.min(width - unit);
                if n < units {
                    panel.fill(0.0);
                }
                fill(panel, unit, n);
            }
        };
        let most = rayon::current_num_threads().min(1 + data.len() / WORTH_A_THREAD_TO_PACK);
        let each = count.div_ceil(most.max(1));
        if each == count || len == 0 {
            fill_from(0, &mut data);
        } else {
            let parts: Vec<_> = data.chunks_mut(each * len).map(Mutex::new).collect();
            spread(parts.len(), &|index| {
                let mut part = parts[index].lock().expect("no other thread has this part");
                fill_from(index * each, &mut part);
            });
        }
        Self {
            data,
            width: sums * units,
            lanes,
            stride: len,
            ranges,
            rows,
        }
    }
}
