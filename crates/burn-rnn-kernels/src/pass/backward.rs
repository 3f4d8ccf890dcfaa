//! Back-propagation through time.
//!
//! Each thread runs its sequences, or its units, from the last step to the first and leaves the gradients of the sums where the forward
//! pass left what it kept; `gradients.rs` makes those of the parameters and of the input of them, in one product each over all steps.

use core::cell::RefCell;

use pulp::{Simd, WithSimd};

use crate::definition::{
    MOST_MASKS, MOST_REDUCTIONS, MOST_STATES, MOST_SUMS, MOST_TEMPS, MOST_VECTORS, Plan, SavedTemp,
    Source, Width,
};
use crate::machine::barrier::Member;
use crate::machine::buffer::{Buffer, LINE};
use crate::machine::level::Level;
use crate::machine::threads::{Load, Part, Shared};
use crate::product::layout::Layout;
use crate::product::panels::Panels;
use crate::product::tile::Tile;
use crate::tuning::STAGGER;

use super::forward::masks;
use super::frame::{BackwardFrame, MaskAt, RowsAt, Span};
use super::kernel::Kernel;
use super::memory::{Arena, Places, Saved};
use super::operands::Operands;
use super::prepared::{blocks, rows};
use super::timing::Sizes;

/// The weights of a run as its backward steps read them.
pub(crate) struct Transposed {
    layouts: [Layout; 2],
    padded: [usize; 2],
    /// By stage and product; several where the columns of a product's blocks are not side by side, with the place of the first.
    products: Vec<Vec<Vec<(usize, Panels)>>>,
    rows: Buffer,
}

impl Transposed {
    pub(crate) fn layouts(&self) -> &[Layout; 2] {
        &self.layouts
    }

    pub(crate) fn new(
        plan: &Plan,
        level: Level,
        sizes: &Sizes,
        operands: &Operands<&[f32]>,
    ) -> Self {
        let lanes = level.lanes();
        let threads = rayon::current_num_threads();
        let layouts =
            Width::ALL.map(|width| Layout::new(lanes, 1, sizes.width(width), sizes.batch, threads));
        let padded = Width::ALL.map(|width| layouts[width as usize].padded(sizes.width(width)));
        let products = plan.stages.iter().map(|stage| {
            let products = stage.products.iter().map(|product| {
                let units = layouts[product.source_width as usize].units();
                let all = blocks(plan, product, sizes, operands);
                if product.heads.is_none() {
                    return vec![(0, Panels::transposed(all, units, lanes))];
                }
                let each = product.blocks.iter().enumerate().map(|(index, block)| {
                    let mut one = all;
                    one.blocks = core::slice::from_ref(block);
                    (index, Panels::transposed(one, units, lanes))
                });
                each.collect()
            });
            products.collect()
        });
        Self {
            layouts,
            padded,
            products: products.collect(),
            rows: rows(plan, sizes, operands, padded[Width::Hidden as usize]),
        }
    }
}

