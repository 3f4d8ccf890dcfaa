//! The trait that every architecture implements: one time step.

use burn::module::{Module, ModuleDisplay, Param};
use burn::tensor::{Device, Tensor};
use burn_rnn_kernels::Steps;
use serde::{Serialize, de::DeserializeOwned};

use crate::scan::{scan_flipped, scan_steps};
use crate::scan_parts::scan_parts;
use crate::{
    CellState, ConfigError, Direction, GateRole, Initialization, Mode, Regularization, Sequences,
};

/// One time step of one architecture: parameters and `step(x_t, state) -> state`.
///
/// A cell whose equations a [`Definition`](crate::definition::Definition) can say is better a [`DefinedCell`](crate::DefinedCell), which is
/// a `Cell` by itself, and fused. What no definition can say implements this trait, and gets the [`Scan`](crate::Scan) over whole sequences,
/// [`Bidirectional`](crate::Bidirectional), [`Stacked`](crate::Stacked), streaming and truncated
/// back-propagation for nothing:
///
/// ```
/// use burn::module::{Module, Param};
/// use burn::nn::{Initializer, Linear, LinearConfig};
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_rnn::{Bidirectional, Cell, HiddenState, Layer, Merge, Scan, Stacked, StackedConfig};
///
/// /// Units that see their own past, in the order of their size: `h_t = relu(W x_t + u ⊙ sort(h_{t-1}) + b)`.
/// #[derive(Module, Debug)]
/// struct SortedCell {
///     input: Linear,
///     recurrent: Param<Tensor<1>>,
/// }
///
/// impl Cell for SortedCell {
///     type State = HiddenState;
///
///     fn d_input(&self) -> usize {
///         self.input.weight.dims()[0]
///     }
///     fn d_hidden(&self) -> usize {
///         self.recurrent.dims()[0]
///     }
///     fn zero_state(&self, batch: usize) -> HiddenState {
///         let u = self.recurrent.val();
///         HiddenState::new(Tensor::zeros([batch, self.d_hidden()], (&u.device(), u.dtype())))
///     }
///     fn step(&self, x_t: Tensor<2>, state: HiddenState) -> HiddenState {
///         let recurrent = self.recurrent.val().unsqueeze() * state.hidden.sort(1);
///         HiddenState::new(burn::tensor::activation::relu(self.input.forward(x_t) + recurrent))
///     }
/// }
///
/// let device = Device::default();
/// let cell = |d_input| SortedCell {
///     input: LinearConfig::new(d_input, 8).init(&device),
///     recurrent: Initializer::Uniform { min: 0.0, max: 1.0 }.init([8], &device),
/// };
/// let both = |d_input| Bidirectional::new(Scan::new(cell(d_input)), Scan::new(cell(d_input)), Merge::Concat);
/// let network = StackedConfig::new().init(vec![both(3), both(16)]);
///
/// let input = Tensor::random([2, 5, 3], Distribution::Default, &device);
/// let (output, _state) = network.forward(input, None);
/// assert_eq!(output.dims(), [2, 5, 16]);
/// ```
pub trait Cell: Module + ModuleDisplay {
    /// What the cell carries from step to step.
    type State: CellState;

    /// The number of features that a step reads.
    fn d_input(&self) -> usize;

    /// The number of features of `h_t`.
    fn d_hidden(&self) -> usize;

    /// The state before the first step: zeros, on the device and of the float type of the parameters.
    fn zero_state(&self, batch: usize) -> Self::State;

    /// Whether a state is known to be one of this cell for `batch` sequences. What is not accepted here is compared with
    /// [`zero_state`](Cell::zero_state) and refused with a message that shows both shapes.
    ///
    /// The default knows nothing. Override it where a step takes so little that making zeros to compare with counts.
    fn accepts(&self, _state: &Self::State, _batch: usize) -> bool {
        false
    }

    /// Whether [`step`](Cell::step) and the scans refuse an input and a state that do not fit, with the cell's name and both shapes or
    /// types: layers then leave it to them. The default does not, and layers check first.
    fn checks_by_itself(&self) -> bool {
        false
    }

    /// One time step: `x_t` is `[batch, d_input]`, the result holds `h_t` as
    /// [`CellState::hidden`], `[batch, d_hidden]`.
    fn step(&self, x_t: Tensor<2>, state: Self::State) -> Self::State;

