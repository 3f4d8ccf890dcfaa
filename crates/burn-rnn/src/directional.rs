//! One layer of a one-stop network: a cell in one direction or two.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::bidirectional::both_directions;
use crate::scan::{scan_checked, step_checked};
use crate::scan_parts::scan_parts;
use crate::{
    Cell, Direction, Layer, LearnedState, Merge, Mode, Regularization, Regularizer, Sequences,
    State, Streaming,
};

/// A cell over whole sequences, in one direction or, with a second cell, in both.
///
/// With [`Lengths`](crate::Lengths) the second cell begins at the last step of each sequence; without, at the last step of the
/// tensor, so that it reads padding first.
///
/// [`Recurrent`](crate::Recurrent) is made of these, so that one type serves whichever the
/// configuration asks for.
#[derive(Module, Debug)]
pub struct Directional<C: Module> {
    /// The cell that reads from the first step to the last.
    pub forward: C,
    /// The cell that reads from the last step to the first.
    pub backward: Option<C>,
    /// How the outputs of two directions become one.
    #[module(skip)]
    pub merge: Merge,
    /// The regularizers of both cells, none by default.
    pub regularizer: Regularizer,
    /// The state that the forward cell starts from, where it is learned.
    pub forward_start: Option<LearnedState>,
    /// The state that the backward cell starts from, where it is learned.
    pub backward_start: Option<LearnedState>,
}

/// The state of a [`Directional`] layer.
#[derive(Clone, Debug)]
pub struct DirectionalState<S> {
    /// The state of the forward cell.
    pub forward: S,
    /// The state of the backward cell, where there is one. Its final state is the one after the
    /// first time step, where it ends, whatever the sequence's length.
    pub backward: Option<S>,
}

impl<S: State> State for DirectionalState<S> {
    fn map(self, f: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self {
        Self {
            forward: self.forward.map(f),
            backward: self.backward.map(|state| state.map(f)),
        }
    }
}

impl<C: Cell> Layer for Directional<C> {
    type State = DirectionalState<C::State>;

    fn d_input(&self) -> usize {
        self.forward.d_input()
    }

    fn d_output(&self) -> usize {
        match &self.backward {
            Some(backward) => self
                .merge
                .d_output(self.forward.d_hidden(), backward.d_hidden()),
            None => self.forward.d_hidden(),
        }
    }

    fn zero_state(&self, batch: usize) -> Self::State {
        let start = |cell: &C, learned: &Option<LearnedState>| match learned {
            Some(learned) => learned.state(cell, batch),
            None => cell.zero_state(batch),
        };
        let backward = self.backward.as_ref();
        DirectionalState {
            forward: start(&self.forward, &self.forward_start),
            backward: backward.map(|cell| start(cell, &self.backward_start)),
        }
    }

    fn run(
        &self,
        input: Tensor<3>,
        state: Option<Self::State>,
        sequences: &Sequences,
        direction: Direction,
    ) -> (Tensor<3>, Self::State) {
        let (forward, backward) = match state {
            Some(state) => {
                self.check_directions(&state);
                (Some(state.forward), state.backward)
            }
            None => (None, None),
        };
        let forward_cell = (&self.forward, &self.forward_start);
        let Some(backward_cell) = &self.backward else {
            let (output, forward) = self.scan(forward_cell, input, forward, sequences, direction);
            let backward = None;
            return (output, DirectionalState { forward, backward });
        };
        let (output, forward, backward) = both_directions(
            input,
            self.merge,
            |input| self.scan(forward_cell, input, forward, sequences, direction),
            |input| {
                let direction = direction.opposite();
                let backward_cell = (backward_cell, &self.backward_start);
                self.scan(backward_cell, input, backward, sequences, direction)
            },
        );
        let backward = Some(backward);
        (output, DirectionalState { forward, backward })
    }
}

impl<C: Cell> Directional<C> {
    /// A cell in one direction, or in both with a second one. No regularizers, and it starts from zeros.
    pub fn new(forward: C, backward: Option<C>, merge: Merge) -> Self {
        Self {
            forward,
            backward,
            merge,
            regularizer: Regularizer::new(Regularization::default()),
            forward_start: None,
            backward_start: None,
        }
    }

    /// One cell over a sequence, from the state that it starts from where none is given.
    fn scan(
        &self,
        (cell, start): (&C, &Option<LearnedState>),
        input: Tensor<3>,
        state: Option<C::State>,
        sequences: &Sequences,
        direction: Direction,
    ) -> (Tensor<3>, C::State) {
        let regularizer = &self.regularizer;
        let Some(start) = start else {
            return scan_checked(cell, regularizer, input, state, sequences, direction);
        };
        let [batch, time, _] = input.dims();
        let initial = |batch| start.state(cell, batch);
        let state = state.unwrap_or_else(|| initial(batch));
        if sequences.resets().is_none() || sequences.are_whole(time) {
            return scan_checked(cell, regularizer, input, Some(state), sequences, direction);
        }
        // The engine knows the cell's own initial state alone.
        sequences.check(cell.name(), input.dims());
        let settings = &regularizer.settings;
        assert!(
            regularizer.mode(&input.device()) == Mode::Evaluation || !settings.holds_masks(),
            "{}: resets, a learned state and masks that are held over a whole sequence ({settings:?}) do not go together: leave one out",
            cell.name()
        );
        let whole = Sequences::default();
        let scan =
            |input, state| scan_checked(cell, regularizer, input, Some(state), &whole, direction);
        scan_parts(cell, input, state, sequences, direction, scan, initial)
    }

    /// Panics where a state has not the directions of the layer.
    pub(crate) fn check_directions(&self, state: &DirectionalState<C::State>) {
        assert!(
            state.backward.is_some() == self.backward.is_some(),
            "{}: the state has {}, but the layer runs in {}: give the state of a network with the same settings",
            self.forward.name(),
            directions(state.backward.is_some()),
            directions(self.backward.is_some()),
        );
    }
}

fn directions(two: bool) -> &'static str {
    if two {
        "two directions"
    } else {
        "one direction"
    }
}

/// # Panics
///
/// Where the layer runs in two directions: the backward one starts at the end of the sequence,
/// which a single step does not have. Where the state is one of two directions.
impl<C: Cell> Streaming for Directional<C> {
    fn step(&self, x_t: Tensor<2>, state: Option<Self::State>) -> (Tensor<2>, Self::State) {
        assert!(
            self.backward.is_none(),
            "{}: a bidirectional network reads whole sequences and cannot be run step by step; \
             use forward, or make it with with_bidirectional(false)",
            self.forward.name()
        );
        let state = state.map(|state| {
            self.check_directions(&state);
            state.forward
        });
        let start = self.forward_start.as_ref();
        let state = state.or_else(|| {
            let [batch, _] = x_t.dims();
            start.map(|start| start.state(&self.forward, batch))
        });
        let (output, forward) = step_checked(&self.forward, &self.regularizer, x_t, state);
        let backward = None;
        (output, DirectionalState { forward, backward })
    }
}