/// One way back through time.
pub(crate) struct BackwardPass<'a> {
    pub(crate) kernel: &'a dyn Kernel,
    pub(crate) level: Level,
    pub(crate) sizes: &'a Sizes,
    pub(crate) weights: &'a Transposed,
    pub(crate) masks: [&'a [f32]; MOST_MASKS],
    /// The gradient of the output, `[batch, time, width]`.
    pub(crate) d_output: &'a [f32],
    /// The gradients of the tensors of states after the last steps; empty where there are none.
    pub(crate) d_last: [&'a [f32]; MOST_STATES],
}

/// What comes back beside the gradients of the sums.
pub(crate) struct Returned {
    /// The gradients of the tensors of states before the first steps.
    pub(crate) states: Vec<Vec<f32>>,
    /// Sums over rows and steps, rows of the padded width: of the biases' gradients and of those of per-unit parameters.
    pub(crate) biases: Buffer,
    pub(crate) rows: Buffer,
    pub(crate) padded: usize,
}

thread_local! {
    static ROW_STEPS: RefCell<[Vec<usize>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// What the threads write to.
struct Memory {
    scratch: Shared,
    /// The gradients of states, after and before a step by turns, and of temps.
    places: Places,
    /// The factors of the transposed products, by width and turn.
    factors: [[usize; 2]; 2],
    factor_rows: [usize; 2],
    /// The gradients of the reductions, a vector a share and row.
    d_reduced: usize,
    slots: [Shared; 2],
    first: Vec<Shared>,
    /// Sums over rows, by group: of the biases, then of the rows of parameters.
    sums: Shared,
    group: usize,
}

impl BackwardPass<'_> {
    /// Runs it over what a forward pass has saved, shared among threads.
    pub(crate) fn run(&self, saved: &mut Saved, load: Load) -> Returned {
        let plan = self.kernel.plan();
        let Sizes { batch, .. } = *self.sizes;
        let padded = self.weights.padded;
        let mut arena = Arena::default();
        let mut places = Places::default();
        for (state, places) in plan.states.iter().zip(&mut places.states) {
            if state.there {
                *places = [(); 2].map(|()| arena.take(batch * padded[state.width as usize]));
            }
        }
        for (temp, place) in plan.temps.iter().zip(&mut places.temps) {
            *place = arena.take(batch * padded[temp.width as usize]);
        }
        let factor_rows = Width::ALL
            .map(|width| plan.positions[width as usize] * self.sizes.width(width) + STAGGER);
        let factors = factor_rows.map(|row| [(); 2].map(|()| arena.take(batch * row)));
        let shares = rayon::current_num_threads();
        let d_reduced = arena.take(shares * plan.declaration.reductions.len() * batch * LINE);
        let mut scratch = Buffer::zeros(arena.len());
        let hidden = padded[Width::Hidden as usize];
        let group = (plan.biases.len() + plan.rows.len()) * hidden;
        let groups = load.by_rows().max(1);
        let mut sums = Buffer::zeros(groups * group);
        let mut states: Vec<Vec<f32>> = (0..plan.declaration.states.len())
            .map(|tensor| vec![0.0; batch * self.sizes.state_row(plan, tensor)])
            .collect();
        let steps = saved.steps.clone();
        let sharing = load.sharing();
        let mut order = Vec::new();
        steps.order(batch, sharing, &mut order);
        let memory = Memory {
            scratch: Shared::new(&mut scratch),
            places,
            factors,
            factor_rows,
            d_reduced,
            slots: saved.slots.each_mut().map(|slots| Shared::new(slots)),
            first: states.iter_mut().map(|state| Shared::new(state)).collect(),
            sums: Shared::new(&mut sums),
            group,
        };
        let saved = &*saved;
        load.share(sharing, &|part, member| {
            self.level.run(Job {
                pass: self,
                plan,
                saved,
                memory: &memory,
                order: &order,
                part,
                groups,
                member,
            });
        });
        let mut total = Buffer::zeros(group);
        for part in sums.chunks_exact(group.max(1)) {
            total
                .iter_mut()
                .zip(part)
                .for_each(|(total, part)| *total += part);
        }
        let mut biases = Buffer::zeros(plan.biases.len() * hidden);
        let mut rows = Buffer::zeros(plan.rows.len() * hidden);
        let (of_biases, of_rows) = total.split_at(biases.len());
        biases.copy_from_slice(of_biases);
        rows.copy_from_slice(of_rows);
        Returned {
            states,
            biases,
            rows,
            padded: hidden,
        }
    }
}

struct Job<'a> {
    pass: &'a BackwardPass<'a>,
    plan: &'a Plan,
    saved: &'a Saved,
    memory: &'a Memory,
    order: &'a [usize],
    part: Part,
    groups: usize,
    member: Member<'a>,
}

impl WithSimd for Job<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let [mut inner, mut outer] = ROW_STEPS.take();
        for steps in [&mut inner, &mut outer] {
            steps.clear();
            steps.resize(self.part.rows, 0);
        }
        self.back_through_time(simd, &mut inner, &mut outer);
        ROW_STEPS.set([inner, outer]);
    }
}

