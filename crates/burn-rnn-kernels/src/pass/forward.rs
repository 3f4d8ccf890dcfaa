//! The forward pass: the batch is cut into as many parts as there are threads, and each runs through
//! time by itself.

use pulp::{Simd, WithSimd};

use crate::buffer::Buffer;
use crate::level::Level;
use crate::pool::Pooled;
use crate::spec::{Operands, Outputs, Saved, Sizes};
use crate::step::{Cell, ForwardStep, Recurrent};
use crate::threads::{self, Apart, Load, Meeting, OWN_CACHE, Part};
use crate::tile::Tile;
use crate::weights::{Layout, Weights};

/// Runs a cell over a batch of sequences.
pub(crate) fn run<C: Cell>(
    level: Level,
    cell: C,
    sizes: &Sizes,
    operands: &Operands<'_>,
    reverse: bool,
    keep: bool,
) -> Outputs {
    level.run(Run {
        cell,
        sizes,
        operands,
        reverse,
        keep,
    })
}

struct Run<'a, C> {
    cell: C,
    sizes: &'a Sizes,
    operands: &'a Operands<'a>,
    reverse: bool,
    keep: bool,
}

impl<C: Cell> WithSimd for Run<'_, C> {
    type Output = Outputs;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Outputs {
        let Run {
            cell,
            sizes,
            operands,
            reverse,
            keep,
        } = self;
        let Sizes {
            batch,
            time,
            d_hidden,
            ..
        } = *sizes;
        let steps = if operands.are_known() {
            usize::MAX
        } else {
            batch * time
        };
        let prepared = Prepared::new(simd, cell, sizes, operands, steps);
        let steps = batch * time * d_hidden;
        let mut output = vec![0.0; steps];
        let mut last_cell = vec![0.0; if C::HAS_CELL { batch * d_hidden } else { 0 }];
        let mut last_gates = vec![0.0; batch * cell.carried_gates() * d_hidden];
        let kept = |floats: usize| Pooled::any(if keep { floats } else { 0 });
        let mut saved = Saved {
            gates: kept(steps * cell.slots()),
            cells: kept(if C::HAS_CELL { steps } else { 0 }),
            hidden: kept(steps),
        };

        let pass = Pass {
            prepared: &prepared,
            sizes,
            x: operands.x,
            hidden: operands.hidden,
            cell: operands.cell,
            carried_gates: operands.gates,
            reverse,
        };
        let results = Results {
            output: &mut output,
            cell: &mut last_cell,
            carried_gates: &mut last_gates,
            gates: &mut saved.gates,
            cells: &mut saved.cells,
            hidden: &mut saved.hidden,
        };
        pass.run(simd, results);

        Outputs {
            output,
            cell: C::HAS_CELL.then_some(last_cell),
            gates: (cell.carried_gates() > 0).then_some(last_gates),
            saved: keep.then_some(saved),
        }
    }
}

/// A cell and its parameters in the order in which the steps read them.
pub(crate) struct Prepared<'a, C> {
    cell: C,
    layout: Layout,
    padded: usize,
    input: Weights<'a>,
    hidden: Recurrent<'a>,
    /// `[panel][width]`.
    bias: Buffer,
    /// `[.., padded]`.
    extra: Buffer,
}

impl<'a, C: Cell> Prepared<'a, C> {
    /// The parameters of `operands` for runs of `sizes` that are `steps` altogether, counted over all sequences.
    #[inline(always)]
    pub(crate) fn new<S: Simd>(
        _: S,
        cell: C,
        sizes: &Sizes,
        operands: &Operands<'a>,
        steps: usize,
    ) -> Self {
        let Sizes {
            batch,
            d_input,
            d_hidden,
            ..
        } = *sizes;
        let gates = cell.gates();
        let layout = Layout::new(S::F32_LANES, gates, d_hidden, steps);
        let layout = layout.for_rows(batch, gates, d_hidden, rayon::current_num_threads());
        let padded = layout.padded(d_hidden);
        let columns = gates * d_hidden;
        Self {
            cell,
            layout,
            padded,
            input: Weights::new(
                operands.w_input(),
                d_input,
                columns,
                d_hidden,
                0..gates,
                layout,
            ),
            hidden: cell.weights(operands, d_hidden, layout),
            bias: panel_order(operands.bias, gates, d_hidden, layout),
            // A GRU without a bias has zeros.
            extra: match operands.extra {
                Some(extra) if !C::EXTRA_IS_MATRIX => pad_rows(Some(extra), d_hidden, padded),
                _ => Buffer::zeros(padded),
            },
        }
    }
}

