//! One step after another of the same cell.

use core::fmt;
use std::mem::swap;
use std::sync::Arc;

use crate::level::Level;
use crate::ready::{Ready, States};
use crate::run::prepare;
use crate::spec::{CellSpec, Operands, Sizes};

/// A cell that runs one step after another on plain floats and carries its states: what a step of
/// [`scan`](crate::scan) is made of, without packing or looking anything up again. A step allocates nothing.
///
/// A copy goes on from the same states by itself and shares the packed parameters: one for each of many streams.
#[derive(Clone)]
pub struct Steps {
    ready: Arc<dyn Ready>,
    sizes: Sizes,
    states: States,
    /// Where the next step leaves the states.
    next: States,
}

impl Steps {
    /// A cell with the parameters of `operands`, of which it keeps copies, and their states. The `x` of `operands` and the
    /// time of `sizes`, which is one, say how large a step is.
    ///
    /// # Panics
    ///
    /// Where an operand has not the length that [`Operands`] says, or the time is not one.
    pub fn new(level: Level, spec: &CellSpec, sizes: Sizes, operands: &Operands<'_>) -> Self {
        assert!(sizes.time == 1, "a step has a time of 1, not {sizes:?}");
        let ready = prepare(level, spec, &sizes, operands);
        let carried = sizes.batch * spec.carried_gates() * sizes.d_hidden;
        let states = States {
            hidden: operands.hidden.to_vec(),
            cell: operands.cell.map(<[f32]>::to_vec),
            gates: (carried > 0).then(|| match operands.gates {
                Some(gates) => gates.to_vec(),
                None => vec![0.0; carried],
            }),
        };
        Self {
            ready,
            sizes,
            next: states.clone(),
            states,
        }
    }

    /// The sizes of a step.
    pub fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// One step of all sequences from their inputs, `[batch, d_input]`: [`hidden`](Steps::hidden) after it.
    ///
    /// # Panics
    ///
    /// Where `x` has another length.
    pub fn step(&mut self, x: &[f32]) -> &[f32] {
        let Sizes { batch, d_input, .. } = self.sizes;
        assert!(
            x.len() == batch * d_input,
            "the step's input has {} floats, expected [{batch}, {d_input}] = {}",
            x.len(),
            batch * d_input
        );
        self.ready
            .step(&self.sizes, x, &self.states, &mut self.next);
        swap(&mut self.states, &mut self.next);
        &self.states.hidden
    }

    /// The hidden states, `[batch, d_hidden]`.
    pub fn hidden(&self) -> &[f32] {
        &self.states.hidden
    }

    /// The cell states, `[batch, d_hidden]`, of a cell that has them.
    pub fn cell(&self) -> Option<&[f32]> {
        self.states.cell.as_deref()
    }

    /// The gates of the last step, `[batch, K · d_hidden]`, of a cell that carries `K` of them.
    pub fn gates(&self) -> Option<&[f32]> {
        self.states.gates.as_deref()
    }

    /// The hidden states, the cell states and the gates, as far as the cell has them, to be changed.
    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let States {
            hidden,
            cell,
            gates,
        } = &mut self.states;
        let others = [cell, gates].into_iter().flatten();
        core::iter::once(hidden)
            .chain(others)
            .map(Vec::as_mut_slice)
    }

    /// Zeros in the place of all states.
    pub fn reset(&mut self) {
        self.states_mut().for_each(|states| states.fill(0.0));
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps")
            .field("sizes", &self.sizes)
            .field("hidden", &self.states.hidden)
            .field("cell", &self.states.cell)
            .field("gates", &self.states.gates)
            .finish_non_exhaustive()
    }
}
