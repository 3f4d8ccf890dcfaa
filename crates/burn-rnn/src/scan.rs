//! A cell run over a whole sequence.

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use burn_rnn_kernels::{time_parts, time_steps};

use crate::layer::{check_sequence, check_state, check_step, check_type};
use crate::{
    Cell, CellState, ConfigError, Direction, Layer, Mode, Regularization, Regularizer, Sequences,
    Streaming,
};

/// The reference scan: plain tensor operations, one call of `step` a time step, differentiated by
/// Burn. It runs on every backend and float type and is what faster paths are compared with. Where part of a step does not depend on the
/// state, [`scan_hoisted`] does that part for many steps at once.
///
/// `input` is `[batch, time, features]`; the result is every [`CellState::hidden`], `[batch, time, d_hidden]`, and the final state.
///
/// # Panics
///
/// Where there is no sequence or no step; the message shows the shape.
pub fn scan_steps<S: CellState>(
    input: Tensor<3>,
    mut state: S,
    mut step: impl FnMut(Tensor<2>, S) -> S,
) -> (Tensor<3>, S) {
    let [_, time, features] = input.dims();
    check_sequence(|| "scan_steps", &input, features);
    let mut outputs = Vec::with_capacity(time);
    for x_t in time_steps(input) {
        state = step(x_t, state);
        outputs.push(state.hidden().unsqueeze_dim::<3>(1));
    }
    (Tensor::cat(outputs, 1), state)
}

/// The floats of a piece of [`scan_hoisted`]: 512 KiB, which stays in a core's own cache. On two cores of an AMD EPYC with AVX-512, batch 32,
/// 128 steps, 128 units, a training step of an MGU takes 0.96 of stepping with it and 1.10 in one piece: what is larger goes through
/// memory that the system clears page by page.
const PIECE: usize = 1 << 17;