impl<C> Prepared<'_, C> {
    /// The same by itself, where the weights are packed.
    pub(crate) fn into_owned(self) -> Prepared<'static, C> {
        Prepared {
            cell: self.cell,
            layout: self.layout,
            padded: self.padded,
            input: self.input.into_owned(),
            hidden: self.hidden.into_owned(),
            bias: self.bias,
            extra: self.extra,
        }
    }
}

/// One way through time.
pub(crate) struct Pass<'a, C> {
    pub(crate) prepared: &'a Prepared<'a, C>,
    pub(crate) sizes: &'a Sizes,
    pub(crate) x: &'a [f32],
    pub(crate) hidden: &'a [f32],
    pub(crate) cell: Option<&'a [f32]>,
    pub(crate) carried_gates: Option<&'a [f32]>,
    pub(crate) reverse: bool,
}

/// Where a pass leaves what it gives; what is not wanted is empty.
pub(crate) struct Results<'a> {
    /// All hidden states.
    pub(crate) output: &'a mut [f32],
    /// The last cell state.
    pub(crate) cell: &'a mut [f32],
    /// The last gates, of a cell that carries some.
    pub(crate) carried_gates: &'a mut [f32],
    /// As in [`Saved`].
    pub(crate) gates: &'a mut [f32],
    pub(crate) cells: &'a mut [f32],
    pub(crate) hidden: &'a mut [f32],
}

impl<C: Cell> Pass<'_, C> {
    /// Runs it, shared among threads.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(self, simd: S, results: Results<'_>) {
        let Sizes {
            batch,
            time,
            d_input,
            d_hidden,
        } = *self.sizes;
        let Prepared {
            cell,
            layout,
            padded,
            ..
        } = *self.prepared;
        let columns = cell.gates() * d_hidden;
        let mut hidden = pad_rows(Some(self.hidden), d_hidden, padded);
        let mut next = Buffer::zeros(batch * padded);
        let gates_row = cell.carried_gates() * d_hidden;
        let mut carried_gates = (gates_row > 0).then(|| {
            let mut first = Buffer::zeros(batch * gates_row);
            if let Some(gates) = self.carried_gates {
                first.copy_from_slice(gates);
            }
            [first, Buffer::zeros(batch * gates_row)]
        });
        let mut cells = C::SEES_CELLS.then(|| {
            let next = Buffer::zeros(batch * padded);
            [pad_rows(self.cell, d_hidden, padded), next]
        });
        let shared = if C::SHARES_SCRATCH { cell.scratch() } else { 0 };
        let mut scratch = Buffer::zeros(batch * padded * shared);
        let memory = Memory {
            hidden: [Apart::new(&mut hidden), Apart::new(&mut next)],
            cell_states: match &mut cells {
                Some([cell, next]) => [Apart::new(cell), Apart::new(next)],
                None => [Apart::new(&mut []); 2],
            },
            carried_gates: match &mut carried_gates {
                Some([gates, next]) => [Apart::new(gates), Apart::new(next)],
                None => [Apart::new(&mut []); 2],
            },
            gates_row,
            scratch: Apart::new(&mut scratch),
            output: Apart::new(results.output),
            last_cell: Apart::new(results.cell),
            gates: Apart::new(results.gates),
            cells: Apart::new(results.cells),
            kept_hidden: Apart::new(results.hidden),
        };
        let step = batch * cell.step_weights(d_hidden);
        let load = Load {
            batch,
            panels: layout.panels(d_hidden),
            work: time * (step + batch * columns * d_input),
            step,
            time,
            weights: cell.gates() * d_hidden * d_hidden,
        };
        threads::share(load, &|part, meeting| {
            simd.vectorize(Job {
                pass: &self,
                memory: &memory,
                part,
                meeting,
            });
        });

        if let Some(by_turns) = carried_gates {
            results.carried_gates.copy_from_slice(&by_turns[time % 2]);
        }
    }
}

/// What the threads write to, each to the sequences and units of its part.
struct Memory {
    /// `h` before and after a step, by turns, `[batch, padded]`.
    hidden: [Apart; 2],
    /// `C` before and after a step, by turns, `[batch, padded]`, where products see it.
    cell_states: [Apart; 2],
    /// The carried gates before and after a step, by turns, `[batch, gates_row]`.
    carried_gates: [Apart; 2],
    gates_row: usize,
    /// Scratch memory where threads share it.
    scratch: Apart,
    output: Apart,
    last_cell: Apart,
    gates: Apart,
    cells: Apart,
    kept_hidden: Apart,
}

