//! One thread's way back through time.

use pulp::{Simd, WithSimd};

use crate::definition::{Kept, MOST_STATES, Source, Width};
use crate::machine::buffer::Buffer;
use crate::machine::threads::Shared;
use crate::pass::frame::RowsAt;
use crate::pass::regularize::Regularize;
use crate::pass::worker::{RowSteps, Worker};
use crate::product::tile::Tile;

use super::frames::Frames;
use super::{BackwardPass, Memory};

/// What sums of a tile start from that nobody has written to: a panel is at most as wide.
static ZEROS: [f32; 256] = [0.0; 256];

pub(super) struct Job<'a> {
    pub(super) pass: &'a BackwardPass<'a>,
    pub(super) memory: &'a Memory,
    pub(super) worker: Worker<'a>,
}

impl WithSimd for Job<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let worker = &self.worker;
        let plan = worker.plan;
        let sequences = worker.sequences();
        let longest = worker.longest();
        let mut totals = Buffer::zeros(plan.declaration.reductions.len() * worker.part.rows);
        let mut steps = RowSteps::new(worker, longest.saturating_sub(1));
        let reductions = totals.len();
        let totals = Shared::new(&mut totals);
        let rules = &plan.rules;
        let has_rules = rules.are_some;
        // What is kept of each state's gradient past the equations, and zeros for a row.
        let widest = worker.padded[0].max(worker.padded[1]);
        let kept_rows = plan.states.len() * worker.part.rows;
        let mut kept = Buffer::zeros(if has_rules {
            (kept_rows + 1) * widest
        } else {
            0
        });
        let start = kept.as_mut_ptr();
        let kept_at: [RowsAt; MOST_STATES] = core::array::from_fn(|state| RowsAt {
            start: start.wrapping_add(state * worker.part.rows * widest),
            stride: widest,
        });
        let is_output_kept = rules.states[0].kept != Kept::Nothing;
        // SAFETY: the last row is behind those of the states, and nobody writes to it.
        let zeros = is_output_kept.then(|| unsafe {
            core::slice::from_raw_parts(start.add(kept_rows * widest).cast_const(), widest)
        });
        let mut frames = Frames::new(&self, &steps, totals, zeros);
        let mut active = 0;
        for step in (0..longest).rev() {
            while active < sequences.len() && worker.steps.length(sequences[active]) > step {
                self.begin(active, &frames);
                active += 1;
            }
            frames.begin(active, &steps);
            self.clear(active, &frames);
            for reduction in 0..reductions {
                // SAFETY: there are as many totals, of this thread alone.
                unsafe { *totals.at(reduction) = 0.0 };
            }
            let regularize = Regularize {
                worker,
                masks: &self.pass.masks,
                steps: &steps,
                rows: active,
            };
            if has_rules {
                regularize.states_back(&frames.memory.after, self.pass.d_output, &kept_at);
            }
            for stage in (0..plan.stages.len()).rev() {
                if has_rules {
                    regularize.temps_back(stage, &frames.memory.d_temps);
                }
                self.stage(simd, stage, active, &frames, totals);
            }
            if has_rules {
                regularize.kept_back(&frames.memory.before, &kept_at);
            }
            self.cut(active, step, &frames);
            frames.swap(plan.states.len());
            steps.back();
        }
        self.end(active, &frames);
    }
}

