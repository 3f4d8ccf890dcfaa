//! One step after another of the same cell.

use core::fmt;
use std::mem::swap;
use std::sync::Arc;

use crate::definition::{MOST_MASKS, MOST_STATES, Plan};
use crate::machine::level::Level;

use super::forward::{Pass, Results};
use super::kernel::Engine;
use super::operands::Operands;
use super::prepared::Prepared;
use super::scan::output_width;
use super::sizes::Sizes;
use super::timing::{Schedule, Timing};

/// A cell that runs one step after another on plain floats and carries its states: what a step of
/// a scan is made of, without packing or looking anything up again. A step allocates nothing.
///
/// A copy goes on from the same states by itself and shares the packed parameters: one for each of many streams.
#[derive(Clone)]
pub struct Steps {
    prepared: Arc<Prepared>,
    schedule: Arc<Schedule>,
    sizes: Sizes,
    width: usize,
    states: Vec<Vec<f32>>,
    /// Where the next step leaves the states.
    next: Vec<Vec<f32>>,
    initial: Vec<f32>,
}

impl Steps {
    /// A cell with the parameters of `operands`, of which it keeps copies, and their states.
    pub(crate) fn new(
        engine: &Engine,
        level: Level,
        sizes: Sizes,
        operands: &Operands<&[f32]>,
    ) -> Self {
        assert!(sizes.time == 1, "a step has a time of 1, not {sizes:?}");
        let plan = engine.0.plan();
        let initial = plan.declaration.states.iter().map(|state| state.initial);
        let initial: Vec<f32> = initial.collect();
        let states: Vec<Vec<f32>> = initial
            .iter()
            .enumerate()
            .map(
                |(tensor, &initial)| match operands.get(Plan::STATES + tensor) {
                    Some(given) => given.to_vec(),
                    None => vec![initial; sizes.batch * sizes.state_row(plan, tensor)],
                },
            )
            .collect();
        Self {
            prepared: Arc::new(Prepared::new(&engine.0, level, &sizes, operands, None)),
            schedule: Arc::new(Schedule::new(&sizes, &Timing::default())),
            sizes,
            width: output_width(plan, &sizes),
            next: states.clone(),
            states,
            initial,
        }
    }

    /// The steps of a layer without recurrence, from plain floats: a definition with inputs and nothing else, whose weights are
    /// `[d_input, d_hidden]` and whose bias `[d_hidden]`.
    ///
    /// # Panics
    ///
    /// Where the definition has other parameters, there are no sequences, or the numbers of floats are not those of the sizes.
    pub fn without_recurrence(
        engine: &Engine,
        batch: usize,
        [d_input, d_hidden]: [usize; 2],
        w_input: &[f32],
        bias: Option<&[f32]>,
    ) -> Self {
        let plan = engine.0.plan();
        assert!(
            plan.declaration.parameters.is_empty() && plan.inputs.len() == 1,
            "a definition with one input and nothing else is expected"
        );
        let floats = [w_input.len(), bias.map_or(d_hidden, <[f32]>::len)];
        assert!(
            batch > 0 && floats == [d_input * d_hidden, d_hidden],
            "weights and bias have {floats:?} floats, expected [{d_input} · {d_hidden}, {d_hidden}], and {batch} sequences, expected 1 or more"
        );
        let sizes = Sizes {
            batch,
            time: 1,
            d_input,
            d_hidden,
            d_output: d_hidden,
        };
        let mut operands = Operands::new(vec![None; plan.w_input()]);
        operands.push(Some(w_input));
        operands.push(bias);
        Self::new(engine, Level::chosen(), sizes, &operands)
    }

    /// The number of sequences.
    pub fn batch(&self) -> usize {
        self.sizes.batch
    }

    /// The number of features of a step's input.
    pub fn d_input(&self) -> usize {
        self.sizes.d_input
    }

    /// The number of features of a step's output.
    pub fn d_output(&self) -> usize {
        self.width
    }

    /// One step of all sequences from their inputs, `[batch, d_input]`: the first state after it.
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
        let mut states = [&[][..]; MOST_STATES];
        for (to, from) in states.iter_mut().zip(&self.states) {
            *to = from;
        }
        let mut output: &mut [f32] = &mut [];
        let mut last: [&mut [f32]; MOST_STATES] = [(); MOST_STATES].map(|()| &mut [][..]);
        for (to, from) in last.iter_mut().zip(&mut self.next) {
            *to = from;
        }
        // The output is the first state.
        swap(&mut output, &mut last[0]);
        let pass = Pass {
            prepared: &self.prepared,
            sizes: &self.sizes,
            steps: &self.schedule,
            x,
            states,
            masks: [&[]; MOST_MASKS],
        };
        pass.run(Results {
            output,
            states: last,
            saved: None,
        });
        swap(&mut self.states, &mut self.next);
        &self.states[0]
    }

    /// The first state, `[batch, d_output]`.
    pub fn hidden(&self) -> &[f32] {
        &self.states[0]
    }

    /// The tensors of states, `[batch, features]` each.
    pub fn states(&self) -> impl Iterator<Item = &[f32]> {
        self.states.iter().map(Vec::as_slice)
    }

    /// The states, to be changed.
    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.states.iter_mut().map(Vec::as_mut_slice)
    }

    /// The initial values in the place of all states.
    pub fn reset(&mut self) {
        for (state, &initial) in self.states.iter_mut().zip(&self.initial) {
            state.fill(initial);
        }
    }

    /// The initial values in the place of the states of some sequences.
    ///
    /// # Panics
    ///
    /// Where there is no such sequence.
    pub fn reset_rows(&mut self, rows: &[usize]) {
        let batch = self.sizes.batch;
        for (state, &initial) in self.states.iter_mut().zip(&self.initial) {
            let width = state.len() / batch;
            for &row in rows {
                assert!(
                    row < batch,
                    "there is no sequence {row}, expected one below {batch}"
                );
                state[row * width..][..width].fill(initial);
            }
        }
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps")
            .field("sizes", &self.sizes)
            .field("states", &self.states)
            .finish_non_exhaustive()
    }
}
