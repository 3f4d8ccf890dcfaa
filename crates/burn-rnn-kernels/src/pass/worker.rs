//! What one thread of a run has: its sequences, its units, and where they stand.

use core::cell::RefCell;
use core::mem::take;
use core::ops::{Deref, Range};

use crate::definition::{Plan, StatePlan, Width};
use crate::machine::barrier::Member;
use crate::machine::threads::{Part, Shared};
use crate::product::layout::Layout;

use super::frame::RowsAt;
use super::sizes::Sizes;
use super::timing::Schedule;

/// What one thread of a run has.
#[derive(Clone, Copy)]
pub(crate) struct Worker<'a> {
    pub(crate) run: SharedRun<'a>,
    pub(crate) part: &'a Part,
    pub(crate) member: Member<'a>,
    /// This thread's panels and units, by width: first and end.
    panels: [(usize, usize); 2],
    units: [(usize, usize); 2],
}

/// What all threads of a run have together.
#[derive(Clone, Copy)]
pub(crate) struct SharedRun<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) sizes: &'a Sizes,
    pub(crate) steps: &'a Schedule,
    /// By width.
    pub(crate) layouts: &'a [Layout; 2],
    pub(crate) padded: [usize; 2],
    /// Which sequence is in which row.
    pub(crate) order: &'a [usize],
    pub(crate) scratch: Shared,
}

impl<'a> Deref for Worker<'a> {
    type Target = SharedRun<'a>;

    fn deref(&self) -> &SharedRun<'a> {
        &self.run
    }
}

impl<'a> Worker<'a> {
    pub(crate) fn new(run: SharedRun<'a>, part: &'a Part, member: Member<'a>) -> Self {
        let widths = Width::ALL.map(|width| {
            let layout = run.layouts[width as usize];
            let all = run.sizes.width(width);
            let panels = part.panels(layout.panels(all));
            let end = all.min(panels.end * layout.units());
            let units = (panels.start * layout.units(), end);
            ((panels.start, panels.end), units)
        });
        Self {
            run,
            part,
            member,
            panels: widths.map(|(panels, _)| panels),
            units: widths.map(|(_, units)| units),
        }
    }

    /// The sequences of the rows, the longest first.
    pub(crate) fn sequences(&self) -> &'a [usize] {
        &self.order[self.part.first..][..self.part.rows]
    }

    /// The steps of the longest sequence.
    pub(crate) fn longest(&self) -> usize {
        let first = self.sequences().first();
        first.map_or(0, |&sequence| self.steps.length(sequence))
    }

    pub(crate) fn panels(&self, width: Width) -> Range<usize> {
        let (first, end) = self.panels[width as usize];
        first..end
    }

    pub(crate) fn units(&self, width: Width) -> Range<usize> {
        let (first, end) = self.units[width as usize];
        first..end
    }

    /// This thread's rows of a vector in scratch memory.
    pub(crate) fn rows_at(&self, place: usize, width: Width) -> RowsAt {
        let padded = self.padded[width as usize];
        RowsAt {
            start: self.scratch.at(place + self.part.first * padded),
            stride: padded,
        }
    }

    /// Calls `run` with each state that is there, and this thread's units of it.
    pub(crate) fn for_states(&self, mut run: impl FnMut(usize, &StatePlan, Range<usize>)) {
        for (index, state) in self.plan.states.iter().enumerate() {
            if state.there {
                run(index, state, self.units(state.width));
            }
        }
    }

    /// Where a unit of a state of a sequence stands in the caller's tensor.
    pub(crate) fn place(&self, state: &StatePlan, sequence: usize, unit: usize) -> usize {
        let row = self.sizes.state_row(self.plan, state.tensor);
        sequence * row + state.block * self.sizes.width(state.width) + unit
    }
}

/// At which step each row is: among those that are kept, and in the caller's tensors.
#[derive(Default)]
pub(crate) struct RowSteps {
    pub(crate) kept: Vec<usize>,
    pub(crate) callers: Vec<usize>,
    reverse: bool,
}

thread_local! {
    /// The memory of the last ones, so that a step of a stream allocates nothing.
    static LAST: RefCell<[Vec<usize>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

impl RowSteps {
    /// All rows at the `index`-th step of their sequences. Of those that are shorter it means nothing.
    pub(crate) fn new(worker: &Worker<'_>, index: usize) -> Self {
        let [mut kept, mut callers] = LAST.try_with(RefCell::take).unwrap_or_default();
        let SharedRun { steps, sizes, .. } = worker.run;
        let rows = worker.sequences().iter();
        let at = rows.map(|&sequence| (sequence, steps.step(sequence, index)));
        kept.clear();
        callers.clear();
        for (sequence, step) in at {
            kept.push(steps.offset(sequence).wrapping_add(step));
            callers.push((sequence * sizes.time).wrapping_add(step));
        }
        let reverse = steps.is_reverse();
        Self {
            kept,
            callers,
            reverse,
        }
    }

    /// The steps that come after these in the order of the run.
    pub(crate) fn forth(&mut self) {
        self.by(if self.reverse { usize::MAX } else { 1 });
    }

    /// The steps that came before these.
    pub(crate) fn back(&mut self) {
        self.by(if self.reverse { 1 } else { usize::MAX });
    }

    fn by(&mut self, steps: usize) {
        for all in [&mut self.kept, &mut self.callers] {
            all.iter_mut()
                .for_each(|step| *step = step.wrapping_add(steps));
        }
    }
}

impl Drop for RowSteps {
    fn drop(&mut self) {
        let memory = [take(&mut self.kept), take(&mut self.callers)];
        let _ = LAST.try_with(|last| last.replace(memory));
    }
}