    /// The cell ready for one step after another from a state on, as a [`Stream`](crate::Stream) runs it: on plain floats,
    /// its parameters packed once. The result must stay that of [`step`](Cell::step).
    ///
    /// The default is none: a stream then calls `step`.
    fn steps(&self, _state: &Self::State) -> Option<Steps> {
        None
    }

    /// The cell run over a whole sequence: `[batch, time, d_input]` in, all hidden states
    /// `[batch, time, d_hidden]` and the final state out. The time is at least one.
    ///
    /// The default calls [`step`](Cell::step) once a time step. Override it by [`scan_hoisted`](crate::scan_hoisted) where work that does
    /// not depend on the state can be done for many steps at once, above all the product with the input; the result must stay the same:
    ///
    /// ```
    /// use burn::module::{Module, Param};
    /// use burn::nn::{Initializer, Linear, LinearConfig};
    /// use burn::tensor::{Device, Distribution, Tensor};
    /// use burn_rnn::{Cell, HiddenState, Layer, Scan, scan_hoisted, scan_steps};
    ///
    /// /// `h_t = tanh(W x_t + b + U h_{t-1})`.
    /// #[derive(Module, Debug)]
    /// struct PlainCell {
    ///     input: Linear,
    ///     recurrent: Param<Tensor<2>>,
    /// }
    ///
    /// impl PlainCell {
    ///     /// What is left of a step once `W x_t + b` is there.
    ///     fn after_input(&self, side: Tensor<2>, state: HiddenState) -> HiddenState {
    ///         HiddenState::new((side + state.hidden.matmul(self.recurrent.val())).tanh())
    ///     }
    /// }
    ///
    /// impl Cell for PlainCell {
    ///     type State = HiddenState;
    ///
    ///     fn d_input(&self) -> usize {
    ///         self.input.weight.dims()[0]
    ///     }
    ///     fn d_hidden(&self) -> usize {
    ///         self.recurrent.dims()[0]
    ///     }
    ///     fn zero_state(&self, batch: usize) -> HiddenState {
    ///         let u = self.recurrent.val();
    ///         HiddenState::zeros(batch, self.d_hidden(), (&u.device(), u.dtype()))
    ///     }
    ///     fn step(&self, x_t: Tensor<2>, state: HiddenState) -> HiddenState {
    ///         self.after_input(self.input.forward(x_t), state)
    ///     }
    ///     fn scan(&self, input: Tensor<3>, state: HiddenState) -> (Tensor<3>, HiddenState) {
    ///         let sides = |piece| self.input.forward(piece); // [batch, some steps, d_hidden]
    ///         scan_hoisted(input, state, sides, |side, state| self.after_input(side, state))
    ///     }
    /// }
    ///
    /// let device = Device::default().autodiff();
    /// let layer = Scan::new(PlainCell {
    ///     input: LinearConfig::new(3, 8).init(&device),
    ///     recurrent: Initializer::Orthogonal { gain: 1.0 }.init([8, 8], &device),
    /// });
    /// let input = Tensor::random([4, 50, 3], Distribution::Default, &device);
    /// let (output, state) = layer.forward(input.clone(), None);
    ///
    /// let stepped = |x_t, state| layer.cell.step(x_t, state);
    /// let (expected, _) = scan_steps(input, layer.zero_state(4), stepped);
    /// let difference: f32 = (output - expected).abs().max().into_scalar();
    /// assert!(difference < 1e-5);
    /// ```
    fn scan(&self, input: Tensor<3>, state: Self::State) -> (Tensor<3>, Self::State) {
        scan_steps(input, state, |x_t, state| self.step(x_t, state))
    }

    /// [`scan`](Cell::scan) from the last step to the first: outputs stand at the step of their input, and the final
    /// state is the one after the first step of the sequence.
    ///
    /// The default scans the sequence turned around. Override it where the cell can run against time
    /// without turning anything; the result must stay the same.
    fn scan_reversed(&self, input: Tensor<3>, state: Self::State) -> (Tensor<3>, Self::State) {
        scan_flipped(self, input, state)
    }

