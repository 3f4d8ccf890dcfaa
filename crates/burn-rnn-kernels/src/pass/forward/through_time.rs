//! One thread's way through time.

use core::cell::Cell;

use pulp::{Simd, WithSimd};

use crate::definition::{ProductPlan, Source, Width};
use crate::machine::buffer::Buffer;
use crate::machine::threads::Shared;
use crate::pass::frame::ForwardFrame;
use crate::pass::memory::SavedAt;
use crate::pass::regularize::Regularize;
use crate::pass::worker::{RowSteps, SharedRun, Worker};
use crate::product::panels::Panels;
use crate::product::tile::Tile;
use crate::tuning::{CHUNK, FEW_ROWS, OWN_CACHE, POINT_WISE_AT_ONCE, ROWS_OF_FAR_WEIGHTS};

use super::frames::Frames;
use super::{Memory, Pass};

thread_local! {
    /// Whether this thread's next step starts with its last panel: where the last step, perhaps of a run before, ended.
    static FROM_END: Cell<bool> = const { Cell::new(false) };
}

pub(super) struct Job<'a> {
    pub(super) pass: &'a Pass<'a>,
    pub(super) memory: &'a Memory,
    pub(super) worker: Worker<'a>,
}

impl WithSimd for Job<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let worker = &self.worker;
        let plan = worker.plan;
        let rows = worker.part.rows;
        let longest = worker.longest();
        let hidden = Width::Hidden as usize;
        let step_floats = rows * plan.positions[hidden] * worker.padded[hidden];
        let chunk = self.chunk(step_floats, longest);
        let mut sums = Buffer::zeros(chunk * step_floats);
        let mut totals = Buffer::zeros(plan.declaration.reductions.len() * rows);
        let mut steps = RowSteps::new(worker, 0);
        let totals = Shared::new(&mut totals);
        let mut frames = Frames::new(&self, &steps, totals);
        let mut active = rows;
        let mut from_end = FROM_END.get();
        let has_rules = plan.rules.are_some;
        for start in (0..longest).step_by(chunk.max(1)) {
            let count = chunk.min(longest - start);
            self.input_sides(simd, start, count, step_floats, &mut sums);
            for index in 0..count {
                let step = start + index;
                active = self.retire(&frames, active, step);
                let slot = if self.slots_in_time() {
                    count - 1 - index
                } else {
                    index
                };
                frames.begin(
                    active,
                    &steps,
                    sums[slot * step_floats..].as_mut_ptr(),
                    plan,
                );
                self.save_states(&frames, &steps.kept[..active]);
                for stage in 0..plan.stages.len() {
                    self.stage(simd, stage, &mut frames, totals, from_end);
                    if has_rules {
                        let (saved, at) = (self.memory.saved.as_ref(), &frames.memory.temps);
                        let regularize = self.regularize(&steps, active);
                        regularize.temps(stage, at, |temp, step, values| {
                            self.save_temp(saved, temp, step, values);
                        });
                    }
                }
                if has_rules {
                    let (before, after) = (&frames.memory.before, &frames.memory.after);
                    self.regularize(&steps, active).states(before, after);
                }
                self.put_output(&frames, &steps.callers[..active]);
                frames.swap(plan);
                self.cut(&frames, active, step + 1);
                from_end = !from_end;
                steps.forth();
                worker.member.wait();
            }
        }
        FROM_END.set(from_end);
        self.retire(&frames, active, longest);
    }
}