thread_local! {
    /// Whether this thread's next step starts with its last panel: where the last step, perhaps of a run before, ended.
    static FROM_END: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

struct Job<'a, C> {
    pass: &'a Pass<'a, C>,
    memory: &'a Memory,
    part: Part,
    meeting: Meeting<'a>,
}

/// The floats of the input sides that are computed at once: they stay in a core's own cache until
/// they are used.
const CHUNK: usize = 1 << 16;

/// The rows of the input that weights are multiplied with that do not stay in a core's own cache: bringing them costs
/// more then than to leave and bring the products.
const ROWS_OF_FAR_WEIGHTS: usize = 96;

impl<C: Cell> WithSimd for Job<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Job {
            pass,
            memory,
            part,
            meeting,
        } = self;
        let Pass {
            prepared,
            sizes,
            reverse,
            ..
        } = *pass;
        let Prepared {
            cell,
            layout,
            padded,
            ..
        } = *prepared;
        let Sizes { time, d_hidden, .. } = *sizes;
        let Part {
            first: first_row,
            rows,
            ..
        } = part;
        let step_floats = rows * cell.gates() * padded;
        let weights = sizes.d_input * cell.gates() * d_hidden;
        let least = if weights > OWN_CACHE {
            ROWS_OF_FAR_WEIGHTS.div_ceil(rows)
        } else {
            1
        };
        let chunk = (CHUNK / step_floats).max(least).min(time);

        let mut products = Buffer::zeros(chunk * step_floats);
        let first_cell = pass
            .cell
            .map(|cell| &cell[first_row * d_hidden..][..rows * d_hidden]);
        // What no other thread reads is in the nearest cache of this one, and each C_t takes the place of the one before.
        let mut own_cell = (!C::SEES_CELLS).then(|| pad_rows(first_cell, d_hidden, padded));
        let [mut cell_before, mut cell_now] = match &mut own_cell {
            Some(own_cell) => [own_cell.as_mut_ptr(); 2],
            None => memory.cell_states.map(|cell| cell.at(first_row * padded)),
        };
        let scratch_row = padded * cell.scratch();
        let mut own_scratch = (!C::SHARES_SCRATCH).then(|| Buffer::zeros(rows * scratch_row));
        let scratch = match &mut own_scratch {
            Some(own_scratch) => own_scratch.as_mut_ptr(),
            None => memory.scratch.at(first_row * scratch_row),
        };
        let [mut hidden, mut next] = memory.hidden.map(|hidden| hidden.at(first_row * padded));
        let gates_row = memory.gates_row;
        let [mut gates, mut next_gates] = memory
            .carried_gates
            .map(|gates| gates.at(first_row * gates_row));
        let slots = cell.slots();
        let units = layout.units();
        let columns = Columns {
            rows,
            first: part.panels.start * units,
            end: d_hidden.min(part.panels.end * units),
            padded,
        };

        let mut from_end = FROM_END.get();
        for start in (0..time).step_by(chunk) {
            let steps = chunk.min(time - start);
            // The steps of the chunk, in time.
            let first = if reverse { time - start - steps } else { start };
            // SAFETY: `products` has room for `chunk` steps.
            unsafe { input_sides(simd, pass, &part, first, steps, products.as_mut_ptr()) };
            for index in 0..steps {
                let index = if reverse { steps - 1 - index } else { index };
                let t = first + index;
                let sequence = (first_row * time + t) * d_hidden;
                let step = ForwardStep {
                    meeting,
                    layout,
                    d_hidden,
                    padded,
                    rows,
                    panels: (part.panels.start, part.panels.end),
                    from_end,
                    products: products[index * step_floats..].as_mut_ptr(),
                    hidden,
                    next,
                    cell_before,
                    cell: cell_now,
                    gates,
                    next_gates,
                    gates_row,
                    extra: prepared.extra.as_ptr(),
                    scratch,
                    saved: memory.gates.at(sequence * slots),
                    saved_stride: time * slots * d_hidden,
                };
                // SAFETY: the buffers have the sizes that the fields ask for and no two that are written are the same; of what the
                // threads share, this one writes the rows and units of its part, and reads others' only after a meeting.
                unsafe {
                    columns.put(memory.kept_hidden.at(sequence), time * d_hidden, hidden);
                    cell.forward(simd, &prepared.hidden, &step);
                    core::mem::swap(&mut hidden, &mut next);
                    core::mem::swap(&mut gates, &mut next_gates);
                    columns.put(memory.output.at(sequence), time * d_hidden, hidden);
                    columns.put(memory.cells.at(sequence), time * d_hidden, cell_now);
                    core::mem::swap(&mut cell_before, &mut cell_now);
                }
                from_end = !from_end;
                meeting.wait();
            }
        }
        FROM_END.set(from_end);
        // SAFETY: as above.
        unsafe {
            columns.put(
                memory.last_cell.at(first_row * d_hidden),
                d_hidden,
                cell_before,
            )
        };
    }
}

