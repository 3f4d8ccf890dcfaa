//! What layers and wrappers have in common: a sequence in, a sequence out.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{DType, Tensor};

use crate::{Direction, Sequences, State};

/// A network over whole sequences: [`Scan`](crate::Scan) of a cell, or a wrapper around layers.
pub trait Layer: Module + ModuleDisplay {
    /// What is carried from one window of a sequence to the next.
    type State: State;

    /// The number of features that the layer reads.
    fn d_input(&self) -> usize;

    /// The number of features that the layer gives.
    fn d_output(&self) -> usize;

    /// The state before the first step: zeros, or what the cell or a [`LearnedState`](crate::LearnedState) says.
    fn zero_state(&self, batch: usize) -> Self::State;

    /// Runs over a batch of sequences in a direction, `[batch, time, d_input]` to `[batch, time, d_output]`, and returns the
    /// final state beside. Without a state it starts from [`zero_state`](Layer::zero_state). Every other way to run over
    /// sequences is made of this one.
    ///
    /// A layer of one's own keeps these promises, which the wrappers build on: each sequence gives what it gives alone, against
    /// time from its own last step on; its final state is the one after its last step that is there, against time its first; outputs
    /// in the padding are zero; and what stands in the padding of the input, be it no number, reaches nothing and gets a
    /// gradient of zero. It is best kept by handing `sequences` on to a [`Scan`](crate::Scan) or [`Cell::scan_with`](crate::Cell::scan_with).
    ///
    /// # Panics
    ///
    /// Where the input's features are not `d_input`, the time is zero, or the state, the lengths or the resets do not fit the
    /// input; the message shows both shapes.
    fn run(
        &self,
        input: Tensor<3>,
        state: Option<Self::State>,
        sequences: &Sequences,
        direction: Direction,
    ) -> (Tensor<3>, Self::State);

    /// Runs over a batch of sequences, `[batch, time, d_input]` to `[batch, time, d_output]`, and
    /// returns the final state beside. Without a state it starts from [`zero_state`](Layer::zero_state).
    ///
    /// All sequences have all steps; where they are padded, see [`forward_with`](Layer::forward_with).
    ///
    /// # Panics
    ///
    /// Where the input's features are not `d_input`, the time is zero, or the state does not fit
    /// the batch; the message shows both shapes.
    fn forward(&self, input: Tensor<3>, state: Option<Self::State>) -> (Tensor<3>, Self::State) {
        self.run(input, state, &Sequences::default(), Direction::Forward)
    }

    /// [`forward`](Layer::forward) over sequences of unequal [`Lengths`](crate::Lengths), with [`Resets`](crate::Resets), or both:
    /// each sequence gives what it gives alone. See the [guide](crate::guides::lengths).
    ///
    /// Outputs after the end of a sequence are zero, the final state is the one after its last step (the given state, where it
    /// has none), and padding reaches neither outputs nor gradients.
    ///
    /// # Panics
    ///
    /// As [`run`](Layer::run).
    fn forward_with(
        &self,
        input: Tensor<3>,
        state: Option<Self::State>,
        sequences: impl Into<Sequences>,
    ) -> (Tensor<3>, Self::State) {
        self.run(input, state, &sequences.into(), Direction::Forward)
    }

    /// [`forward`](Layer::forward) from the last step to the first: outputs stand at the step of their input, and the
    /// final state is the one after the first step of the sequence.
    fn forward_reversed(
        &self,
        input: Tensor<3>,
        state: Option<Self::State>,
    ) -> (Tensor<3>, Self::State) {
        self.run(input, state, &Sequences::default(), Direction::Backward)
    }

    /// [`forward`](Layer::forward) with the time first: `[time, batch, d_input]` to
    /// `[time, batch, d_output]`. The states keep the batch first.
    fn forward_time_first(
        &self,
        input: Tensor<3>,
        state: Option<Self::State>,
    ) -> (Tensor<3>, Self::State) {
        let (output, state) = self.forward(input.swap_dims(0, 1), state);
        (output.swap_dims(0, 1), state)
    }
}

/// A layer that can be run one step at a time, because no output depends on a later input.
pub trait Streaming: Layer {
    /// One time step, `[batch, d_input]` to `[batch, d_output]`, with the state for the next one.
    ///
    /// Running it over all steps gives what [`forward`](Layer::forward) gives for the sequence.
    ///
    /// # Panics
    ///
    /// Where the shapes do not fit; the message shows both.
    fn step(&self, x_t: Tensor<2>, state: Option<Self::State>) -> (Tensor<2>, Self::State);
}

/// Panics with both shapes where a sequence does not fit.
pub(crate) fn check_sequence(
    name: impl FnOnce() -> &'static str,
    input: &Tensor<3>,
    d_input: usize,
) {
    let dims = input.dims();
    assert!(
        dims[0] > 0 && dims[1] > 0 && dims[2] == d_input,
        "{}: the input has shape {dims:?}, expected [batch ≥ 1, time ≥ 1, d_input = {d_input}]{}",
        name(),
        if dims[1] == 0 {
            "; a sequence of length zero has no output and no last step: leave it out"
        } else {
            ""
        }
    );
}

/// Panics with both shapes where one step's input does not fit.
pub(crate) fn check_step(name: impl FnOnce() -> &'static str, x_t: &Tensor<2>, d_input: usize) {
    let dims = x_t.dims();
    assert!(
        dims[0] > 0 && dims[1] == d_input,
        "{}: the step's input has shape {dims:?}, expected [batch ≥ 1, d_input = {d_input}]",
        name()
    );
}

/// Panics with both shapes where a given state does not fit the one that the cell starts from.
pub(crate) fn check_state<S: State>(name: impl Fn() -> &'static str, given: &S, expected: &S) {
    let (given, expected) = (given.shapes(), expected.shapes());
    // `zip`, because the last ones, an LSTM's gates, may be left out of a given state.
    for (given, expected) in given.iter().zip(&expected) {
        assert!(
            given == expected,
            "{}: the state has a tensor of shape {given:?}, expected [batch, features] = {expected:?}: give a state of as many sequences and \
             units as zero_state({}) has",
            name(),
            expected[0]
        );
    }
    assert!(
        given.len() <= expected.len(),
        "{}: the state has tensors of shapes {given:?}, expected {expected:?} and no more: give the state of a network with the same settings",
        name()
    );
}

/// Panics with both types where floats are not of the type that they are computed with.
#[inline]
pub(crate) fn check_type(
    name: impl Fn() -> &'static str,
    what: &str,
    given: DType,
    expected: DType,
) {
    assert!(
        given == expected,
        "{}: {what} is of {given:?}, but the parameters are of {expected:?}: cast it with Tensor::cast(DType::{expected:?})",
        name()
    );
}
