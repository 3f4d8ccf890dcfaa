//! The one-stop network: any cell, any number of layers, one direction or two.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::Tensor;

use crate::directional::{Directional, DirectionalState};
use crate::{Cell, Direction, Layer, Sequences, Stacked, StackedState, Stream, Streaming};

/// A recurrent network of one kind of cell: [`Lstm`](crate::Lstm), [`Gru`](crate::Gru) and the others
/// are names for it. Made by [`RecurrentConfig`](crate::RecurrentConfig).
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_rnn::LstmConfig;
///
/// let device = Device::default();
/// let lstm = LstmConfig::new(28, 128).with_layers(2).with_bidirectional(true).init(&device);
/// let input = Tensor::random([4, 10, 28], Distribution::Default, &device);
/// let (output, state) = lstm.forward(input, None);
/// assert_eq!(output.dims(), [4, 10, 256]);
/// assert_eq!(state.layers[1].forward.cell.dims(), [4, 128]);
/// ```
#[derive(Module, Debug)]
pub struct Recurrent<C: Module + ModuleDisplay> {
    /// The layers.
    pub stack: Stacked<Directional<C>>,
    /// Whether sequences have the batch first, `[batch, time, features]`, or the time first.
    pub batch_first: bool,
}

/// The state of a [`Recurrent`] network: for each layer the state of its one or two cells.
pub type RecurrentState<S> = StackedState<DirectionalState<S>>;

impl<C: Cell> Recurrent<C> {
    /// The number of features that the network reads.
    pub fn d_input(&self) -> usize {
        self.stack.d_input()
    }

    /// The number of features that the network gives.
    pub fn d_output(&self) -> usize {
        self.stack.d_output()
    }

    /// Whether some layer runs in two directions.
    pub fn is_bidirectional(&self) -> bool {
        let two = |layer: &Directional<C>| layer.backward.is_some();
        self.stack.layers.iter().any(two)
    }

    /// The state before the first step: zeros, or what the cell or a [`LearnedState`](crate::LearnedState) says.
    pub fn zero_state(&self, batch: usize) -> RecurrentState<C::State> {
        self.stack.zero_state(batch)
    }

    /// All cells, layer by layer, the forward one of a layer first.
    pub fn cells(&self) -> impl Iterator<Item = &C> {
        self.stack
            .layers
            .iter()
            .flat_map(|layer| core::iter::once(&layer.forward).chain(layer.backward.as_ref()))
    }

    /// All cells for changing, in the order of [`cells`](Recurrent::cells).
    pub fn cells_mut(&mut self) -> impl Iterator<Item = &mut C> {
        self.stack
            .layers
            .iter_mut()
            .flat_map(|layer| core::iter::once(&mut layer.forward).chain(layer.backward.as_mut()))
    }

    /// Runs over a batch of sequences: `[batch, time, d_input]` to `[batch, time, d_output]`, or
    /// with the time first where the network is configured so; the final state beside. Without a
    /// state it starts from zeros.
    ///
    /// All sequences have all steps; where they are padded, see [`forward_with`](Recurrent::forward_with).
    ///
    /// # Panics
    ///
    /// Where the input's features are not `d_input`, the time is zero, or the state does not fit;
    /// the message shows both shapes.
    pub fn forward(
        &self,
        input: Tensor<3>,
        state: Option<RecurrentState<C::State>>,
    ) -> (Tensor<3>, RecurrentState<C::State>) {
        self.forward_with(input, state, Sequences::default())
    }

    /// [`forward`](Recurrent::forward) over sequences of unequal [`Lengths`](crate::Lengths), with [`Resets`](crate::Resets), or
    /// both, which have the batch first whatever the input has: each sequence gives what it gives alone, in both directions.
    /// See the [guide](crate::guides::lengths).
    ///
    /// Outputs after the end of a sequence are zero, the final state is the one after its last step (after its first step for a
    /// backward direction, the given state where there is no step), and padding reaches neither outputs nor gradients, even where
    /// it is no number.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use burn_rnn::{LstmConfig, Lengths};
    ///
    /// let device = Device::default();
    /// let lstm = LstmConfig::new(3, 8).with_bidirectional(true).init(&device);
    /// let input = Tensor::ones([2, 5, 3], &device); // the second sequence has two steps and three of padding
    /// let (output, _state) = lstm.forward_with(input, None, Lengths::new([5, 2]));
    /// assert_eq!(output.slice([1..2, 2..5]).abs().sum().into_scalar::<f32>(), 0.0);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`forward`](Recurrent::forward), and where the lengths or the resets do not fit the input; the message shows both.
    pub fn forward_with(
        &self,
        input: Tensor<3>,
        state: Option<RecurrentState<C::State>>,
        sequences: impl Into<Sequences>,
    ) -> (Tensor<3>, RecurrentState<C::State>) {
        let sequences = sequences.into();
        let run = |input| self.stack.run(input, state, &sequences, Direction::Forward);
        if self.batch_first {
            return run(input);
        }
        let (output, state) = run(input.swap_dims(0, 1));
        (output.swap_dims(0, 1), state)
    }

    /// One time step, `[batch, d_input]` to `[batch, d_output]`, with the state for the next one.
    ///
    /// # Panics
    ///
    /// Where the shapes do not fit, and where the network is bidirectional: the backward direction
    /// starts at the end of the sequence.
    pub fn step(
        &self,
        x_t: Tensor<2>,
        state: Option<RecurrentState<C::State>>,
    ) -> (Tensor<2>, RecurrentState<C::State>) {
        self.stack.step(x_t, state)
    }

    /// A stream of so many sequences side by side, from zeros: it carries the state and has the parameters ready, for many
    /// steps of a network that no longer changes.
    ///
    /// # Panics
    ///
    /// Where the batch is zero, and where the network is bidirectional: the backward direction starts at the end of the
    /// sequence.
    pub fn stream(&self, batch: usize) -> Stream<C> {
        Stream::new(self.clone(), batch)
    }
}
