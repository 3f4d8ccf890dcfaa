//! The forward pass: each thread runs its sequences, or its units, through time.

use core::cell::{Cell, RefCell};

use arrayvec::ArrayVec;
use pulp::{Simd, WithSimd};

use crate::definition::{
    MOST_MASKS, MOST_REDUCTIONS, MOST_STAGES, MOST_STATES, MOST_SUMS, MOST_TEMPS, MOST_VECTORS,
    Plan, ProductPlan, SavedTemp, Source, Width,
};
use crate::machine::barrier::Member;
use crate::machine::buffer::Buffer;
use crate::machine::threads::{Load, Part, Shared};
use crate::product::layout::Layout;
use crate::product::panels::Panels;
use crate::product::tile::Tile;
use crate::tuning::{CHUNK, FEW_ROWS, OWN_CACHE, ROWS_OF_FAR_WEIGHTS};

use super::frame::{ForwardFrame, MaskAt, RowsAt, Span};
use super::memory::{Arena, Places, Saved};
use super::prepared::Prepared;
use super::timing::{Schedule, Sizes};

/// One way through time.
pub(crate) struct Pass<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) sizes: &'a Sizes,
    pub(crate) steps: &'a Schedule,
    pub(crate) x: &'a [f32],
    /// The tensors of states, `[batch, vectors · width]`.
    pub(crate) states: [&'a [f32]; MOST_STATES],
    /// Empty where they are not given.
    pub(crate) masks: [&'a [f32]; MOST_MASKS],
}

/// Where a pass leaves what it gives.
pub(crate) struct Results<'a> {
    /// All outputs, `[batch, time, width of state 0]`; padding is left as it is.
    pub(crate) output: &'a mut [f32],
    /// The tensors of states after the last steps.
    pub(crate) states: [&'a mut [f32]; MOST_STATES],
    /// What the backward pass needs, where it is wanted.
    pub(crate) saved: Option<&'a mut Saved>,
}

thread_local! {
    /// Whether this thread's next step starts with its last panel: where the last step, perhaps of a run before, ended.
    static FROM_END: Cell<bool> = const { Cell::new(false) };
    /// Which sequence is in which row, from run to run so that a step of a stream allocates nothing.
    static ORDER: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    /// The steps of the rows of a thread, kept ones and the caller's.
    static ROW_STEPS: RefCell<[Vec<usize>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// What the threads write to, each to the sequences and units of its part.
struct Memory {
    scratch: Shared,
    places: Places,
    /// The pre-activations of the sums of output units, `[panel][row][sums · units]`.
    output_sums: usize,
    /// Partial sums over units, `[share][reduction][row]`.
    partial: usize,
    output: Shared,
    last: [Shared; MOST_STATES],
    slots: [Shared; 2],
    saved_states: [Shared; MOST_STATES],
    saved_temps: [Shared; MOST_TEMPS],
    saved_reduced: Shared,
    keep: bool,
}

impl Pass<'_> {
    /// The load of the run, which decides how it is shared.
    pub(crate) fn load(&self) -> Load {
        let plan = self.prepared.kernel.plan();
        let Sizes { batch, d_input, .. } = *self.sizes;
        let time = self.steps.longest();
        load(
            plan,
            self.sizes,
            &self.prepared.layouts,
            batch,
            time,
            d_input,
        )
    }

    /// Runs it, shared among threads.
    pub(crate) fn run(&self, mut results: Results<'_>) {
        let plan = self.prepared.kernel.plan();
        let batch = self.sizes.batch;
        let mut arena = Arena::default();
        let mut places = Places::default();
        for (state, places) in plan.states.iter().zip(&mut places.states) {
            if state.there {
                let len = batch * self.prepared.padded[state.width as usize];
                places[0] = arena.take(len);
                places[1] = if state.in_place {
                    places[0]
                } else {
                    arena.take(len)
                };
            }
        }
        for (temp, place) in plan.temps.iter().zip(&mut places.temps) {
            *place = arena.take(batch * self.prepared.padded[temp.width as usize]);
        }
        let output = Width::Output as usize;
        let output_sums = arena.take(batch * plan.positions[output] * self.prepared.padded[output]);
        let load = self.load();
        let sharing = load.sharing();
        let shares = rayon::current_num_threads();
        let partial = arena.take(shares * plan.declaration.reductions.len() * batch);
        let mut scratch = Buffer::zeros(arena.len());
        let mut order = ORDER.take();
        self.steps.order(batch, sharing, &mut order);
        for (index, state) in plan.states.iter().enumerate() {
            if state.there {
                self.start(index, &order, &mut scratch[places.states[index][0]..]);
            }
        }
        let keep = results.saved.is_some();
        let mut memory = Memory {
            scratch: Shared::new(&mut scratch),
            places,
            output_sums,
            partial,
            output: Shared::new(results.output),
            last: results.states.each_mut().map(|state| Shared::new(state)),
            slots: [Shared::new(&mut []); 2],
            saved_states: [Shared::new(&mut []); MOST_STATES],
            saved_temps: [Shared::new(&mut []); MOST_TEMPS],
            saved_reduced: Shared::new(&mut []),
            keep,
        };
        if let Some(saved) = results.saved {
            memory.slots = saved.slots.each_mut().map(|slots| Shared::new(slots));
            for (to, from) in memory.saved_states.iter_mut().zip(&mut saved.states) {
                *to = Shared::new(from);
            }
            for (to, from) in memory.saved_temps.iter_mut().zip(&mut saved.temps) {
                *to = Shared::new(from);
            }
            memory.saved_reduced = Shared::new(&mut saved.reduced);
        }
        load.share(sharing, &|part, member| {
            self.prepared.level.run(Job {
                pass: self,
                plan,
                memory: &memory,
                order: &order,
                part,
                member,
            });
        });
        ORDER.set(order);
    }

    /// Writes a state to its rows: what is given, or the initial value where the first step begins a part.
    fn start(&self, index: usize, order: &[usize], to: &mut [f32]) {
        let plan = self.prepared.kernel.plan();
        let state = plan.states[index];
        let width = self.sizes.width(state.width);
        let padded = self.prepared.padded[state.width as usize];
        let from = self.states[state.tensor];
        let row = from.len() / self.sizes.batch;
        let is_given = !from.is_empty();
        for (&sequence, to) in order.iter().zip(to.chunks_exact_mut(padded)) {
            let is_cut = self.steps.length(sequence) > 0 && self.steps.is_cut(sequence, 0);
            if is_given && !is_cut {
                let from = &from[sequence * row + state.block * width..][..width];
                to[..width].copy_from_slice(from);
            } else {
                to[..width].fill(state.initial);
            }
        }
    }
}

/// The load of a run in either direction.
pub(crate) fn load(
    plan: &Plan,
    sizes: &Sizes,
    layouts: &[Layout; 2],
    batch: usize,
    time: usize,
    d_input: usize,
) -> Load {
    let products = plan.stages.iter().flat_map(|stage| &stage.products);
    let floats = |product: &ProductPlan| {
        let rows = sizes.width(product.source_width) / product.heads.unwrap_or(1);
        rows * product.sums.len() * sizes.width(plan.sums[product.sums[0]].width)
    };
    let at_once = |product: &&ProductPlan| matches!(product.source, Source::State(_));
    let weights = products.clone().filter(at_once).map(floats).sum();
    let step = batch * products.map(floats).sum::<usize>();
    let widths = plan.stages.iter().map(|stage| stage.width);
    let panels = widths
        .map(|width| layouts[width as usize].panels(sizes.width(width)))
        .min();
    Load {
        batch,
        panels: panels.unwrap_or(1),
        work: time * (step + batch * plan.inputs.len() * sizes.d_hidden * d_input),
        step,
        time,
        weights,
    }
}

struct Job<'a> {
    pass: &'a Pass<'a>,
    plan: &'a Plan,
    memory: &'a Memory,
    order: &'a [usize],
    part: Part,
    member: Member<'a>,
}

impl WithSimd for Job<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (mut inner, mut outer) = {
            let [inner, outer] = ROW_STEPS.take();
            (inner, outer)
        };
        for steps in [&mut inner, &mut outer] {
            steps.clear();
            steps.resize(self.part.rows, 0);
        }
        self.through_time(simd, &mut inner, &mut outer);
        ROW_STEPS.set([inner, outer]);
    }
}

