//! What the forward pass keeps for the backward pass, and the scratch memory of both.

use crate::definition::{MOST_STATES, MOST_TEMPS, Plan, SavedTemp, Width};
use crate::machine::buffer::LINE;
use crate::machine::pool::Pooled;
use crate::machine::threads::Shared;

use super::sizes::Sizes;
use super::timing::Schedule;

/// What the forward pass keeps for the backward pass, by step: sequences one after the other, without padding.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) steps: Schedule,
    /// What functions of sums gave, `[step, slots · width]` by width.
    pub(crate) slots: [Pooled; 2],
    /// The states before each step, `[step, width]`.
    pub(crate) states: Vec<Pooled>,
    /// The temps that are kept in memory of their own, `[step, width]`.
    pub(crate) temps: Vec<Pooled>,
    /// The sums over units, `[step, reductions]`.
    pub(crate) reduced: Pooled,
}

impl Saved {
    /// Memory of any content for what a run keeps, none where it does not `keep`.
    pub(crate) fn new(plan: &Plan, sizes: &Sizes, steps: Schedule, keep: bool) -> Self {
        let total = if keep { steps.total() } else { 0 };
        let slots = [0, 1].map(|width| {
            let units = [sizes.d_hidden, sizes.d_output][width];
            Pooled::any(total * plan.slots[width] * units)
        });
        let states = plan.states.iter().map(|state| {
            let there = usize::from(state.there && (state.is_read || state.is_source));
            Pooled::any(total * there * sizes.width(state.width))
        });
        let temps = plan.temps.iter().map(|temp| {
            let own = usize::from(temp.saved == SavedTemp::Own);
            Pooled::any(total * own * sizes.width(temp.width))
        });
        Self {
            slots,
            states: states.collect(),
            temps: temps.collect(),
            reduced: Pooled::any(total * plan.declaration.reductions.len()),
            steps,
        }
    }
}

/// What is kept, as threads write to it.
pub(crate) struct SavedAt {
    pub(crate) slots: [Shared; 2],
    pub(crate) states: [Shared; MOST_STATES],
    pub(crate) temps: [Shared; MOST_TEMPS],
    pub(crate) reduced: Shared,
}

impl SavedAt {
    pub(crate) fn new(saved: &mut Saved) -> Self {
        let mut at = Self {
            slots: saved.slots.each_mut().map(|slots| Shared::new(slots)),
            states: [Shared::NOTHING; MOST_STATES],
            temps: [Shared::NOTHING; MOST_TEMPS],
            reduced: Shared::new(&mut saved.reduced),
        };
        for (to, from) in at.states.iter_mut().zip(&mut saved.states) {
            *to = Shared::new(from);
        }
        for (to, from) in at.temps.iter_mut().zip(&mut saved.temps) {
            *to = Shared::new(from);
        }
        at
    }
}

/// Places in one piece of scratch memory, each from the start of a cache line on.
#[derive(Default)]
pub(crate) struct Arena {
    len: usize,
}

impl Arena {
    /// The place of `len` floats.
    pub(crate) fn take(&mut self, len: usize) -> usize {
        let at = self.len;
        self.len += len.next_multiple_of(LINE);
        at
    }

    /// The floats of all places.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// The places of vectors by state, two by turns, and by temp.
#[derive(Clone, Copy, Default)]
pub(crate) struct Places {
    pub(crate) states: [[usize; 2]; MOST_STATES],
    pub(crate) temps: [usize; MOST_TEMPS],
}

impl Places {
    /// Places for all rows, of `floats` for a width. The two of a state are one where it is set `in_place`.
    pub(crate) fn new(
        plan: &Plan,
        arena: &mut Arena,
        in_place: bool,
        floats: impl Fn(Width) -> usize,
    ) -> Self {
        let mut places = Self::default();
        for (state, places) in plan.states.iter().zip(&mut places.states) {
            if state.there {
                let first = arena.take(floats(state.width));
                *places = [first; 2];
                if !(in_place && state.in_place) {
                    places[1] = arena.take(floats(state.width));
                }
            }
        }
        for (temp, place) in plan.temps.iter().zip(&mut places.temps) {
            *place = arena.take(floats(temp.width));
        }
        places
    }
}
