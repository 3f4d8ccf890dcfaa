//! The backward pass: back-propagation through time, written by hand.
//!
//! Each thread runs its sequences from the last step to the first and leaves the gradients of the
//! pre-activations where the forward pass left the gates; the gradients of the weights and of the
//! sequence are then one product each over all steps.

use std::sync::Mutex;

use pulp::{Simd, WithSimd};

use crate::buffer::Buffer;
use crate::forward::pad_rows;
use crate::level::Level;
use crate::matrix::{Matrix, multiply};
use crate::spec::{Gradients, Operands, OutputGradients, ParameterGradients, Saved, Sizes, Wanted};
use crate::step::{BackwardStep, Cell, Factor, Recurrent, RecurrentSide};
use crate::threads::{self, Apart, Load, Meeting, Part};
use crate::weights::Layout;

/// The gradients of everything that a run read.
#[allow(clippy::too_many_arguments)] // What a run reads, keeps and gives.
pub(crate) fn run<C: Cell>(
    level: Level,
    cell: C,
    sizes: &Sizes,
    operands: &Operands<'_>,
    reverse: bool,
    mut saved: Saved,
    d: OutputGradients<'_>,
    wanted: Wanted,
) -> Gradients {
    let (d_states, sums) = level.run(Run {
        cell,
        sizes,
        operands,
        reverse,
        saved: &mut saved,
        d,
    });
    Gradients {
        x: wanted.x.then(|| of_sequence(cell, sizes, operands, &saved)),
        hidden: d_states.hidden,
        cell: d_states.cell,
        gates: d_states.gates,
        parameters: wanted
            .parameters
            .then(|| of_parameters(cell, sizes, operands, &saved, sums)),
    }
}

/// `dx = d · W_inputᵀ`.
fn of_sequence<C: Cell>(
    cell: C,
    sizes: &Sizes,
    operands: &Operands<'_>,
    saved: &Saved,
) -> Vec<f32> {
    let Sizes {
        d_input, d_hidden, ..
    } = *sizes;
    let steps = sizes.batch * sizes.time;
    let columns = cell.gates() * d_hidden;
    let mut dx = vec![0.0; steps * d_input];
    multiply(
        &mut dx,
        d_input,
        0,
        Matrix::columns(&saved.gates, steps, cell.slots() * d_hidden, 0, columns),
        Matrix::dense(operands.w_input, d_input, columns).transposed(),
    );
    dx
}

/// `dW_input = xᵀ d`, `dW_hidden = h_{t-1}ᵀ d`, and the sums for the biases and extra parameters.
fn of_parameters<C: Cell>(
    cell: C,
    sizes: &Sizes,
    operands: &Operands<'_>,
    saved: &Saved,
    sums: Sums,
) -> ParameterGradients {
    let Sizes {
        d_input, d_hidden, ..
    } = *sizes;
    let steps = sizes.batch * sizes.time;
    let columns = cell.gates() * d_hidden;
    let slots = |first: usize, count: usize| {
        let row = cell.slots() * d_hidden;
        Matrix::columns(&saved.gates, steps, row, first * d_hidden, count * d_hidden)
    };
    let mut w_input = vec![0.0; d_input * columns];
    let x = Matrix::dense(operands.x, steps, d_input);
    multiply(
        &mut w_input,
        columns,
        0,
        x.transposed(),
        slots(0, cell.gates()),
    );

    let of_sides = |sides: Vec<RecurrentSide>, rows: usize, columns: usize| {
        let mut d_weights = vec![0.0; rows * columns];
        for side in sides {
            let factor = match side.factor {
                Factor::Hidden => Matrix::dense(&saved.hidden, steps, d_hidden),
                Factor::Slots(kept) => slots(kept.start, kept.len()),
                Factor::Cell => Matrix::dense(&saved.cells, steps, d_hidden),
            };
            let first = side.gates.start * d_hidden;
            let d = slots(side.slot, side.gates.len());
            multiply(&mut d_weights, columns, first, factor.transposed(), d);
        }
        d_weights
    };
    let w_hidden = of_sides(cell.recurrent_sides(), d_hidden, columns);

    let sums_of_slots = unpad(&sums.slots, d_hidden, sums.padded);
    ParameterGradients {
        w_input,
        w_hidden,
        bias: operands.bias.map(|_| sums_of_slots[..columns].to_vec()),
        extra: operands.extra.map(|extra| {
            if C::EXTRA_IS_MATRIX {
                return of_sides(cell.extra_sides(), d_hidden, extra.len() / d_hidden);
            }
            // A cell with a cell state has weights of their own there, one without a bias that a slot is the gradient of.
            if C::HAS_CELL {
                unpad(&sums.extra, d_hidden, sums.padded)
            } else {
                sums_of_slots[columns..].to_vec()
            }
        }),
        w_gates: operands.w_gates.map(|_| {
            let width = cell.carried_gates() * d_hidden;
            of_sides(cell.gate_sides(), width, width)
        }),
    }
}

