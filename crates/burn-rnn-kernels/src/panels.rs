//! Weights in the order in which the products read them.

use std::sync::Mutex;

use crate::pool::Pooled;
use crate::threads::spread;

/// A matrix cut into panels: each holds, row by row, the columns of a few hidden units, those of one
/// gate side by side, so that a product that runs down a panel reads memory from front to back and
/// has all gates of its units at the end.
///
/// A panel row has `gates · vectors` vectors: of the first gate those of all its units, then those
/// of the second. Units beyond the last have zeros.
pub(crate) struct Panels {
    data: Pooled,
    /// The number of rows: the length of the sums.
    pub(crate) rows: usize,
    /// The number of gates.
    pub(crate) gates: usize,
    /// The number of floats of a gate in a panel row.
    pub(crate) units: usize,
}

impl Panels {
    /// The number of floats in a panel row.
    pub(crate) fn width(&self) -> usize {
        self.gates * self.units
    }

    /// The number of floats of all panels.
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// The panel at `index`, its rows one after the other.
    pub(crate) fn panel(&self, index: usize) -> &[f32] {
        let len = self.rows * self.width();
        &self.data[index * len..(index + 1) * len]
    }

    /// Panels of the blocks `gates` of a row-major matrix of `rows` rows, `row_stride` floats apart, with
    /// blocks of `d_hidden` columns.
    pub(crate) fn of_blocks(
        matrix: &[f32],
        rows: usize,
        row_stride: usize,
        d_hidden: usize,
        gates: core::ops::Range<usize>,
        units: usize,
    ) -> Self {
        Self::of_blocks_from(matrix, rows, row_stride, d_hidden, 0, gates, units)
    }

    /// The panels of the units from `first_unit` to the last; else as [`of_blocks`](Panels::of_blocks).
    pub(crate) fn of_blocks_from(
        matrix: &[f32],
        rows: usize,
        row_stride: usize,
        d_hidden: usize,
        first_unit: usize,
        gates: core::ops::Range<usize>,
        units: usize,
    ) -> Self {
        let first = gates.start;
        Self::fill(
            rows,
            gates.len(),
            units,
            d_hidden - first_unit,
            |panel, unit, n| {
                for (row, to) in panel.chunks_exact_mut(gates.len() * units).enumerate() {
                    for gate in gates.clone() {
                        let from = row * row_stride + gate * d_hidden + first_unit + unit;
                        let to = &mut to[(gate - first) * units..][..n];
                        to.copy_from_slice(&matrix[from..from + n]);
                    }
                }
            },
        )
    }

    /// Panels of the transpose of the columns `columns` of a row-major matrix `[d_hidden, row_stride]`:
    /// one gate, and sums over the columns.
    pub(crate) fn of_transpose(
        matrix: &[f32],
        d_hidden: usize,
        row_stride: usize,
        columns: core::ops::Range<usize>,
        units: usize,
    ) -> Self {
        Self::fill(columns.len(), 1, units, d_hidden, |panel, unit, n| {
            // In blocks, so that the lines written to stay in the nearest cache from one unit to the next.
            for (block, to) in panel.chunks_mut(units * TRANSPOSED_AT_ONCE).enumerate() {
                for lane in 0..n {
                    let from =
                        (unit + lane) * row_stride + columns.start + block * TRANSPOSED_AT_ONCE;
                    let from = &matrix[from..from + to.len() / units];
                    for (to, from) in to.chunks_exact_mut(units).zip(from) {
                        to[lane] = *from;
                    }
                }
            }
        })
    }

    /// Calls `fill` for each panel with the first of its units and their number.
    fn fill(
        rows: usize,
        gates: usize,
        units: usize,
        d_hidden: usize,
        fill: impl Fn(&mut [f32], usize, usize) + Sync,
    ) -> Self {
        let count = d_hidden.div_ceil(units);
        let len = rows * gates * units;
        let mut data = Pooled::any(count * len);
        let fill_from = |first: usize, panels: &mut [f32]| {
            for (index, panel) in panels.chunks_exact_mut(len).enumerate() {
                let unit = (first + index) * units;
                let n = units.min(d_hidden - unit);
                if n < units {
                    panel.fill(0.0);
                }
                fill(panel, unit, n);
            }
        };
        let most = rayon::current_num_threads().min(1 + data.len() / WORTH_A_THREAD);
        let each = count.div_ceil(most.max(1));
        if each == count {
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
            rows,
            gates,
            units,
        }
    }
}

const TRANSPOSED_AT_ONCE: usize = 64;

/// The number of floats from which on packing is shared among threads.
const WORTH_A_THREAD: usize = 1 << 15;
