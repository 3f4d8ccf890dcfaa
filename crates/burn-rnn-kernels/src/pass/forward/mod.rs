//! The forward pass: each thread runs its sequences, or its units, through time.

mod frames;
mod input;
mod reductions;
mod through_time;

use core::cell::RefCell;

use crate::definition::{MOST_MASKS, MOST_STATES, Plan, ProductPlan, Source, Width};
use crate::machine::buffer::Buffer;
use crate::machine::threads::{Load, Shared};
use crate::product::layout::Layout;

use super::memory::{Arena, Places, Saved, SavedAt};
use super::prepared::Prepared;
use super::sizes::Sizes;
use super::timing::Schedule;
use super::worker::{SharedRun, Worker};
use through_time::Job;

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
    /// Which sequence is in which row, from run to run so that a step of a stream allocates nothing.
    static ORDER: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// What the threads write to, each to the sequences and units of its part.
struct Memory {
    at: Scratch,
    output: Shared,
    last: [Shared; MOST_STATES],
    saved: Option<SavedAt>,
}

/// Where everything stands in the scratch memory of a run.
#[derive(Clone, Copy)]
pub(crate) struct Scratch {
    places: Places,
    /// The pre-activations of the sums of output units, `[panel][row][sums · units]`.
    output_sums: usize,
    /// Partial sums over units, `[share][reduction][row]`.
    partial: usize,
    /// The floats of all.
    len: usize,
}

impl Scratch {
    pub(crate) fn new(plan: &Plan, batch: usize, padded: [usize; 2], threads: usize) -> Self {
        let mut arena = Arena::default();
        let places = Places::new(plan, &mut arena, true, |width| {
            batch * padded[width as usize]
        });
        let output = Width::Output as usize;
        let reductions = plan.declaration.reductions.len();
        Self {
            places,
            output_sums: arena.take(batch * plan.positions[output] * padded[output]),
            partial: arena.take(threads * reductions * batch),
            len: arena.len(),
        }
    }
}

impl Pass<'_> {
    /// Runs it, shared among threads.
    pub(crate) fn run(&self, mut results: Results<'_>) {
        let prepared = self.prepared;
        let plan = prepared.kernel.plan();
        let load = prepared.load.through(self.steps.longest());
        let sharing = load.sharing();
        let mut scratch = Buffer::zeros(prepared.scratch.len);
        let mut order = ORDER.take();
        self.steps.order(self.sizes.batch, sharing, &mut order);
        for (index, state) in plan.states.iter().enumerate() {
            if state.there {
                let place = prepared.scratch.places.states[index][0];
                self.start(index, &order, &mut scratch[place..]);
            }
        }
        let memory = Memory {
            at: prepared.scratch,
            output: Shared::new(results.output),
            last: results.states.each_mut().map(|state| Shared::new(state)),
            saved: results.saved.map(SavedAt::new),
        };
        let run = SharedRun {
            plan,
            sizes: self.sizes,
            steps: self.steps,
            layouts: &prepared.layouts,
            padded: prepared.padded,
            order: &order,
            scratch: Shared::new(&mut scratch),
        };
        load.share(sharing, &|part, member| {
            prepared.level.run(Job {
                pass: self,
                memory: &memory,
                worker: Worker::new(run, &part, member),
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

/// The weights of a product.
fn weights(plan: &Plan, sizes: &Sizes, product: &ProductPlan) -> usize {
    let rows = sizes.width(product.source_width) / product.heads.unwrap_or(1);
    rows * product.sums.len() * sizes.width(plan.sums[product.sums[0]].width)
}

/// The multiplications of the products of one step of a run in either direction.
pub(crate) fn step(plan: &Plan, sizes: &Sizes) -> usize {
    let products = plan.stages.iter().flat_map(|stage| &stage.products);
    sizes.batch
        * products
            .map(|product| weights(plan, sizes, product))
            .sum::<usize>()
}

/// The load of one step of a run in either direction.
pub(crate) fn load(plan: &Plan, sizes: &Sizes, layouts: &[Layout; 2], d_input: usize) -> Load {
    let batch = sizes.batch;
    let products = plan.stages.iter().flat_map(|stage| &stage.products);
    let at_once = products.filter(|product| matches!(product.source, Source::State(_)));
    let widths = plan.stages.iter().map(|stage| stage.width);
    let panels = widths.map(|width| layouts[width as usize].panels(sizes.width(width)));
    let step = step(plan, sizes);
    Load {
        batch,
        panels: panels.min().unwrap_or(1),
        work: step + batch * plan.inputs.len() * sizes.d_hidden * d_input,
        step,
        time: 1,
        threads: rayon::current_num_threads(),
        weights: at_once.map(|product| weights(plan, sizes, product)).sum(),
    }
}