/// The rows and units of one part.
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    pub(crate) rows: usize,
    pub(crate) first: usize,
    pub(crate) end: usize,
    pub(crate) padded: usize,
}

impl Columns {
    /// Writes scratch rows to dense ones `stride` apart, where there are any.
    ///
    /// # Safety
    ///
    /// `to` must be null or writable for these rows and units, `from` readable for `[rows, padded]`.
    #[inline(always)]
    pub(crate) unsafe fn put(&self, to: *mut f32, stride: usize, from: *const f32) {
        if to.is_null() {
            return;
        }
        for row in 0..self.rows {
            let (from_at, to_at) = (row * self.padded + self.first, row * stride + self.first);
            // SAFETY: as promised by the caller; scratch and results are apart.
            unsafe {
                core::ptr::copy_nonoverlapping(
                    from.add(from_at),
                    to.add(to_at),
                    self.end - self.first,
                );
            }
        }
    }
}

/// The input side of all gates for the steps from `first` on: `[step][panel][row][width]`.
///
/// # Safety
///
/// `products` must have room for `steps` steps.
#[inline(always)]
unsafe fn input_sides<C: Cell, S: Simd>(
    simd: S,
    pass: &Pass<'_, C>,
    part: &Part,
    first: usize,
    steps: usize,
    products: *mut f32,
) {
    let Sizes {
        time,
        d_input,
        d_hidden,
        ..
    } = *pass.sizes;
    let prepared = pass.prepared;
    let layout = prepared.layout;
    let gates = prepared.cell.gates();
    let width = gates * layout.units();
    let panels = layout.panels(d_hidden);
    let step_floats = part.rows * panels * width;
    if layout.one_row {
        let floats = part.panels.start * width..part.panels.end * width;
        let panels = (part.panels.start, part.panels.end);
        // SAFETY: there is one step, and `products` has the room that the caller promises.
        unsafe {
            products
                .add(floats.start)
                .copy_from_nonoverlapping(prepared.bias[floats.clone()].as_ptr(), floats.len());
            let x = (pass.x.as_ptr(), d_input);
            prepared
                .input
                .add_row(simd, layout, panels, x, (products, width));
        }
        return;
    }
    // A tile's rows are sequences, or steps where those are more.
    let over_steps = steps > part.rows;
    let (outer, inner) = if over_steps {
        (part.rows, steps)
    } else {
        (steps, part.rows)
    };
    for panel in part.panels.clone() {
        for index in 0..outer {
            let (row, step) = if over_steps { (index, 0) } else { (0, index) };
            let from = ((part.first + row) * time + first + step) * d_input;
            let to = step * step_floats + (panel * part.rows + row) * width;
            let tile = Tile {
                depth: d_input,
                a: pass.x[from..].as_ptr(),
                a_stride: if over_steps { d_input } else { time * d_input },
                panel: prepared.input.panel(panel, layout.lanes),
                init: prepared.bias[panel * width..].as_ptr(),
                init_stride: 0,
                out: products.wrapping_add(to),
                out_stride: if over_steps { step_floats } else { width },
            };
            // SAFETY: `x` has these sequences and steps, `products` the room that the caller promises.
            unsafe { tile.multiply(simd, inner, gates * layout.vectors) };
        }
    }
}

/// Rows of `d_hidden` floats with zeros up to `padded`.
pub(crate) fn pad_rows(from: Option<&[f32]>, d_hidden: usize, padded: usize) -> Buffer {
    let from = from.unwrap_or_default();
    let mut to = Buffer::zeros(from.len() / d_hidden * padded);
    for (to, from) in to.chunks_exact_mut(padded).zip(from.chunks_exact(d_hidden)) {
        to[..d_hidden].copy_from_slice(from);
    }
    to
}

/// A bias in the order of the panels, zeros where there is none.
fn panel_order(bias: Option<&[f32]>, gates: usize, d_hidden: usize, layout: Layout) -> Buffer {
    let units = layout.units();
    let mut to = Buffer::zeros(gates * layout.padded(d_hidden));
    let Some(bias) = bias else { return to };
    for (panel, to) in to.chunks_exact_mut(gates * units).enumerate() {
        let first = panel * units;
        let n = units.min(d_hidden - first);
        for (to, from) in to.chunks_exact_mut(units).zip(bias.chunks_exact(d_hidden)) {
            to[..n].copy_from_slice(&from[first..first + n]);
        }
    }
    to
}