impl Job<'_> {
    #[inline(always)]
    fn through_time<S: Simd>(&self, simd: S, inner: &mut [usize], outer: &mut [usize]) {
        let Pass {
            prepared, steps, ..
        } = *self.pass;
        let plan = self.plan;
        let rows = self.part.rows;
        let sequences = &self.order[self.part.first..][..rows];
        let hidden = Width::Hidden as usize;
        let width = plan.positions[hidden] * prepared.layouts[hidden].units();
        let step_floats = rows * plan.positions[hidden] * prepared.padded[hidden];
        let weights = self.pass.sizes.d_input * plan.inputs.len() * self.pass.sizes.d_hidden;
        let least = if weights > OWN_CACHE {
            ROWS_OF_FAR_WEIGHTS.div_ceil(rows.max(1))
        } else {
            1
        };
        let longest = sequences
            .first()
            .map_or(0, |&sequence| steps.length(sequence));
        let chunk = (CHUNK / step_floats.max(1)).max(least).min(longest);
        let mut sums = Buffer::zeros(chunk * step_floats);
        let totals_len = plan.declaration.reductions.len() * rows;
        let mut totals = Buffer::zeros(totals_len);
        let mut frames = Frames::new(self, inner, outer, &sums, &totals);
        let mut active = rows;
        let mut from_end = FROM_END.get();
        for start in (0..longest).step_by(chunk.max(1)) {
            let count = chunk.min(longest - start);
            self.input_sides(simd, start, count, width, step_floats, &mut sums);
            for index in 0..count {
                let step = start + index;
                active = self.retire(&frames, active, step);
                for row in 0..active {
                    let sequence = sequences[row];
                    let t = steps.step(sequence, step);
                    inner[row] = steps.offset(sequence) + t;
                    outer[row] = sequence * self.pass.sizes.time + t;
                }
                let slot = if self.slots_in_time() {
                    count - 1 - index
                } else {
                    index
                };
                frames.begin(active, sums[slot * step_floats..].as_ptr(), plan);
                self.save_states(&frames);
                for stage in 0..plan.stages.len() {
                    self.stage(simd, stage, &mut frames, &mut totals, from_end);
                }
                self.put_output(&frames);
                frames.swap();
                self.cut(&frames, step + 1);
                from_end = !from_end;
                self.member.wait();
            }
        }
        FROM_END.set(from_end);
        self.retire(&frames, active, longest);
    }
}

