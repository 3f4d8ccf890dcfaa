//! Two layers over the same sequence, one in each direction of time.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::layer::check_sequence;
use crate::{ConfigError, Direction, Layer, Sequences, State};

/// How the outputs of the two directions become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// Side by side, forward first: twice the features. The default, as in PyTorch. With a linear
    /// head it is `V s_t + V' s'_t`.
    #[default]
    Concat,
    /// `s_t + s'_t`.
    Sum,
    /// `(s_t + s'_t) / 2`.
    Average,
    /// `s_t ⊙ s'_t`.
    Product,
}

impl Merge {
    /// The merged outputs, `[batch, time, features]`.
    pub fn forward(self, forward: Tensor<3>, backward: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Concat => Tensor::cat(vec![forward, backward], 2),
            Self::Sum => forward + backward,
            Self::Average => (forward + backward) / 2.0,
            Self::Product => forward * backward,
        }
    }

    /// The number of features of two merged outputs.
    pub fn d_output(self, forward: usize, backward: usize) -> usize {
        match self {
            Self::Concat => forward + backward,
            Self::Sum | Self::Average | Self::Product => forward,
        }
    }
}

/// The bidirectional network of Schuster & Paliwal (1997) around any two layers:
///
/// ```text
/// s_t  = f(b + W s_{t-1} + U x_t)
/// s'_t = f(b' + W' s'_{t+1} + U' x_t)
/// ```
///
/// merged by [`Merge`]. It reads whole sequences: every output depends on all inputs, so it is no
/// [`Streaming`](crate::Streaming) layer and cannot generate.
///
/// Where sequences are padded, give their [`Lengths`](crate::Lengths) to [`forward_with`](Layer::forward_with): `s'` then begins
/// at each sequence's own last step. Without them it reads the padding before everything else, and every output depends on how
/// much of it there is.
#[derive(Module, Debug)]
pub struct Bidirectional<L: Module> {
    /// The layer that reads from the first step to the last.
    pub forward: L,
    /// The layer that reads from the last step to the first.
    pub backward: L,
    /// How the outputs become one.
    #[module(skip)]
    pub merge: Merge,
}

/// The state of a [`Bidirectional`] layer.
///
/// The backward layer's final state is the one after the first time step, where it ends.
#[derive(Clone, Debug)]
pub struct BidirectionalState<S> {
    /// The state of the forward layer.
    pub forward: S,
    /// The state of the backward layer.
    pub backward: S,
}

impl<S: State> State for BidirectionalState<S> {
    fn map(self, f: &mut dyn FnMut(Tensor<2>) -> Tensor<2>) -> Self {
        Self {
            forward: self.forward.map(f),
            backward: self.backward.map(f),
        }
    }
}

impl<L: Layer> Bidirectional<L> {
    /// Two layers over the same sequence.
    ///
    /// # Panics
    ///
    /// With the message of [`try_new`](Bidirectional::try_new)'s error.
    pub fn new(forward: L, backward: L, merge: Merge) -> Self {
        Self::try_new(forward, backward, merge).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Two layers over the same sequence.
    ///
    /// # Errors
    ///
    /// Where the layers read different numbers of features, or give different numbers and are not
    /// concatenated.
    pub fn try_new(forward: L, backward: L, merge: Merge) -> Result<Self, ConfigError> {
        let differ = |what, forward: usize, backward: usize, hint| ConfigError::Directions {
            what,
            forward,
            backward,
            hint,
        };
        if forward.d_input() != backward.d_input() {
            let (forward, backward) = (forward.d_input(), backward.d_input());
            return Err(differ("input features", forward, backward, ""));
        }
        if merge != Merge::Concat && forward.d_output() != backward.d_output() {
            let (forward, backward) = (forward.d_output(), backward.d_output());
            return Err(differ(
                "output features",
                forward,
                backward,
                " or merge by concat",
            ));
        }
        Ok(Self {
            forward,
            backward,
            merge,
        })
    }
}

impl<L: Layer> Layer for Bidirectional<L> {
    type State = BidirectionalState<L::State>;

    fn d_input(&self) -> usize {
        self.forward.d_input()
    }

    fn d_output(&self) -> usize {
        self.merge
            .d_output(self.forward.d_output(), self.backward.d_output())
    }

    fn zero_state(&self, batch: usize) -> Self::State {
        BidirectionalState {
            forward: self.forward.zero_state(batch),
            backward: self.backward.zero_state(batch),
        }
    }

    fn run(
        &self,
        input: Tensor<3>,
        state: Option<Self::State>,
        sequences: &Sequences,
        direction: Direction,
    ) -> (Tensor<3>, Self::State) {
        check_sequence(|| "Bidirectional", &input, self.d_input());
        let (forward, backward) = match state {
            Some(state) => (Some(state.forward), Some(state.backward)),
            None => (None, None),
        };
        let (output, forward, backward) = both_directions(
            input,
            self.merge,
            |input| self.forward.run(input, forward, sequences, direction),
            |input| {
                let direction = direction.opposite();
                self.backward.run(input, backward, sequences, direction)
            },
        );
        (output, BidirectionalState { forward, backward })
    }
}

/// Runs one function over the sequence in time and one against it, and merges the outputs.
pub(crate) fn both_directions<S>(
    input: Tensor<3>,
    merge: Merge,
    forward: impl FnOnce(Tensor<3>) -> (Tensor<3>, S),
    backward: impl FnOnce(Tensor<3>) -> (Tensor<3>, S),
) -> (Tensor<3>, S, S) {
    let (backward_output, backward_state) = backward(input.clone());
    let (forward_output, forward_state) = forward(input);
    let output = merge.forward(forward_output, backward_output);
    (output, forward_state, backward_state)
}