    /// [`scan`](Cell::scan) or [`scan_reversed`](Cell::scan_reversed) over sequences that end, or begin anew, at steps of their
    /// own: each gives what it gives alone. Outputs after the end of a sequence are zero and its state stays as it was; before a
    /// step with a [reset](crate::Resets), against time after it, the state is [`zero_state`](Cell::zero_state). Padding reaches
    /// neither outputs nor states nor gradients, even where it is no number.
    ///
    /// The default scans the parts between such steps one after another, over the sequences alone that have steps there. Override
    /// it where the cell can do all of it at once; the result must stay the same.
    ///
    /// # Panics
    ///
    /// Where the lengths or resets are not those of the input; the message shows both.
    fn scan_with(
        &self,
        input: Tensor<3>,
        state: Self::State,
        sequences: &Sequences,
        direction: Direction,
    ) -> (Tensor<3>, Self::State) {
        sequences.check(self.name(), input.dims());
        let scan = |input, state| match direction {
            Direction::Forward => self.scan(input, state),
            Direction::Backward => self.scan_reversed(input, state),
        };
        if sequences.are_whole(input.dims()[1]) {
            return scan(input, state);
        }
        let initial = |batch| self.zero_state(batch);
        scan_parts(self, input, state, sequences, direction, scan, initial)
    }

    /// Whether the cell takes regularizers, checked before a layer is made with them.
    ///
    /// The default takes what works outside a step: dropout of the input.
    ///
    /// # Errors
    ///
    /// Where a setting is not a probability, or is not for this cell; the error says why.
    fn check_regularization(&self, regularization: &Regularization) -> Result<(), ConfigError> {
        regularization.check(self.name(), &["input_dropout"])
    }

    /// [`scan_with`](Cell::scan_with) with the regularizers that work inside a step. Only called where some do, and with those that
    /// [`check_regularization`](Cell::check_regularization) accepts.
    fn scan_regularized(
        &self,
        input: Tensor<3>,
        state: Self::State,
        sequences: &Sequences,
        direction: Direction,
        _regularization: &Regularization,
        _mode: Mode,
    ) -> (Tensor<3>, Self::State) {
        self.scan_with(input, state, sequences, direction)
    }

    /// [`step`](Cell::step) with the regularizers that work inside a step, as [`scan_regularized`](Cell::scan_regularized).
    fn step_regularized(
        &self,
        x_t: Tensor<2>,
        state: Self::State,
        _regularization: &Regularization,
        _mode: Mode,
    ) -> Self::State {
        self.step(x_t, state)
    }

    /// [`steps`](Cell::steps) with what the regularizers are in evaluation.
    fn steps_regularized(
        &self,
        state: &Self::State,
        _regularization: &Regularization,
    ) -> Option<Steps> {
        self.steps(state)
    }

    /// The name that error messages use; the type's own by default.
    fn name(&self) -> &'static str {
        let path = core::any::type_name::<Self>();
        path.rsplit("::").next().unwrap_or(path)
    }
}

/// The settings that make one kind of cell; what [`RecurrentConfig`](crate::RecurrentConfig) is
/// generic over.
///
/// Implement it beside [`Cell`] to get the one-stop configuration (layers, directions, dropout,
/// residual skips, `serde`) for a cell of your own. The default value is the architecture's
/// usual form.
pub trait CellOptions:
    Clone + core::fmt::Debug + Default + PartialEq + Send + Serialize + DeserializeOwned
{
    /// The cell that these options make.
    type Cell: Cell;

    /// Refuses options that contradict each other or the given shape.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names what does not fit.
    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError>;

    /// The number of features that a cell of so many hidden units gives; as many, but for a cell that projects.
    fn d_output(&self, d_hidden: usize) -> usize {
        d_hidden
    }

    /// A cell with fresh parameters. Only called with what [`validate`](CellOptions::validate) accepts.
    fn init(&self, shape: &CellShape, device: &Device) -> Self::Cell;
}

/// What every cell is made from, whatever its architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct CellShape {
    /// The number of features that a step reads.
    pub d_input: usize,
    /// The number of hidden units.
    pub d_hidden: usize,
    /// Whether the cell has biases.
    pub bias: bool,
    /// How fresh parameters are drawn.
    pub initialization: Initialization,
}

impl CellShape {
    /// Fresh biases, `[roles · d_hidden]`, a block a gate; none where the cell has none.
    pub fn biases(&self, roles: &[GateRole], device: &Device) -> Option<Param<Tensor<1>>> {
        let bias = || self.initialization.bias(self.d_hidden, roles, device);
        self.bias.then(bias)
    }
}