/// The frames of all stages, made once a run: from step to step only little of them changes.
struct Frames {
    stages: ArrayVec<ForwardFrame, MOST_STAGES>,
}

impl Frames {
    fn new(job: &Job<'_>, inner: &[usize], outer: &[usize], sums: &[f32], totals: &[f32]) -> Self {
        let (plan, memory, prepared) = (job.plan, job.memory, job.pass.prepared);
        let first = job.part.first;
        let rows = job.part.rows;
        let at = |place: usize, width: Width| {
            let padded = prepared.padded[width as usize];
            RowsAt {
                start: memory.scratch.at(place + first * padded),
                stride: padded,
            }
        };
        let mut before = [RowsAt::ABSENT; MOST_STATES];
        let mut after = [RowsAt::ABSENT; MOST_STATES];
        for (index, state) in plan.states.iter().enumerate() {
            if state.there {
                before[index] = at(memory.places.states[index][0], state.width);
                after[index] = at(memory.places.states[index][1], state.width);
            }
        }
        let mut temps = [RowsAt::ABSENT; MOST_TEMPS];
        let mut saved_temps = [core::ptr::null_mut(); MOST_TEMPS];
        for (index, temp) in plan.temps.iter().enumerate() {
            temps[index] = at(memory.places.temps[index], temp.width);
            if temp.saved == SavedTemp::Own {
                saved_temps[index] = memory.saved_temps[index].at(0);
            }
        }
        let mut vectors = [core::ptr::null(); MOST_VECTORS];
        let padded = prepared.padded[Width::Hidden as usize];
        for (row, vector) in vectors.iter_mut().enumerate().take(plan.rows.len()) {
            *vector = prepared.rows[row * padded..].as_ptr();
        }
        let masks = masks(plan, &job.pass.masks);
        let mut reduced = [core::ptr::null(); MOST_REDUCTIONS];
        for (index, total) in reduced.iter_mut().enumerate() {
            if index < plan.declaration.reductions.len() {
                *total = totals[index * rows..].as_ptr();
            }
        }
        let stages = plan.stages.iter().map(|stage| {
            let width = stage.width as usize;
            let layout = prepared.layouts[width];
            let units = layout.units();
            let sums_row = plan.positions[width] * units;
            let mut positions = [0; MOST_SUMS];
            for (sum, position) in plan.sums.iter().zip(&mut positions) {
                *position = sum.position * units;
            }
            let all_units = job.pass.sizes.width(stage.width);
            let panels = job.part.panels(layout.panels(all_units));
            let output_sums =
                memory.output_sums + first * plan.positions[width] * prepared.padded[width];
            ForwardFrame {
                span: Span {
                    rows,
                    panels: (panels.start, panels.end),
                    units,
                    width: all_units,
                    inner: inner.as_ptr(),
                    outer: outer.as_ptr(),
                    sequences: job.order[first..].as_ptr(),
                },
                sums: match stage.width {
                    Width::Hidden => sums.as_ptr(),
                    Width::Output => memory.scratch.at(output_sums),
                },
                sums_panel: rows * sums_row,
                sums_row,
                positions,
                before,
                after,
                temps,
                saved_temps,
                vectors,
                masks,
                reduced,
                slots: memory.slots[width].at(stage.first_slot * all_units),
                slots_step: plan.slots[width] * all_units,
            }
        });
        Self {
            stages: stages.collect(),
        }
    }