/// Sums over sequences and steps, rows of `padded` floats.
struct Sums {
    padded: usize,
    /// How often all rows are there: once for each group of sequences.
    groups: usize,
    slots: Buffer,
    extra: Buffer,
}

/// The gradients of what the first step started from.
struct StateGradients {
    hidden: Vec<f32>,
    cell: Option<Vec<f32>>,
    gates: Option<Vec<f32>>,
}

struct Run<'a, C> {
    cell: C,
    sizes: &'a Sizes,
    operands: &'a Operands<'a>,
    reverse: bool,
    saved: &'a mut Saved,
    d: OutputGradients<'a>,
}

impl<C: Cell> WithSimd for Run<'_, C> {
    type Output = (StateGradients, Sums);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Run {
            cell,
            sizes,
            operands,
            reverse,
            saved,
            d,
        } = self;
        let Sizes {
            batch,
            time,
            d_hidden,
            ..
        } = *sizes;
        // The transposed product has one block of units as its result.
        let layout = Layout::new(S::F32_LANES, 1, d_hidden, usize::MAX);
        let padded = layout.padded(d_hidden);
        let shared = Shared {
            cell,
            sizes,
            reverse,
            layout,
            padded,
            weights: cell.transposed(operands, d_hidden, layout),
            extra: pad_rows(
                operands.extra.filter(|_| !C::EXTRA_IS_MATRIX),
                d_hidden,
                padded,
            ),
        };

        let (saved_cells, saved_hidden) = (&saved.cells, &saved.hidden);
        let mut d_hidden_state = Buffer::zeros(batch * padded);
        let mut d_cell = match d.cell {
            Some(d_cell) => pad_rows(Some(d_cell), d_hidden, padded),
            None => Buffer::zeros(batch * padded),
        };
        let d_gates_row = cell.carried_gates() * padded;
        let mut d_gates = (d_gates_row > 0).then(|| match d.gates {
            Some(d_gates) => pad_rows(Some(d_gates), d_hidden, padded),
            None => Buffer::zeros(batch * d_gates_row),
        });
        let mut carry = Buffer::zeros(batch * padded);
        let recurrent_row = cell.gates() * d_hidden + STAGGER;
        let mut recurrent = [(); 2].map(|()| Buffer::zeros(batch * recurrent_row));
        let [recurrent, recurrent_next] = &mut recurrent;
        let memory = Memory {
            gates: Apart::new(&mut saved.gates),
            d_hidden_state: Apart::new(&mut d_hidden_state),
            d_cell: Apart::new(&mut d_cell),
            d_gates: Apart::new(d_gates.as_deref_mut().unwrap_or_default()),
            d_gates_row,
            carry: Apart::new(&mut carry),
            recurrent: [Apart::new(recurrent), Apart::new(recurrent_next)],
            recurrent_row,
        };
        let step = batch * cell.step_weights(d_hidden);
        let load = Load {
            batch,
            panels: layout.panels(d_hidden),
            work: time * step,
            step,
            time,
            weights: cell.gates() * d_hidden * d_hidden,
        };
        let (slots_len, extra_len) = (cell.slots() * padded, shared.extra.len());
        let parts: Mutex<Vec<(Part, Sums)>> = Mutex::new(Vec::new());
        threads::share(load, &|part, meeting| {
            let mut sums = Sums {
                padded,
                groups: part.groups,
                slots: Buffer::zeros(part.groups * slots_len),
                extra: Buffer::zeros(part.groups * extra_len),
            };
            simd.vectorize(Job {
                shared: &shared,
                memory: &memory,
                part: &part,
                meeting,
                cells: saved_cells,
                hidden: saved_hidden,
                first_cell: operands.cell.unwrap_or_default(),
                d_output: d.output,
                sums: &mut sums,
            });
            parts.lock().expect("no part panics").push((part, sums));
        });

        // In the order of the sequences, however they were shared, so that the same numbers come out again.
        let mut parts = parts.into_inner().expect("no part panics");
        parts.sort_by_key(|(part, _)| (part.panels.start, part.first));
        let mut total = Sums {
            padded,
            groups: 1,
            slots: Buffer::zeros(slots_len),
            extra: Buffer::zeros(extra_len),
        };
        for (_, part) in parts {
            let add = |total: &mut [f32], part: &[f32]| {
                for group in part.chunks_exact(total.len().max(1)) {
                    total
                        .iter_mut()
                        .zip(group)
                        .for_each(|(total, part)| *total += part);
                }
            };
            add(&mut total.slots, &part.slots);
            add(&mut total.extra, &part.extra);
        }
        let unpad = |rows: &[f32]| unpad(rows, d_hidden, padded);
        let of_states = StateGradients {
            hidden: unpad(&d_hidden_state),
            cell: C::HAS_CELL.then(|| unpad(&d_cell)),
            gates: d_gates.as_deref().map(unpad),
        };
        (of_states, total)
    }
}

