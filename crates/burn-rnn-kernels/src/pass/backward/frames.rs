//! The frames of the backward point-wise passes of all stages, made once a run.

use arrayvec::ArrayVec;

use crate::definition::{
    MOST_REDUCTIONS, MOST_STAGES, MOST_STATES, MOST_SUMS, MOST_TEMPS, MOST_VECTORS, SavedTemp,
    Width,
};
use crate::machine::buffer::LINE;
use crate::machine::threads::Shared;
use crate::pass::frame::{BackwardFrame, BackwardMemory, BackwardStage, MaskAt, RowsAt, Span};
use crate::pass::tape::NONE;
use crate::pass::worker::RowSteps;

use super::through_time::Job;

pub(super) struct Frames {
    pub(super) memory: BackwardMemory,
    pub(super) stages: ArrayVec<BackwardStage, MOST_STAGES>,
    /// Where the next step leaves its factors: other threads may still read those of the last.
    next_factors: [RowsAt; MOST_STAGES],
}

impl Frames {
    /// `zeros` stand for the gradient of the output where that is added to the states' own.
    pub(super) fn new(
        job: &Job<'_>,
        steps: &RowSteps,
        totals: Shared,
        zeros: Option<&[f32]>,
    ) -> Self {
        let worker = &job.worker;
        let mut frames = Self {
            memory: Self::memory(job, totals, zeros),
            stages: ArrayVec::new(),
            next_factors: [RowsAt::ABSENT; MOST_STAGES],
        };
        let plan = worker.plan;
        for (index, stage) in plan.stages.iter().enumerate() {
            let width = stage.width as usize;
            let span = Span::new(worker, steps, stage.width);
            let mut stores = [false; MOST_STATES];
            let mut later = plan.stages[index + 1..].iter();
            let is_last = !later.any(|later| later.width == stage.width);
            worker.for_states(|number, state, _| {
                let is_first = is_last && !plan.later_products_read(index, number);
                stores[number] = is_first && state.is_read && state.width == stage.width;
            });
            let stride = job.memory.factor_rows[width];
            let [factors, next] = job.memory.factors[width].map(|place| RowsAt {
                start: worker.scratch.at(place + worker.part.first * stride),
                stride,
            });
            frames.next_factors[index] = next;
            frames.stages.push(BackwardStage {
                span,
                stores,
                slots: job.memory.saved.slots[width].at(stage.first_slot * span.width),
                slots_step: plan.slots[width] * span.width,
                factors,
            });
        }
        frames
    }

    fn memory(job: &Job<'_>, totals: Shared, zeros: Option<&[f32]>) -> BackwardMemory {
        let (worker, memory) = (&job.worker, job.memory);
        let (plan, saved) = (worker.plan, &memory.saved);
        let hidden = worker.padded[Width::Hidden as usize];
        let sums = memory.sums.at(job.group() * memory.group);
        let masks = MaskAt::all(plan, &job.pass.masks);
        let (d_output, d_output_row) = match zeros {
            Some(zeros) => (zeros, 0),
            None => {
                let width = worker.sizes.width(plan.states[0].width);
                (job.pass.d_output, width)
            }
        };
        let mut all = BackwardMemory {
            states: [core::ptr::null(); MOST_STATES],
            after: [RowsAt::ABSENT; MOST_STATES],
            before: [RowsAt::ABSENT; MOST_STATES],
            d_output: d_output.as_ptr(),
            d_output_row,
            temps: [core::ptr::null(); MOST_TEMPS],
            temp_steps: [0; MOST_TEMPS],
            d_temps: [RowsAt::ABSENT; MOST_TEMPS],
            vectors: [core::ptr::null(); MOST_VECTORS],
            d_vectors: [core::ptr::null_mut(); MOST_VECTORS],
            candidate: MaskAt::of_candidate(plan, &masks),
            masks,
            reduced: saved.reduced.at(0),
            reductions: plan.declaration.reductions.len(),
            d_reduced: [RowsAt::ABSENT; MOST_REDUCTIONS],
            d_reductions: [core::ptr::null(); MOST_TEMPS],
            sum_slots: [0; MOST_SUMS],
            positions: [NONE; MOST_SUMS],
            biases: [core::ptr::null_mut(); MOST_SUMS],
            group: memory.group,
            groups: worker.part.groups,
            all_rows: worker.part.rows,
        };
        for (number, sum) in plan.sums.iter().enumerate() {
            let units = worker.sizes.width(sum.width);
            let stage = &plan.stages[plan.declaration.sums[number].stage];
            all.sum_slots[number] = sum.slot.saturating_sub(stage.first_slot) * units;
            if sum.recurrent {
                all.positions[number] = sum.position * units;
            }
            if let Some(block) = sum.bias {
                all.biases[number] = sums.wrapping_add(block * hidden);
            }
        }
        worker.for_states(|number, state, _| {
            let places = memory.places.states[number];
            let [after, before] = places.map(|place| worker.rows_at(place, state.width));
            all.after[number] = after;
            all.before[number] = before;
            all.states[number] = saved.states[number].at(0);
        });
        for (number, temp) in plan.temps.iter().enumerate() {
            all.d_temps[number] = worker.rows_at(memory.places.temps[number], temp.width);
            let units = worker.sizes.width(temp.width);
            match temp.saved {
                SavedTemp::Own => {
                    all.temps[number] = saved.temps[number].at(0);
                    all.temp_steps[number] = units;
                }
                SavedTemp::Slot(slot) => {
                    all.temps[number] = saved.slots[temp.width as usize].at(slot * units);
                    all.temp_steps[number] = plan.slots[temp.width as usize] * units;
                }
                SavedTemp::Nowhere => {}
            }
        }
        for number in 0..plan.rows.len() {
            all.vectors[number] = job.pass.weights.rows[number * hidden..].as_ptr();
            all.d_vectors[number] = sums.wrapping_add((plan.biases.len() + number) * hidden);
        }
        for (number, &temp) in plan.declaration.reductions.iter().enumerate() {
            all.d_reduced[number] = RowsAt {
                start: job.d_reduced(worker.part.share, number),
                stride: LINE,
            };
            all.d_reductions[temp] = totals.at(number * worker.part.rows);
        }
        all
    }

    pub(super) fn stage(&self, index: usize) -> BackwardFrame<'_> {
        BackwardFrame {
            memory: &self.memory,
            stage: &self.stages[index],
        }
    }

    /// A step of so many rows.
    pub(super) fn begin(&mut self, rows: usize, steps: &RowSteps) {
        for stage in &mut self.stages {
            stage.span.at(rows, steps);
        }
    }

    /// What was before the step is after the one before it.
    pub(super) fn swap(&mut self, states: usize) {
        let memory = &mut self.memory;
        for index in 0..states {
            core::mem::swap(&mut memory.before[index], &mut memory.after[index]);
        }
        for (stage, next) in self.stages.iter_mut().zip(&mut self.next_factors) {
            core::mem::swap(&mut stage.factors, next);
        }
    }
}
