//! The input sides of the sums, for a chunk of steps at once.

use pulp::Simd;

use crate::definition::Width;
use crate::machine::buffer::Buffer;
use crate::product::tile::Tile;

use super::Pass;
use super::through_time::Job;

impl Job<'_> {
    /// The input sides of `count` steps from `start` on: `[step][panel][row][width]`, zeros where sums have none.
    #[inline(always)]
    pub(super) fn input_sides<S: Simd>(
        &self,
        simd: S,
        start: usize,
        count: usize,
        step_floats: usize,
        sums: &mut [f32],
    ) {
        let Pass {
            prepared,
            sizes,
            steps,
            x,
            ..
        } = *self.pass;
        let layout = prepared.layouts[Width::Hidden as usize];
        let worker = &self.worker;
        let (plan, rows) = (worker.plan, worker.part.rows);
        let with_input = plan.inputs.len() * layout.units();
        let width = plan.positions[Width::Hidden as usize] * layout.units();
        let panels = worker.panels(Width::Hidden);
        if with_input < width {
            for step in sums.chunks_exact_mut(step_floats).take(count) {
                let own = &mut step[panels.start * rows * width..panels.end * rows * width];
                own.chunks_exact_mut(width)
                    .for_each(|row| row[with_input..].fill(0.0));
            }
        }
        let Some(weights) = &prepared.input else {
            return;
        };
        let d_input = sizes.d_input;
        let sequences = worker.sequences();
        // Unequal sequences are brought together; others stand in a row anyway.
        let mut gathered = Buffer::zeros(if steps.is_ragged() {
            count * rows * d_input
        } else {
            0
        });
        let (from, row_stride, step_stride) = if steps.is_ragged() {
            for (row, &sequence) in sequences.iter().enumerate() {
                let end = steps.length(sequence).min(start + count);
                for step in start..end.max(start) {
                    let from = (sequence * sizes.time + steps.step(sequence, step)) * d_input;
                    let to = ((step - start) * rows + row) * d_input;
                    gathered[to..to + d_input].copy_from_slice(&x[from..from + d_input]);
                }
            }
            (gathered.as_ptr(), d_input, rows * d_input)
        } else {
            let first = if steps.is_reverse() {
                sizes.time - start - count
            } else {
                start
            };
            let from = (worker.part.first * sizes.time + first) * d_input;
            (x[from..].as_ptr(), sizes.time * d_input, d_input)
        };
        // A tile's rows are sequences, or steps where those are more.
        let over_steps = count > rows;
        let outer = if over_steps { rows } else { count };
        for panel in panels {
            for index in 0..outer {
                let (row, step) = if over_steps { (index, 0) } else { (0, index) };
                // Of the rows that have the step, or the steps that the row has.
                let inner = if !steps.is_ragged() {
                    if over_steps { count } else { rows }
                } else if over_steps {
                    steps
                        .length(sequences[row])
                        .saturating_sub(start)
                        .min(count)
                } else {
                    sequences.partition_point(|&sequence| steps.length(sequence) > start + step)
                };
                let to = step * step_floats + (panel * rows + row) * width;
                let (panel_at, _, depth) = weights.panel(panel);
                let tile = Tile {
                    depth,
                    a: from.wrapping_add(row * row_stride + step * step_stride),
                    a_stride: if over_steps { step_stride } else { row_stride },
                    panel: panel_at,
                    init: prepared.bias[panel * with_input..].as_ptr(),
                    init_stride: 0,
                    out: sums[to..].as_mut_ptr(),
                    out_stride: if over_steps { step_floats } else { width },
                };
                // SAFETY: `x` or what was gathered of it has these sequences and steps, `sums` the room for `count` steps.
                unsafe { tile.multiply(simd, inner, weights.vectors()) };
            }
        }
    }
}