/// What all threads read.
struct Shared<'a, C> {
    cell: C,
    sizes: &'a Sizes,
    reverse: bool,
    layout: Layout,
    padded: usize,
    weights: Recurrent<'static>,
    extra: Buffer,
}

/// What the threads write to, each to the sequences and units of its part.
struct Memory {
    /// What was saved of the gates, to become the gradients of the pre-activations.
    gates: Apart,
    d_hidden_state: Apart,
    d_cell: Apart,
    /// Rows `d_gates_row` apart.
    d_gates: Apart,
    d_gates_row: usize,
    carry: Apart,
    /// By turns: a thread may still read one while another is a step ahead.
    recurrent: [Apart; 2],
    recurrent_row: usize,
}

struct Job<'a, C> {
    shared: &'a Shared<'a, C>,
    memory: &'a Memory,
    part: &'a Part,
    meeting: Meeting<'a>,
    cells: &'a [f32],
    hidden: &'a [f32],
    first_cell: &'a [f32],
    d_output: &'a [f32],
    sums: &'a mut Sums,
}

/// Floats between the rows of the factors, so that rows do not fall on the same sets of the cache.
const STAGGER: usize = 16;

impl<C: Cell> WithSimd for Job<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Job {
            shared,
            memory,
            part,
            meeting,
            ..
        } = self;
        let Shared {
            cell,
            sizes,
            reverse,
            layout,
            padded,
            ..
        } = *shared;
        let Sizes { time, d_hidden, .. } = *sizes;
        let Part { first, rows, .. } = *part;
        let slots_row = cell.slots() * d_hidden;
        let [mut recurrent, mut recurrent_next] = memory
            .recurrent
            .map(|factors| factors.at(first * memory.recurrent_row));

        for back in (0..time).rev() {
            let t = if reverse { time - 1 - back } else { back };
            let at = |t: usize| (first * time + t) * d_hidden;
            let (cell_now, before, before_row) = if C::HAS_CELL {
                let now = self.cells[at(t)..].as_ptr();
                if back == 0 {
                    (now, self.first_cell[first * d_hidden..].as_ptr(), d_hidden)
                } else {
                    let before = if reverse { t + 1 } else { t - 1 };
                    (now, self.cells[at(before)..].as_ptr(), time * d_hidden)
                }
            } else {
                (core::ptr::null(), core::ptr::null(), 0)
            };
            let step = BackwardStep {
                meeting,
                layout,
                d_hidden,
                padded,
                rows,
                panels: (part.panels.start, part.panels.end),
                slots: memory.gates.at((first * time + t) * slots_row),
                slots_row: time * slots_row,
                hidden: self.hidden[at(t)..].as_ptr(),
                hidden_row: time * d_hidden,
                cell: cell_now,
                cell_row: time * d_hidden,
                cell_before: before,
                cell_before_row: before_row,
                d_output: self.d_output[at(t)..].as_ptr(),
                d_hidden_state: memory.d_hidden_state.at(first * padded),
                d_cell: memory.d_cell.at(first * padded),
                carry: memory.carry.at(first * padded),
                d_gates: memory.d_gates.at(first * memory.d_gates_row),
                d_gates_row: memory.d_gates_row,
                recurrent,
                recurrent_row: memory.recurrent_row,
                extra: shared.extra.as_ptr(),
                d_extra: self.sums.extra.as_mut_ptr(),
                d_extra_group: self.sums.extra.len() / self.sums.groups,
                sums: self.sums.slots.as_mut_ptr(),
                sums_group: self.sums.slots.len() / self.sums.groups,
                groups: self.sums.groups,
            };
            // SAFETY: the buffers have the sizes that the fields ask for and no two that are written are the same; of what the
            // threads share, this one writes the rows and units of its part, and reads others' only after the meeting.
            unsafe { cell.backward(simd, &shared.weights, &step) };
            core::mem::swap(&mut recurrent, &mut recurrent_next);
        }
    }
}

/// Rows of `padded` floats without what fills them up.
fn unpad(rows: &[f32], d_hidden: usize, padded: usize) -> Vec<f32> {
    let rows = rows.chunks_exact(padded);
    rows.flat_map(|row| &row[..d_hidden]).copied().collect()
}
