//! Back-propagation through time.
//!
//! Each thread runs its sequences, or its units, from the last step to the first and leaves the gradients of the sums where the forward
//! pass left what it kept; `gradients.rs` makes those of the parameters and of the input of them, in one product each over all steps.

mod frames;
mod reductions;
mod through_time;
mod transposed;

use crate::definition::{MOST_MASKS, MOST_STATES, Width};
use crate::machine::buffer::{Buffer, LINE};
use crate::machine::level::Level;
use crate::machine::threads::{Load, Shared};
use crate::tuning::STAGGER;

use super::kernel::Kernel;
use super::memory::{Arena, Places, Saved, SavedAt};
use super::sizes::Sizes;
use super::worker::{SharedRun, Worker};
use through_time::Job;

pub(crate) use transposed::Transposed;

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
    /// Sums over rows and steps, rows of the padded width: the gradients of the biases, then those of per-unit parameters.
    pub(crate) sums: Buffer,
    pub(crate) padded: usize,
}

/// What the threads write to.
struct Memory {
    /// The gradients of states, after and before a step by turns, and of temps.
    places: Places,
    /// The factors of the transposed products, by width and turn.
    factors: [[usize; 2]; 2],
    factor_rows: [usize; 2],
    /// The gradients of the reductions, a vector a share and row.
    d_reduced: usize,
    saved: SavedAt,
    first: Vec<Shared>,
    /// Sums over rows, by group: of the biases, then of the rows of parameters.
    sums: Shared,
    group: usize,
    groups: usize,
}

impl BackwardPass<'_> {
    /// Runs it over what a forward pass has saved, shared among threads.
    pub(crate) fn run(&self, saved: &mut Saved, load: Load) -> Returned {
        let plan = self.kernel.plan();
        let batch = self.sizes.batch;
        let padded = self.weights.padded;
        let mut arena = Arena::default();
        let of_width = |width| batch * padded[width as usize];
        let places = Places::new(plan, &mut arena, false, of_width);
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
            places,
            factors,
            factor_rows,
            d_reduced,
            saved: SavedAt::new(saved),
            first: states.iter_mut().map(|state| Shared::new(state)).collect(),
            sums: Shared::new(&mut sums),
            group,
            groups,
        };
        let run = SharedRun {
            plan,
            sizes: self.sizes,
            steps: &steps,
            layouts: &self.weights.layouts,
            padded,
            order: &order,
            scratch: Shared::new(&mut scratch),
        };
        load.share(sharing, &|part, member| {
            self.level.run(Job {
                pass: self,
                memory: &memory,
                worker: Worker::new(run, &part, member),
            });
        });
        let mut total = Buffer::zeros(group);
        for part in sums.chunks_exact(group.max(1)) {
            let pairs = total.iter_mut().zip(part);
            pairs.for_each(|(total, part)| *total += part);
        }
        Returned {
            states,
            sums: total,
            padded: hidden,
        }
    }
}
