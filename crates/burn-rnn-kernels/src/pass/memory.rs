//! What the forward pass keeps for the backward pass, and the scratch memory of both.

use crate::definition::{MOST_STATES, MOST_TEMPS, Plan, SavedTemp};
use crate::machine::buffer::LINE;
use crate::machine::pool::Pooled;

use super::timing::{Schedule, Sizes};

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