impl Job<'_> {
    #[inline(always)]
    fn back_through_time<S: Simd>(&self, simd: S, inner: &mut [usize], outer: &mut [usize]) {
        let steps = &self.saved.steps;
        let sequences = &self.order[self.part.first..][..self.part.rows];
        let longest = sequences
            .first()
            .map_or(0, |&sequence| steps.length(sequence));
        let mut totals = Buffer::zeros(self.plan.declaration.reductions.len() * self.part.rows);
        let mut turn = 0;
        let mut active = 0;
        for step in (0..longest).rev() {
            while active < sequences.len() && steps.length(sequences[active]) > step {
                self.begin(active, turn);
                active += 1;
            }
            for row in 0..active {
                let sequence = sequences[row];
                let t = steps.step(sequence, step);
                inner[row] = steps.offset(sequence) + t;
                outer[row] = sequence * self.pass.sizes.time + t;
            }
            self.clear(active, turn);
            for stage in (0..self.plan.stages.len()).rev() {
                self.stage(simd, stage, active, turn, inner, outer, &mut totals);
            }
            self.cut(active, turn, step);
            turn = 1 - turn;
        }
        self.end(active, turn);
    }

    /// This thread's units of a width.
    fn units(&self, width: Width) -> (usize, usize) {
        let layout = self.pass.weights.layouts[width as usize];
        let all = self.pass.sizes.width(width);
        let panels = self.part.panels(layout.panels(all));
        let units = layout.units();
        (panels.start * units, all.min(panels.end * units))
    }

    fn at(&self, place: usize, width: Width) -> RowsAt {
        let padded = self.pass.weights.padded[width as usize];
        RowsAt {
            start: self.memory.scratch.at(place + self.part.first * padded),
            stride: padded,
        }
    }

    /// The gradients of a state after the step, and before it.
    fn state(&self, index: usize, turn: usize) -> (RowsAt, RowsAt) {
        let places = self.memory.places.states[index];
        let width = self.plan.states[index].width;
        (
            self.at(places[turn], width),
            self.at(places[1 - turn], width),
        )
    }

    /// The gradient of the last state of a row, which its last step starts from.
    fn begin(&self, row: usize, turn: usize) {
        let sequence = self.order[self.part.first + row];
        let steps = &self.saved.steps;
        let is_cut = steps.is_cut(sequence, steps.length(sequence));
        for (index, state) in self.plan.states.iter().enumerate() {
            if !state.there {
                continue;
            }
            let (start, end) = self.units(state.width);
            let d_last = self.pass.d_last[state.tensor];
            let first = sequence * self.pass.sizes.state_row(self.plan, state.tensor)
                + state.block * self.pass.sizes.width(state.width);
            let to = self.state(index, turn).0;
            for unit in start..end {
                let d = if d_last.is_empty() || is_cut {
                    0.0
                } else {
                    d_last[first + unit]
                };
                // SAFETY: scratch memory has these rows and units.
                unsafe { *to.at(row, unit) = d }
            }
        }
    }

    /// Zeros for gradients that are added to.
    fn clear(&self, rows: usize, turn: usize) {
        let fill = |at: RowsAt, width: Width| {
            let (start, end) = self.units(width);
            for row in 0..rows {
                // SAFETY: scratch memory has these rows and units.
                unsafe { core::slice::from_raw_parts_mut(at.at(row, start), end - start).fill(0.0) }
            }
        };
        for (index, temp) in self.plan.temps.iter().enumerate() {
            fill(
                self.at(self.memory.places.temps[index], temp.width),
                temp.width,
            );
        }
        for (index, state) in self.plan.states.iter().enumerate() {
            if state.there && !state.is_read && !state.is_source {
                fill(self.state(index, turn).1, state.width);
            }
        }
    }

    /// Cuts the gradient off before a step that begins a part.
    fn cut(&self, rows: usize, turn: usize, step: usize) {
        if !self.saved.steps.has_resets() {
            return;
        }
        for row in 0..rows {
            let sequence = self.order[self.part.first + row];
            if !self.saved.steps.is_cut(sequence, step) {
                continue;
            }
            for (index, state) in self.plan.states.iter().enumerate() {
                if state.there {
                    let (start, end) = self.units(state.width);
                    let at = self.state(index, turn).1.at(row, start);
                    // SAFETY: scratch memory has these rows and units.
                    unsafe { core::slice::from_raw_parts_mut(at, end - start).fill(0.0) }
                }
            }
        }
    }

    /// The gradients of the first states; those of sequences without any step are those of the last.
    fn end(&self, active: usize, turn: usize) {
        for row in 0..self.part.rows {
            if row >= active {
                self.begin(row, turn);
            }
            let sequence = self.order[self.part.first + row];
            for (index, state) in self.plan.states.iter().enumerate() {
                if !state.there {
                    continue;
                }
                let (start, end) = self.units(state.width);
                let first = sequence * self.pass.sizes.state_row(self.plan, state.tensor)
                    + state.block * self.pass.sizes.width(state.width);
                let from = self.state(index, turn).0.at(row, start);
                // SAFETY: the results have this row, and scratch memory these units.
                unsafe {
                    let to = self.memory.first[state.tensor].at(first + start);
                    to.copy_from_nonoverlapping(from, end - start);
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // A step is many things.
    #[inline(always)]
    fn stage<S: Simd>(
        &self,
        simd: S,
        index: usize,
        rows: usize,
        turn: usize,
        inner: &[usize],
        outer: &[usize],
        totals: &mut [f32],
    ) {
        let stage = &self.plan.stages[index];
        let frame = self.frame(index, rows, turn, inner, outer, totals);
        // SAFETY: the pointers are those of this thread's rows and units.
        unsafe { self.pass.kernel.backward(self.pass.level, index, &frame) };
        if !stage.reduced.is_empty() {
            self.member.wait();
            self.total(&stage.reduced, rows, totals);
            self.member.wait();
            self.clear_reduced(&stage.reduced, rows);
        }
        if stage.products.is_empty() {
            return;
        }
        self.member.wait();
        for (number, product) in stage.products.iter().enumerate() {
            let width = product.source_width;
            let (to, starts) = match product.source {
                Source::State(state) => {
                    let first = !self.plan.states[state].is_read
                        && !self.comes_before(index, number, state);
                    (self.state(state, turn).1, first)
                }
                Source::Temp(temp) => (self.at(self.memory.places.temps[temp], width), false),
            };
            let layout = self.pass.weights.layouts[width as usize];
            let panels = self
                .part
                .panels(layout.panels(self.pass.sizes.width(width)));
            for (part, (first_sum, weights)) in
                self.pass.weights.products[index][number].iter().enumerate()
            {
                let sums_width = self.pass.sizes.width(stage.width);
                let factor = (product.position + first_sum) * sums_width;
                for panel in panels.clone() {
                    let (at, first, depth) = weights.panel(panel);
                    let out = to.at(0, panel * layout.units());
                    let zeros = [0.0f32; 256];
                    let starts = starts && part == 0;
                    let tile = Tile {
                        depth,
                        a: frame.factors.at(0, factor + first),
                        a_stride: frame.factors.stride,
                        panel: at,
                        init: if starts { zeros.as_ptr() } else { out },
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

    /// Whether another product has written to the gradient of a state in this step: of a later stage, or before in the same.
    fn comes_before(&self, stage: usize, number: usize, state: usize) -> bool {
        let reads =
            |product: &crate::definition::ProductPlan| product.source == Source::State(state);
        self.plan.stages[stage + 1..]
            .iter()
            .any(|stage| stage.products.iter().any(reads))
            || self.plan.stages[stage].products[..number].iter().any(reads)
    }

    fn d_reduced(&self, share: usize, reduction: usize) -> *mut f32 {
        let reductions = self.plan.declaration.reductions.len();
        let batch = self.pass.sizes.batch;
        let row = (share * reductions + reduction) * batch + self.part.first;
        self.memory.scratch.at(self.memory.d_reduced + row * LINE)
    }

    fn total(&self, reductions: &[usize], rows: usize, totals: &mut [f32]) {
        for &reduction in reductions {
            for row in 0..rows {
                let mut total = 0.0;
                for share in 0..self.part.shares {
                    let at = self.d_reduced(share, reduction).wrapping_add(row * LINE);
                    // SAFETY: the threads have waited for each other since these were written.
                    total += unsafe { core::slice::from_raw_parts(at, LINE) }
                        .iter()
                        .sum::<f32>();
                }
                totals[reduction * self.part.rows + row] = total;
            }
        }
    }

    fn clear_reduced(&self, reductions: &[usize], rows: usize) {
        for &reduction in reductions {
            let at = self.d_reduced(self.part.share, reduction);
            // SAFETY: these are this thread's, and nobody reads them any more.
            unsafe { core::slice::from_raw_parts_mut(at, rows * LINE).fill(0.0) }
        }
    }

    fn frame(
        &self,
        index: usize,
        rows: usize,
        turn: usize,
        inner: &[usize],
        outer: &[usize],
        totals: &[f32],
    ) -> BackwardFrame {
        let (plan, memory, saved) = (self.plan, self.memory, self.saved);
        let stage = &plan.stages[index];
        let width = stage.width as usize;
        let units = self.pass.sizes.width(stage.width);
        let layout = self.pass.weights.layouts[width];
        let panels = self.part.panels(layout.panels(units));
        let hidden = self.pass.weights.padded[Width::Hidden as usize];
        // The first group of this part's sums.
        let group = match self.part.groups {
            1 if self.groups > 1 => self.group_of_rows(),
            _ => 0,
        };
        let sums = memory.sums.at(group * memory.group);
        let mut frame = BackwardFrame {
            span: Span {
                rows,
                panels: (panels.start, panels.end),
                units: layout.units(),
                width: units,
                inner: inner.as_ptr(),
                outer: outer.as_ptr(),
                sequences: self.order[self.part.first..].as_ptr(),
            },
            stores: [false; MOST_STATES],
            slots: memory.slots[width].at(stage.first_slot * units),
            slots_step: plan.slots[width] * units,
            sum_slots: [0; MOST_SUMS],
            factors: RowsAt {
                start: memory
                    .scratch
                    .at(memory.factors[width][turn] + self.part.first * memory.factor_rows[width]),
                stride: memory.factor_rows[width],
            },
            positions: [usize::MAX; MOST_SUMS],
            biases: [core::ptr::null_mut(); MOST_SUMS],
            states: [core::ptr::null(); MOST_STATES],
            after: [RowsAt::ABSENT; MOST_STATES],
            before: [RowsAt::ABSENT; MOST_STATES],
            d_output: self.pass.d_output.as_ptr(),
            temps: [core::ptr::null(); MOST_TEMPS],
            temp_steps: [0; MOST_TEMPS],
            d_temps: [RowsAt::ABSENT; MOST_TEMPS],
            vectors: [core::ptr::null(); MOST_VECTORS],
            d_vectors: [core::ptr::null_mut(); MOST_VECTORS],
            masks: [MaskAt::ABSENT; MOST_MASKS],
            reduced: saved.reduced.as_ptr(),
            reductions: plan.declaration.reductions.len(),
            d_reduced: [RowsAt::ABSENT; MOST_REDUCTIONS],
            d_reductions: [core::ptr::null(); MOST_TEMPS],
            group: memory.group,
            groups: self.part.groups,
            all_rows: self.part.rows,
        };
        frame.masks = masks(plan, &self.pass.masks);
        for (number, sum) in plan.sums.iter().enumerate() {
            frame.sum_slots[number] = (sum.slot - stage.first_slot.min(sum.slot)) * units;
            if sum.recurrent {
                frame.positions[number] = sum.position * units;
            }
            if let Some(block) = sum.bias {
                frame.biases[number] = sums.wrapping_add(block * hidden);
            }
        }
        for (number, state) in plan.states.iter().enumerate() {
            if state.there && state.width == stage.width {
                let (after, before) = self.state(number, turn);
                frame.after[number] = after;
                if state.is_read {
                    frame.before[number] = before;
                    let later = plan.stages[index + 1..].iter();
                    frame.stores[number] = !later.clone().any(|later| later.width == stage.width);
                }
                frame.states[number] = saved.states[number].as_ptr();
            }
        }
        for (number, temp) in plan.temps.iter().enumerate() {
            frame.d_temps[number] = self.at(memory.places.temps[number], temp.width);
            match temp.saved {
                SavedTemp::Own => {
                    frame.temps[number] = saved.temps[number].as_ptr();
                    frame.temp_steps[number] = self.pass.sizes.width(temp.width);
                }
                SavedTemp::Slot(slot) => {
                    let of = temp.width as usize;
                    let units = self.pass.sizes.width(temp.width);
                    frame.temps[number] = memory.slots[of].at(slot * units);
                    frame.temp_steps[number] = plan.slots[of] * units;
                }
                SavedTemp::Nowhere => {}
            }
        }
        for number in 0..plan.rows.len() {
            frame.vectors[number] = self.pass.weights.rows[number * hidden..].as_ptr();
            let place = (plan.biases.len() + number) * hidden;
            frame.d_vectors[number] = sums.wrapping_add(place);
        }
        for (number, &temp) in plan.declaration.reductions.iter().enumerate() {
            frame.d_reduced[number] = RowsAt {
                start: self.d_reduced(self.part.share, number),
                stride: LINE,
            };
            if plan.declaration.temps[temp].stage == index {
                frame.d_reductions[temp] = totals[number * self.part.rows..].as_ptr();
            }
        }
        frame
    }

    /// Which of the groups this part is, where sequences are shared.
    fn group_of_rows(&self) -> usize {
        let batch = self.pass.sizes.batch;
        ((self.part.first + 1) * self.groups - 1) / batch
    }
}