/// [`scan_steps`] of what `hoist` makes of the input: for a cell that overrides [`Cell::scan`] because part of a step does not depend on the
/// state, above all the product of the input with its weights.
///
/// `hoist` gets pieces of the sequence, `[batch, some steps, features]`, and gives as many steps with any number of features; `step` gets
/// one step of that. A piece is as large as fits a processor's cache. See [`Cell::scan`] for an example.
///
/// The time of the backward pass is linear in the number of steps on Flex and NdArray, and linear but for a logarithm elsewhere.
///
/// # Panics
///
/// Where there is no sequence or no step, or `hoist` gives other steps than it gets; the message shows both shapes.
pub fn scan_hoisted<S: CellState>(
    input: Tensor<3>,
    mut state: S,
    mut hoist: impl FnMut(Tensor<3>) -> Tensor<3>,
    mut step: impl FnMut(Tensor<2>, S) -> S,
) -> (Tensor<3>, S) {
    let [batch, time, features] = input.dims();
    check_sequence(|| "scan_hoisted", &input, features);
    let mut hoisted = |piece: Tensor<3>| {
        let given = piece.dims();
        let hoisted = hoist(piece);
        let made = hoisted.dims();
        assert!(
            made[..2] == given[..2],
            "scan_hoisted: what was made of a piece of shape {given:?} has shape {made:?}, expected [batch = {batch}, time = {}, features]; \
             hoist must keep sequences and steps",
            given[1],
        );
        hoisted
    };
    // The first step tells how many features there are.
    let first_and_rest = if time > 1 { vec![1, time - 1] } else { vec![1] };
    let mut ends = time_parts(input, first_and_rest).into_iter();
    let first = hoisted(ends.next().expect("a sequence has a step"));
    let steps = (PIECE / (batch * first.dims()[2]).max(1)).max(1);
    let pieces = ends.next().map_or_else(Vec::new, |rest| {
        let lengths = (0..time - 1).step_by(steps);
        let lengths = lengths.map(|start| steps.min(time - 1 - start));
        time_parts(rest, lengths.collect())
    });
    let mut outputs = Vec::with_capacity(time);
    for piece in core::iter::once(first).chain(pieces.into_iter().map(hoisted)) {
        for x_t in time_steps(piece) {
            state = step(x_t, state);
            outputs.push(state.hidden().unsqueeze_dim::<3>(1));
        }
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
    /// Its regularizers, none by default.
    pub regularizer: Regularizer,
}

impl<C: Cell> Scan<C> {
    /// A layer that runs the cell over whole sequences.
    pub fn new(cell: C) -> Self {
        Self {
            cell,
            regularizer: Regularizer::new(Regularization::default()),
        }
    }

    /// The layer with regularizers.
    ///
    /// # Errors
    ///
    /// Where a setting is not a probability, or not for this cell; the error says why.
    pub fn try_with_regularization(
        mut self,
        regularization: Regularization,
    ) -> Result<Self, ConfigError> {
        self.cell.check_regularization(&regularization)?;
        self.regularizer.settings = regularization;
        Ok(self)
    }

    /// The layer with regularizers.
    ///
    /// # Panics
    ///
    /// With the message of [`try_with_regularization`](Scan::try_with_regularization)'s error.
    #[must_use]
    pub fn with_regularization(self, regularization: Regularization) -> Self {
        self.try_with_regularization(regularization)
            .unwrap_or_else(|error| panic!("{error}"))
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
        let (cell, regularizer) = (&self.cell, &self.regularizer);
        scan_checked(cell, regularizer, input, state, sequences, direction)
    }
}

impl<C: Cell> Streaming for Scan<C> {
    fn step(&self, x_t: Tensor<2>, state: Option<C::State>) -> (Tensor<2>, C::State) {
        step_checked(&self.cell, &self.regularizer, x_t, state)
    }
}

/// [`Cell::scan_with`], with regularizers where there are some, after its shapes are checked, from zeros where no state is given.
pub(crate) fn scan_checked<C: Cell>(
    cell: &C,
    regularizer: &Regularizer,
    input: Tensor<3>,
    state: Option<C::State>,
    sequences: &Sequences,
    direction: Direction,
) -> (Tensor<3>, C::State) {
    if !cell.checks_by_itself() {
        check_sequence(|| cell.name(), &input, cell.d_input());
    }
    let state = state_or_zeros(cell, input.dims()[0], input.dtype(), state);
    let settings = &regularizer.settings;
    if settings.is_off() {
        return cell.scan_with(input, state, sequences, direction);
    }
    let input = regularizer.drop_input(input);
    let mode = regularizer.mode(&input.device());
    if settings.acts(mode) {
        cell.scan_regularized(input, state, sequences, direction, settings, mode)
    } else {
        cell.scan_with(input, state, sequences, direction)
    }
}

/// [`Cell::step`] after its shapes are checked, from zeros where no state is given.
pub(crate) fn step_checked<C: Cell>(
    cell: &C,
    regularizer: &Regularizer,
    x_t: Tensor<2>,
    state: Option<C::State>,
) -> (Tensor<2>, C::State) {
    if !cell.checks_by_itself() {
        check_step(|| cell.name(), &x_t, cell.d_input());
    }
    let state = state_or_zeros(cell, x_t.dims()[0], x_t.dtype(), state);
    let settings = &regularizer.settings;
    if settings.is_off() {
        let state = cell.step(x_t, state);
        return (state.hidden(), state);
    }
    let mode = regularizer.mode(&x_t.device());
    assert!(
        mode == Mode::Evaluation || !settings.holds_masks(),
        "{}: {settings:?} holds masks over all steps of a sequence, which a step does not have: train with forward over whole sequences, or \
         step on a device without automatic differentiation, as in evaluation",
        cell.name()
    );
    let state = if settings.acts(mode) {
        cell.step_regularized(x_t, state, settings, mode)
    } else {
        cell.step(x_t, state)
    };
    (state.hidden(), state)
}

/// The state, or zeros where there is none.
fn state_or_zeros<C: Cell>(
    cell: &C,
    batch: usize,
    dtype: DType,
    state: Option<C::State>,
) -> C::State {
    let state = match state {
        Some(state) if cell.checks_by_itself() => return state,
        Some(state) => {
            check_cell_state(cell, &state, batch);
            state
        }
        None => cell.zero_state(batch),
    };
    let state_type = state.hidden().dtype();
    if state_type != dtype {
        let expected = cell.zero_state(batch).hidden().dtype();
        check_type(|| cell.name(), "the input", dtype, expected);
        check_type(|| cell.name(), "the state", state_type, expected);
    }
    state
}

/// Panics with both shapes where a state is not one of the cell for so many sequences.
pub(crate) fn check_cell_state<C: Cell>(cell: &C, state: &C::State, batch: usize) {
    if !cell.accepts(state, batch) {
        check_state(|| cell.name(), state, &cell.zero_state(batch));
    }
}
