//! A cell run over a whole sequence.

use burn::module::Module;
use burn::tensor::Tensor;
use burn_rnn_kernels::time_steps;

use crate::layer::{check_sequence, check_state, check_step};
use crate::{Cell, CellState, Direction, Layer, Sequences, Streaming};

/// The reference scan: plain tensor operations, one call of `step` a time step, differentiated by
/// Burn. It runs on every backend and float type and is what faster paths are compared with.
///
/// `input` is `[batch, time, features]` with a time of at least one; the result is every
/// [`CellState::hidden`], `[batch, time, d_hidden]`, and the final state.
pub fn scan_steps<S: CellState>(
    input: Tensor<3>,
    mut state: S,
    mut step: impl FnMut(Tensor<2>, S) -> S,
) -> (Tensor<3>, S) {
    let mut outputs = Vec::with_capacity(input.dims()[1]);
    for x_t in time_steps(input) {
        state = step(x_t, state);
        outputs.push(state.hidden().unsqueeze_dim::<3>(1));
    }
    (Tensor::cat(outputs, 1), state)
}

/// A scan against time by one in time over the sequence turned around.
pub(crate) fn scan_flipped<C: Cell>(
    cell: &C,
    input: Tensor<3>,
    state: C::State,
) -> (Tensor<3>, C::State) {
    let (output, state) = cell.scan(input.flip([1]), state);
    (output.flip([1]), state)
}

/// A layer of one cell in one direction: `[batch, time, d_input]` to `[batch, time, d_hidden]`.
#[derive(Module, Debug)]
pub struct Scan<C: Module> {
    /// The cell.
    pub cell: C,
}

impl<C: Cell> Scan<C> {
    /// A layer that runs the cell over whole sequences.
    pub fn new(cell: C) -> Self {
        Self { cell }
    }
}

impl<C: Cell> Layer for Scan<C> {
    type State = C::State;

    fn d_input(&self) -> usize {
        self.cell.d_input()
    }

    fn d_output(&self) -> usize {
        self.cell.d_hidden()
    }

    fn zero_state(&self, batch: usize) -> C::State {
        self.cell.zero_state(batch)
    }

    fn run(
        &self,
        input: Tensor<3>,
        state: Option<C::State>,
        sequences: &Sequences,
        direction: Direction,
    ) -> (Tensor<3>, C::State) {
        scan_checked(&self.cell, input, state, sequences, direction)
    }
}

impl<C: Cell> Streaming for Scan<C> {
    fn step(&self, x_t: Tensor<2>, state: Option<C::State>) -> (Tensor<2>, C::State) {
        step_checked(&self.cell, x_t, state)
    }
}

/// [`Cell::scan_with`] after its shapes are checked, from zeros where no state is given.
pub(crate) fn scan_checked<C: Cell>(
    cell: &C,
    input: Tensor<3>,
    state: Option<C::State>,
    sequences: &Sequences,
    direction: Direction,
) -> (Tensor<3>, C::State) {
    check_sequence(|| cell.name(), &input, cell.d_input());
    let state = state_or_zeros(cell, input.dims()[0], state);
    cell.scan_with(input, state, sequences, direction)
}

/// [`Cell::step`] after its shapes are checked, from zeros where no state is given.
pub(crate) fn step_checked<C: Cell>(
    cell: &C,
    x_t: Tensor<2>,
    state: Option<C::State>,
) -> (Tensor<2>, C::State) {
    check_step(|| cell.name(), &x_t, cell.d_input());
    let state = state_or_zeros(cell, x_t.dims()[0], state);
    let state = cell.step(x_t, state);
    (state.hidden(), state)
}

fn state_or_zeros<C: Cell>(cell: &C, batch: usize, state: Option<C::State>) -> C::State {
    match state {
        Some(state) => {
            if !cell.accepts(&state, batch) {
                check_state(cell.name(), &state, &cell.zero_state(batch));
            }
            state
        }
        None => cell.zero_state(batch),
    }
}