    /// A step of so many rows, with the input sides of the sums.
    fn begin(&mut self, rows: usize, sums: *const f32, widths: &Plan) {
        for (frame, stage) in self.stages.iter_mut().zip(&widths.stages) {
            frame.span.rows = rows;
            if stage.width == Width::Hidden {
                frame.sums = sums;
            }
        }
    }

    /// What was after the step is before the next one.
    fn swap(&mut self) {
        for frame in &mut self.stages {
            core::mem::swap(&mut frame.before, &mut frame.after);
        }
    }
}

/// The masks as the frames have them.
pub(crate) fn masks(plan: &Plan, given: &[&[f32]; MOST_MASKS]) -> [MaskAt; MOST_MASKS] {
    let mut masks = [MaskAt::ABSENT; MOST_MASKS];
    for ((mask, declared), given) in masks.iter_mut().zip(&plan.declaration.masks).zip(given) {
        if !given.is_empty() {
            *mask = MaskAt {
                start: given.as_ptr(),
                by_step: declared.by_step,
            };
        }
    }
    masks
}

impl Job<'_> {
    /// Whether the input sides of a chunk stand in the order of time, against that of the run.
    fn slots_in_time(&self) -> bool {
        self.pass.steps.is_reverse() && !self.pass.steps.is_ragged()
    }

    /// This thread's units of a width.
    fn units(&self, width: Width) -> (usize, usize) {
        let layout = self.pass.prepared.layouts[width as usize];
        let all = self.pass.sizes.width(width);
        let panels = self.part.panels(layout.panels(all));
        let units = layout.units();
        (panels.start * units, all.min(panels.end * units))
    }

    /// Calls `run` with each state that is there, its rows of this thread before the step, and its units of this thread.
    fn for_states(&self, frames: &Frames, mut run: impl FnMut(usize, RowsAt, (usize, usize))) {
        for (index, state) in self.plan.states.iter().enumerate() {
            if state.there {
                run(
                    index,
                    frames.stages[0].before[index],
                    self.units(state.width),
                );
            }
        }
    }

    /// Writes the states of the sequences that have no `step`-th step; the rest are still active.
    fn retire(&self, frames: &Frames, mut active: usize, step: usize) -> usize {
        let steps = self.pass.steps;
        while active > 0 {
            let row = active - 1;
            let sequence = self.order[self.part.first + row];
            if steps.length(sequence) > step {
                break;
            }
            self.for_states(frames, |index, rows, (start, end)| {
                let state = self.plan.states[index];
                let width = self.pass.sizes.width(state.width);
                let row_len = self.pass.sizes.state_row(self.plan, state.tensor);
                let to = self.memory.last[state.tensor];
                let to = to.at(sequence * row_len + state.block * width + start);
                if !to.is_null() {
                    // SAFETY: the results have this row, and scratch memory has these units.
                    unsafe { to.copy_from_nonoverlapping(rows.at(row, start), end - start) }
                }
            });
            active -= 1;
        }
        active
    }

    /// Keeps the states before the step.
    fn save_states(&self, frames: &Frames) {
        if !self.memory.keep {
            return;
        }
        let span = frames.stages[0].span;
        self.for_states(frames, |index, rows, (start, end)| {
            let to = self.memory.saved_states[index];
            let width = self.pass.sizes.width(self.plan.states[index].width);
            for row in 0..span.rows {
                // SAFETY: there are as many kept steps as are kept.
                let to = to.at(unsafe { *span.inner.add(row) } * width + start);
                if !to.is_null() {
                    // SAFETY: as above.
                    unsafe { to.copy_from_nonoverlapping(rows.at(row, start), end - start) }
                }
            }
        });
    }

    /// Writes state 0 after the step to the output.
    fn put_output(&self, frames: &Frames) {
        let frame = &frames.stages[0];
        let width = self.plan.states[0].width;
        let (start, end) = self.units(width);
        let width = self.pass.sizes.width(width);
        for row in 0..frame.span.rows {
            // SAFETY: the output has these steps, and scratch memory these units.
            unsafe {
                let to = *frame.span.outer.add(row) * width + start;
                let from = frame.after[0].at(row, start);
                let to = self.memory.output.at(to);
                to.copy_from_nonoverlapping(from, end - start);
            }
        }
    }

    /// Writes the initial state to the rows whose next step begins a part.
    fn cut(&self, frames: &Frames, step: usize) {
        if !self.pass.steps.has_resets() {
            return;
        }
        for row in 0..frames.stages[0].span.rows {
            let sequence = self.order[self.part.first + row];
            if self.pass.steps.is_cut(sequence, step) {
                self.for_states(frames, |index, rows, (start, end)| {
                    let initial = self.plan.states[index].initial;
                    for unit in start..end {
                        // SAFETY: scratch memory has these rows and units.
                        unsafe { *rows.at(row, unit) = initial }
                    }
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
        totals: &mut [f32],
        from_end: bool,
    ) {
        let prepared = self.pass.prepared;
        let stage = &self.plan.stages[index];
        if index > 0 && stage.waits {
            self.member.wait();
        }
        let frame = &mut frames.stages[index];
        if !stage.reduced.is_empty() {
            self.total(&stage.reduced, frame, totals);
        }
        let rows = frame.span.rows;
        let (first, end) = frame.span.panels;
        if stage.width == Width::Output {
            // These sums have no input side to start from.
            for panel in first..end {
                let at = frame.sums.wrapping_add(panel * frame.sums_panel).cast_mut();
                // SAFETY: scratch memory has the sums of this thread's rows and panels.
                unsafe { core::slice::from_raw_parts_mut(at, rows * frame.sums_row).fill(0.0) }
            }
        }
        let at_once = rows <= FEW_ROWS;
        for turn in first..end {
            // Every other step goes back over the weights from where the one before ended, so that those that the core's own
            // cache still holds come first.
            let panel = if from_end {
                first + end - 1 - turn
            } else {
                turn
            };
            for (product, panels) in stage.products.iter().zip(&prepared.products[index]) {
                // SAFETY: the frame has these rows and panels, and the weights are those of the product.
                unsafe { multiply(simd, frame, product, panels, panel, rows) };
            }
            if !at_once {
                frame.span.panels = (panel, panel + 1);
                // SAFETY: the pointers are those of this thread's rows and units.
                unsafe { self.point_wise(index, frame) };
            }
        }
        frame.span.panels = (first, end);
        if at_once {
            // SAFETY: as above.
            unsafe { self.point_wise(index, frame) };
        }
        for &reduction in &stage.reduces {
            self.reduce(reduction, &frames.stages[index]);
        }
    }

    unsafe fn point_wise(&self, index: usize, frame: &ForwardFrame) {
        let prepared = self.pass.prepared;
        // SAFETY: as the caller promises.
        unsafe {
            prepared
                .kernel
                .forward(prepared.level, index, self.memory.keep, frame);
        }
    }

    /// The place of a thread's sum over its units.
    fn partial(&self, share: usize, reduction: usize, row: usize) -> *mut f32 {
        let reductions = self.plan.declaration.reductions.len();
        let batch = self.pass.sizes.batch;
        let place = (share * reductions + reduction) * batch + self.part.first + row;
        self.memory.scratch.at(self.memory.partial + place)
    }

    /// The sums of a temp over this thread's units.
    fn reduce(&self, reduction: usize, frame: &ForwardFrame) {
        let temp = self.plan.declaration.reductions[reduction];
        let (start, end) = self.units(self.plan.temps[temp].width);
        for row in 0..frame.span.rows {
            // SAFETY: scratch memory has these rows and units.
            unsafe {
                let from = frame.temps[temp].at(row, start);
                let units = core::slice::from_raw_parts(from, end - start);
                *self.partial(self.part.share, reduction, row) = units.iter().sum();
            }
        }
    }

    /// The sums over all units, kept where a backward pass will come.
    fn total(&self, reductions: &[usize], frame: &ForwardFrame, totals: &mut [f32]) {
        let all = self.plan.declaration.reductions.len();
        for &reduction in reductions {
            for row in 0..frame.span.rows {
                // SAFETY: the threads have waited for each other since these were written.
                let parts = (0..self.part.shares)
                    .map(|share| unsafe { *self.partial(share, reduction, row) });
                let total: f32 = parts.sum();
                totals[reduction * self.part.rows + row] = total;
                if self.memory.keep && self.part.share == 0 {
                    // SAFETY: there are as many kept steps as are kept.
                    unsafe {
                        let step = *frame.span.inner.add(row);
                        *self.memory.saved_reduced.at(step * all + reduction) = total;
                    }
                }
            }
        }
    }

    /// The input sides of `count` steps from `start` on: `[step][panel][row][width]`, zeros where sums have none.
    #[inline(always)]
    fn input_sides<S: Simd>(
        &self,
        simd: S,
        start: usize,
        count: usize,
        width: usize,
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
        let rows = self.part.rows;
        let with_input = self.plan.inputs.len() * layout.units();
        let panels = self.part.panels(layout.panels(sizes.d_hidden));
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
        let sequences = &self.order[self.part.first..][..rows];
        // Schedule of unequal sequences are brought together; others stand in a row anyway.
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
            let from = (self.part.first * sizes.time + first) * d_input;
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

/// Adds a product to the sums of a panel.
///
/// # Safety
///
/// The frame must have these rows and this panel, and the panels must be those of the product.
#[inline(always)]
unsafe fn multiply<S: Simd>(
    simd: S,
    frame: &ForwardFrame,
    product: &ProductPlan,
    panels: &Panels,
    panel: usize,
    rows: usize,
) {
    let source = match product.source {
        Source::State(state) => frame.before[state],
        Source::Temp(temp) => frame.temps[temp],
    };
    let (at, first, depth) = panels.panel(panel);
    let sums = frame
        .sums
        .wrapping_add(panel * frame.sums_panel + product.position * frame.span.units)
        .cast_mut();
    let tile = Tile {
        depth,
        a: source.at(0, first),
        a_stride: source.stride,
        panel: at,
        init: sums,
        init_stride: frame.sums_row,
        out: sums,
        out_stride: frame.sums_row,
    };
    // SAFETY: as the caller promises.
    unsafe { tile.multiply(simd, rows, panels.vectors()) };
}
