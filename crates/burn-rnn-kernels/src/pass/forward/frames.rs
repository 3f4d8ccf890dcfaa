//! The frames of the point-wise passes of all stages, made once a run: from step to step only little of them changes.

use arrayvec::ArrayVec;

use crate::definition::{
    MOST_REDUCTIONS, MOST_STAGES, MOST_STATES, MOST_SUMS, MOST_TEMPS, MOST_VECTORS, Plan, Width,
};
use crate::machine::threads::Shared;
use crate::pass::frame::{ForwardFrame, ForwardMemory, ForwardStage, MaskAt, RowsAt, Span};
use crate::pass::worker::RowSteps;

use super::through_time::Job;

pub(super) struct Frames {
    pub(super) memory: ForwardMemory,
    pub(super) stages: ArrayVec<ForwardStage, MOST_STAGES>,
}

impl Frames {
    pub(super) fn new(job: &Job<'_>, steps: &RowSteps, totals: Shared) -> Self {
        let (memory, prepared, worker) = (job.memory, job.pass.prepared, &job.worker);
        let plan = worker.plan;
        let rows = worker.part.rows;
        let masks = MaskAt::all(plan, &job.pass.masks);
        let mut frames = Self {
            memory: ForwardMemory {
                before: [RowsAt::ABSENT; MOST_STATES],
                after: [RowsAt::ABSENT; MOST_STATES],
                temps: [RowsAt::ABSENT; MOST_TEMPS],
                saved_temps: [core::ptr::null_mut(); MOST_TEMPS],
                vectors: [core::ptr::null(); MOST_VECTORS],
                candidate: MaskAt::of_candidate(plan, &masks),
                masks,
                reduced: [core::ptr::null(); MOST_REDUCTIONS],
                positions: [0; MOST_SUMS],
            },
            stages: ArrayVec::new(),
        };
        let all = &mut frames.memory;
        worker.for_states(|index, state, _| {
            let [before, after] = memory.at.places.states[index];
            all.before[index] = worker.rows_at(before, state.width);
            all.after[index] = worker.rows_at(after, state.width);
        });
        for (index, temp) in plan.temps.iter().enumerate() {
            all.temps[index] = worker.rows_at(memory.at.places.temps[index], temp.width);
            if let Some(saved) = &memory.saved {
                all.saved_temps[index] = saved.temps[index].at(0);
            }
        }
        let padded = worker.padded[Width::Hidden as usize];
        for (row, vector) in all.vectors.iter_mut().enumerate().take(plan.rows.len()) {
            *vector = prepared.rows[row * padded..].as_ptr();
        }
        for index in 0..plan.declaration.reductions.len() {
            all.reduced[index] = totals.at(index * rows);
        }
        for (sum, position) in plan.sums.iter().zip(&mut all.positions) {
            *position = sum.position * worker.layouts[sum.width as usize].units();
        }
        for stage in &plan.stages {
            let width = stage.width as usize;
            let span = Span::new(worker, steps, stage.width);
            let sums_row = plan.positions[width] * span.units;
            // Those of hidden units come with each step.
            let sums = memory.at.output_sums
                + worker.part.first * plan.positions[width] * worker.padded[width];
            let slots = memory
                .saved
                .as_ref()
                .map_or(core::ptr::null_mut(), |saved| {
                    saved.slots[width].at(stage.first_slot * span.width)
                });
            frames.stages.push(ForwardStage {
                span,
                sums: worker.scratch.at(sums),
                sums_panel: rows * sums_row,
                sums_row,
                slots,
                slots_step: plan.slots[width] * span.width,
            });
        }
        frames
    }

    pub(super) fn stage(&self, index: usize) -> ForwardFrame<'_> {
        ForwardFrame {
            memory: &self.memory,
            stage: &self.stages[index],
        }
    }

    /// A step of so many rows, with the input sides of the sums.
    pub(super) fn begin(&mut self, rows: usize, steps: &RowSteps, sums: *mut f32, plan: &Plan) {
        for (frame, stage) in self.stages.iter_mut().zip(&plan.stages) {
            frame.span.at(rows, steps);
            if stage.width == Width::Hidden {
                frame.sums = sums;
            }
        }
    }

    /// What was after the step is before the next one.
    pub(super) fn swap(&mut self, plan: &Plan) {
        let memory = &mut self.memory;
        for index in 0..plan.states.len() {
            core::mem::swap(&mut memory.before[index], &mut memory.after[index]);
        }
    }
}