impl Job<'_> {
    /// The first group of this thread's sums over rows.
    pub(super) fn group(&self) -> usize {
        let part = self.worker.part;
        if part.groups > 1 || self.memory.groups == 1 {
            return 0;
        }
        ((part.first + 1) * self.memory.groups - 1) / self.worker.sizes.batch
    }

    /// The gradient of the last state of a row, which its last step starts from.
    fn begin(&self, row: usize, frames: &Frames) {
        let worker = &self.worker;
        let sequence = worker.sequences()[row];
        let is_cut = worker.steps.is_cut(sequence, worker.steps.length(sequence));
        worker.for_states(|index, state, units| {
            let d_last = self.pass.d_last[state.tensor];
            let at = frames.memory.after[index].at(row, units.start);
            // SAFETY: scratch memory has these rows and units.
            let to = unsafe { core::slice::from_raw_parts_mut(at, units.len()) };
            if d_last.is_empty() || is_cut {
                to.fill(0.0);
            } else {
                let first = worker.place(state, sequence, units.start);
                to.copy_from_slice(&d_last[first..][..units.len()]);
            }
        });
    }

    /// Zeros for the gradients of a thread's units in some of its rows.
    fn zero(&self, at: RowsAt, width: Width, rows: core::ops::Range<usize>) {
        let units = self.worker.units(width);
        for row in rows {
            let at = at.at(row, units.start);
            // SAFETY: scratch memory has these rows and units.
            unsafe { core::slice::from_raw_parts_mut(at, units.len()).fill(0.0) }
        }
    }

    /// Zeros for gradients that are added to.
    fn clear(&self, rows: usize, frames: &Frames) {
        for (temp, at) in self.worker.plan.temps.iter().zip(&frames.memory.d_temps) {
            self.zero(*at, temp.width, 0..rows);
        }
        self.worker.for_states(|index, state, _| {
            if !state.is_read && !state.is_source {
                self.zero(frames.memory.before[index], state.width, 0..rows);
            }
        });
    }

    /// Cuts the gradient off before a step that begins a part.
    fn cut(&self, rows: usize, step: usize, frames: &Frames) {
        let worker = &self.worker;
        if !worker.steps.has_resets() {
            return;
        }
        for (row, &sequence) in worker.sequences()[..rows].iter().enumerate() {
            if worker.steps.is_cut(sequence, step) {
                worker.for_states(|index, state, _| {
                    self.zero(frames.memory.before[index], state.width, row..row + 1);
                });
            }
        }
    }

    /// The gradients of the first states; those of sequences without any step are those of the last.
    fn end(&self, active: usize, frames: &Frames) {
        let worker = &self.worker;
        for (row, &sequence) in worker.sequences().iter().enumerate() {
            if row >= active {
                self.begin(row, frames);
            }
            worker.for_states(|index, state, units| {
                let place = worker.place(state, sequence, units.start);
                let from = frames.memory.after[index].at(row, units.start);
                // SAFETY: the results have this row, and scratch memory these units.
                unsafe {
                    let to = self.memory.first[state.tensor].at(place);
                    to.copy_from_nonoverlapping(from, units.len());
                }
            });
        }
    }

    #[inline(always)]
    fn stage<S: Simd>(&self, simd: S, index: usize, rows: usize, frames: &Frames, totals: Shared) {
        let worker = &self.worker;
        let (plan, weights) = (worker.plan, self.pass.weights);
        let stage = &plan.stages[index];
        let frame = frames.stage(index);
        // SAFETY: the pointers are those of this thread's rows and units.
        unsafe { self.pass.kernel.backward(self.pass.level, index, frame) };
        if !stage.reduced.is_empty() {
            self.total(&stage.reduced, rows, totals);
        }
        if stage.products.is_empty() {
            return;
        }
        worker.member.wait();
        let factors = frame.stage.factors;
        for (number, product) in stage.products.iter().enumerate() {
            let width = product.source_width;
            let (to, starts) = match product.source {
                Source::State(state) => (frames.memory.before[state], product.starts),
                Source::Temp(temp) => (frames.memory.d_temps[temp], false),
            };
            let units = worker.layouts[width as usize].units();
            let parts = weights.products[index][number].iter().enumerate();
            for (part, (first_sum, weights)) in parts {
                let factor = (product.position + first_sum) * worker.sizes.width(stage.width);
                let starts = starts && part == 0;
                for panel in worker.panels(width) {
                    let (at, first, depth) = weights.panel(panel);
                    let out = to.at(0, panel * units);
                    let tile = Tile {
                        depth,
                        a: factors.at(0, factor + first),
                        a_stride: factors.stride,
                        panel: at,
                        init: if starts { ZEROS.as_ptr() } else { out },
                        init_stride: if starts { 0 } else { to.stride },
                        out,
                        out_stride: to.stride,
                    };
                    // SAFETY: the factors have these rows, and the gradients these panels.
                    unsafe { tile.multiply(simd, rows, weights.vectors()) };
                }
            }
        }
    }
}