impl Job<'_> {
    /// The steps whose input sides are computed at once.
    fn chunk(&self, step_floats: usize, longest: usize) -> usize {
        let SharedRun { plan, sizes, .. } = self.worker.run;
        let weights = sizes.d_input * plan.inputs.len() * sizes.d_hidden;
        let least = if weights > OWN_CACHE {
            ROWS_OF_FAR_WEIGHTS.div_ceil(self.worker.part.rows.max(1))
        } else {
            1
        };
        (CHUNK / step_floats.max(1)).max(least).min(longest)
    }

    /// Whether the input sides of a chunk stand in the order of time, against that of the run.
    pub(super) fn slots_in_time(&self) -> bool {
        self.worker.steps.is_reverse() && !self.worker.steps.is_ragged()
    }

    /// Writes the states of the sequences that have no `step`-th step; the rest are still active.
    fn retire(&self, frames: &Frames, mut active: usize, step: usize) -> usize {
        let worker = &self.worker;
        while active > 0 {
            let row = active - 1;
            let sequence = worker.sequences()[row];
            if worker.steps.length(sequence) > step {
                break;
            }
            worker.for_states(|index, state, units| {
                let place = worker.place(state, sequence, units.start);
                let to = self.memory.last[state.tensor].at(place);
                let from = frames.memory.before[index].at(row, units.start);
                if !to.is_null() {
                    // SAFETY: the results have this row, and scratch memory has these units.
                    unsafe { to.copy_from_nonoverlapping(from, units.len()) }
                }
            });
            active -= 1;
        }
        active
    }

    /// Keeps the states before the step.
    fn save_states(&self, frames: &Frames, steps: &[usize]) {
        let Some(saved) = &self.memory.saved else {
            return;
        };
        self.worker.for_states(|index, state, units| {
            let width = self.worker.sizes.width(state.width);
            for (row, step) in steps.iter().enumerate() {
                let to = saved.states[index].at(step * width + units.start);
                let from = frames.memory.before[index].at(row, units.start);
                if !to.is_null() {
                    // SAFETY: there are as many kept steps as are kept, and scratch memory has these units.
                    unsafe { to.copy_from_nonoverlapping(from, units.len()) }
                }
            }
        });
    }

    #[inline(always)]
    fn regularize<'b>(&'b self, steps: &'b RowSteps, rows: usize) -> Regularize<'b> {
        Regularize {
            worker: &self.worker,
            masks: &self.pass.masks,
            steps,
            rows,
        }
    }

    /// Keeps this thread's units of a temp.
    fn save_temp(&self, saved: Option<&SavedAt>, temp: usize, step: usize, values: &[f32]) {
        let Some(saved) = saved else {
            return;
        };
        let width = self.worker.plan.temps[temp].width;
        let first = self.worker.units(width).start;
        let to = saved.temps[temp].at(step * self.worker.sizes.width(width) + first);
        if !to.is_null() {
            // SAFETY: there are as many kept steps as are kept.
            unsafe { to.copy_from_nonoverlapping(values.as_ptr(), values.len()) }
        }
    }

    /// Writes state 0 after the step to the output.
    fn put_output(&self, frames: &Frames, steps: &[usize]) {
        let width = self.worker.plan.states[0].width;
        let units = self.worker.units(width);
        let width = self.worker.sizes.width(width);
        for (row, step) in steps.iter().enumerate() {
            // SAFETY: the output has these steps, and scratch memory these units.
            unsafe {
                let to = self.memory.output.at(step * width + units.start);
                let from = frames.memory.after[0].at(row, units.start);
                to.copy_from_nonoverlapping(from, units.len());
            }
        }
    }

    /// Writes the initial state to the rows whose next step begins a part.
    fn cut(&self, frames: &Frames, active: usize, step: usize) {
        let worker = &self.worker;
        if !worker.steps.has_resets() {
            return;
        }
        for (row, &sequence) in worker.sequences()[..active].iter().enumerate() {
            if worker.steps.is_cut(sequence, step) {
                worker.for_states(|index, state, units| {
                    let at = frames.memory.before[index].at(row, units.start);
                    // SAFETY: scratch memory has these rows and units.
                    let units = unsafe { core::slice::from_raw_parts_mut(at, units.len()) };
                    units.fill(state.initial);
                });
            }
        }
    }

    /// One stage of a step: its products and its point-wise pass.
    #[inline(always)]
    fn stage<S: Simd>(
        &self,
        simd: S,
        index: usize,
        frames: &mut Frames,
        totals: Shared,
        from_end: bool,
    ) {
        let prepared = self.pass.prepared;
        let stage = &self.worker.plan.stages[index];
        if index > 0 && stage.waits {
            self.worker.member.wait();
        }
        if !stage.reduced.is_empty() {
            self.total(&stage.reduced, &frames.stages[index].span, totals);
        }
        let frame = frames.stage(index);
        let rows = frame.stage.span.rows;
        let (first, end) = frame.stage.span.panels;
        if stage.width == Width::Output {
            // These sums have no input side to start from.
            for panel in first..end {
                let at = frame
                    .stage
                    .sums
                    .wrapping_add(panel * frame.stage.sums_panel);
                let len = rows * frame.stage.sums_row;
                // SAFETY: scratch memory has the sums of this thread's rows and panels.
                unsafe { core::slice::from_raw_parts_mut(at, len).fill(0.0) }
            }
        }
        let floats = (end - first) * frame.stage.sums_panel;
        let at_once = rows <= FEW_ROWS || floats <= POINT_WISE_AT_ONCE;
        for turn in first..end {
            // Every other step goes back over the weights from where the one before ended, so that those that the core's own
            // cache still holds come first.
            let panel = if from_end {
                first + end - 1 - turn
            } else {
                turn
            };
            for (product, panels) in stage.products.iter().zip(prepared.products(stage)) {
                // SAFETY: the frame has these rows and panels, and the weights are those of the product.
                unsafe { multiply(simd, frames.stage(index), product, panels, panel) };
            }
            if !at_once {
                frames.stages[index].span.panels = (panel, panel + 1);
                self.point_wise(index, frames);
            }
        }
        frames.stages[index].span.panels = (first, end);
        if at_once {
            self.point_wise(index, frames);
        }
        for &reduction in &stage.reduces {
            self.reduce(reduction, frames);
        }
    }

    fn point_wise(&self, index: usize, frames: &Frames) {
        let prepared = self.pass.prepared;
        let keep = self.memory.saved.is_some();
        // SAFETY: the pointers are those of this thread's rows and units.
        unsafe {
            let (kernel, level) = (&prepared.kernel, prepared.level);
            kernel.forward(level, index, keep, frames.stage(index));
        }
    }
}

/// Adds a product to the sums of a panel.
///
/// # Safety
///
/// The frame must have this panel, and the panels must be those of the product.
#[inline(always)]
unsafe fn multiply<S: Simd>(
    simd: S,
    frame: ForwardFrame<'_>,
    product: &ProductPlan,
    panels: &Panels,
    panel: usize,
) {
    let source = match product.source {
        Source::State(state) => frame.memory.before[state],
        Source::Temp(temp) => frame.memory.temps[temp],
    };
    let stage = frame.stage;
    let (at, first, depth) = panels.panel(panel);
    let sums = stage
        .sums
        .wrapping_add(panel * stage.sums_panel + product.position * stage.span.units);
    let tile = Tile {
        depth,
        a: source.at(0, first),
        a_stride: source.stride,
        panel: at,
        init: sums,
        init_stride: stage.sums_row,
        out: sums,
        out_stride: stage.sums_row,
    };
    // SAFETY: as the caller promises.
    unsafe { tile.multiply(simd, stage.span.rows, panels.vectors()) };
}
