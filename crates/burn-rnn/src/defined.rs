//! Cells by their definition.

use burn::module::{Module, ModuleDisplay, Param};
use burn::tensor::{DType, Tensor};
use burn_rnn_kernels::{Engine, Inputs, Steps, Timing, scan};

use crate::layer::check_type;
use crate::regularization::taken;
use crate::regularized::{run, steps_in_evaluation};
use crate::{Cell, CellState, ConfigError, Direction, Mode, Regularization, Sequences, State};

/// A cell whose equations are a [`Definition`](crate::definition::Definition): parameters, and the engine that runs them.
///
/// It is a [`Cell`]: scans in both directions, steps and streams run fused on Flex and NdArray in `f32`, and in tensor operations
/// everywhere else.
pub trait DefinedCell: Module + ModuleDisplay {
    /// What the cell carries from step to step.
    type State: DefinedState;

    /// The number of features that a step reads.
    fn d_input(&self) -> usize;

    /// The number of hidden units.
    fn d_hidden(&self) -> usize;

    /// The number of features of the output; [`d_hidden`](DefinedCell::d_hidden) but for a cell that projects.
    fn d_output(&self) -> usize {
        DefinedCell::d_hidden(self)
    }

    /// The engine of the cell's definition: `Engine::of(definition)`.
    fn engine(&self) -> Engine;

    /// Adds all parameters in the order of the declaration: `w_input` and the bias, then the others; those that are not there by
    /// [`add_optional`](Parameters::add_optional).
    fn parameters(&self, to: &mut Parameters);
}

/// The parameters of a cell as its engine reads them.
pub struct Parameters(pub(crate) Inputs);

impl Parameters {
    /// Adds the next parameter.
    #[inline]
    pub fn add<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.0.push(Some(parameter.val()));
    }

    /// Adds the next parameter where it is there, and that it is not where it is not: a declared parameter is never left out.
    #[inline]
    pub fn add_optional<const D: usize>(&mut self, parameter: Option<&Param<Tensor<D>>>) {
        self.0.push(parameter.map(Param::val));
    }

    /// Adds the next parameter as a tensor that was made of others: with `U − Uᵀ` in the place of `U`, for instance.
    #[inline]
    pub fn add_tensor<const D: usize>(&mut self, tensor: Option<Tensor<D>>) {
        self.0.push(tensor);
    }
}

/// The state of a [`DefinedCell`], as the tensors of its declaration.
pub trait DefinedState: CellState {
    /// The tensors of the state, in the order of the declaration. One that is not there starts from its initial value.
    fn into_tensors(self) -> Vec<Option<Tensor<2>>>;

    /// The reverse of [`into_tensors`](DefinedState::into_tensors).
    fn from_tensors(tensors: Vec<Tensor<2>>) -> Self;
}

#[inline]
pub(crate) fn inputs<C: DefinedCell, const D: usize>(
    cell: &C,
    engine: &Engine,
    x: Tensor<D>,
    state: C::State,
) -> Parameters {
    // Filled where it stands: to move it takes as long as to fill it.
    let mut all = Parameters(Inputs::new(x).of(core::any::type_name::<C>()));
    push_states(cell, engine, state, &mut all.0);
    cell.parameters(&mut all);
    check_types(|| Cell::name(cell), &all.0, engine.states());
    all
}

/// Adds the tensors of a state.
///
/// # Panics
///
/// Where it has one that the cell does not carry.
#[inline]
pub(crate) fn push_states<C: DefinedCell>(
    cell: &C,
    engine: &Engine,
    state: C::State,
    to: &mut Inputs,
) {
    // What is not given starts from its initial value.
    let mut tensors = state.into_tensors().into_iter();
    for _ in 0..engine.states() {
        to.push(tensors.next().flatten());
    }
    if let Some(other) = tensors.flatten().next() {
        panic!(
            "{}: the state has a tensor of shape {:?} that the cell does not carry, expected {} tensors: give the state of a network with the \
             same settings",
            Cell::name(cell),
            other.dims(),
            engine.states()
        );
    }
}

/// Panics with both types where the input, a state or a parameter is not of the parameters' type.
#[inline]
pub(crate) fn check_types(name: impl Fn() -> &'static str, inputs: &Inputs, states: usize) {
    if inputs.is_of_one_type() {
        return;
    }
    let types = || inputs.types().map(|dtype| dtype.map(computed));
    let Some(expected) = types().skip(1 + states).flatten().next() else {
        return;
    };
    let mut others = types().enumerate();
    let misfit = others.find_map(|(index, dtype)| Some((index, dtype.filter(|&d| d != expected)?)));
    if let Some((index, given)) = misfit {
        let what = match index {
            0 => "the input",
            index if index <= states => "the state",
            _ => "a parameter",
        };
        check_type(name, what, given, expected);
    }
}

/// The type that floats are computed with: quantized ones are read as floats of 32 bits.
fn computed(dtype: DType) -> DType {
    if dtype.is_float() { dtype } else { DType::F32 }
}

/// A scan over sequences with directions, lengths and resets.
fn scan_timed<C: DefinedCell>(
    cell: &C,
    input: Tensor<3>,
    state: C::State,
    timing: Timing,
) -> (Tensor<3>, C::State) {
    let engine = cell.engine();
    let inputs = inputs(cell, &engine, input, state).0;
    let results = scan(&engine, &inputs, timing);
    (results.output, C::State::from_tensors(results.states))
}

impl<C: DefinedCell> Cell for C {
    type State = C::State;

    fn d_input(&self) -> usize {
        DefinedCell::d_input(self)
    }

    fn d_hidden(&self) -> usize {
        DefinedCell::d_output(self)
    }

    fn zero_state(&self, batch: usize) -> C::State {
        // The parameters say where, and of which type.
        let mut parameters = Parameters(Inputs::none());
        self.parameters(&mut parameters);
        let (device, dtype) = parameters.0.options().expect("a cell has parameters");
        let dtype = computed(dtype);
        let engine = self.engine();
        let (d_hidden, d_output) = (DefinedCell::d_hidden(self), DefinedCell::d_output(self));
        let states = engine.initial_states(batch, d_hidden, d_output);
        let states = states.map(|(shape, value)| Tensor::full(shape, value, (&device, dtype)));
        C::State::from_tensors(states.collect())
    }

    fn accepts(&self, state: &C::State, batch: usize) -> bool {
        let (d_hidden, d_output) = (DefinedCell::d_hidden(self), DefinedCell::d_output(self));
        let engine = self.engine();
        let mut expected = engine.initial_states(batch, d_hidden, d_output);
        let mut shapes = state.shapes().into_iter();
        // The last ones may be left out: they start from their initial values.
        shapes.all(|shape| {
            expected
                .next()
                .is_some_and(|(expected, _)| expected == shape)
        })
    }

    fn checks_by_itself(&self) -> bool {
        true
    }

    fn step(&self, x_t: Tensor<2>, state: C::State) -> C::State {
        let engine = self.engine();
        let inputs = inputs(self, &engine, x_t, state).0;
        let results = scan::<2>(&engine, &inputs, Timing::default());
        C::State::from_tensors(results.states)
    }

    fn steps(&self, state: &C::State) -> Option<Steps> {
        steps_in_evaluation(self, state, &Regularization::default())
    }

    fn check_regularization(&self, regularization: &Regularization) -> Result<(), ConfigError> {
        regularization.check(self.name(), &taken(&self.engine()))
    }

    fn scan_regularized(
        &self,
        input: Tensor<3>,
        state: C::State,
        sequences: &Sequences,
        direction: Direction,
        regularization: &Regularization,
        mode: Mode,
    ) -> (Tensor<3>, C::State) {
        sequences.check(self.name(), input.dims());
        let timing = sequences.timing(input.dims()[1], direction);
        let results = run(self, input, state, timing, regularization, mode);
        (results.output, C::State::from_tensors(results.states))
    }

    fn step_regularized(
        &self,
        x_t: Tensor<2>,
        state: C::State,
        regularization: &Regularization,
        mode: Mode,
    ) -> C::State {
        let timing = Timing::default();
        let results = run(self, x_t, state, timing, regularization, mode);
        C::State::from_tensors(results.states)
    }

    fn steps_regularized(
        &self,
        state: &C::State,
        regularization: &Regularization,
    ) -> Option<Steps> {
        steps_in_evaluation(self, state, regularization)
    }

    fn scan(&self, input: Tensor<3>, state: C::State) -> (Tensor<3>, C::State) {
        scan_timed(self, input, state, Timing::default())
    }

    fn scan_reversed(&self, input: Tensor<3>, state: C::State) -> (Tensor<3>, C::State) {
        let timing = Timing {
            reverse: true,
            ..Timing::default()
        };
        scan_timed(self, input, state, timing)
    }

    fn scan_with(
        &self,
        input: Tensor<3>,
        state: C::State,
        sequences: &Sequences,
        direction: Direction,
    ) -> (Tensor<3>, C::State) {
        sequences.check(self.name(), input.dims());
        let timing = sequences.timing(input.dims()[1], direction);
        scan_timed(self, input, state, timing)
    }
}

/// Declares a state of named tensors `[batch, features]`, in the order of the definition's declaration; the first is the output.
///
/// ```
/// burn_rnn::tensor_state! {
///     /// The state of an oscillator.
///     pub struct OscillatorState {
///         /// The positions: the output.
///         position,
///         /// The velocities.
///         velocity,
///     }
/// }
/// ```
#[macro_export]
macro_rules! tensor_state {
    ($(#[$about:meta])* pub struct $name:ident { $(#[$about_first:meta])* $first:ident, $($(#[$about_other:meta])* $other:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $(#[$about_first])*
            pub $first: $crate::__private::Tensor<2>,
            $($(#[$about_other])* pub $other: $crate::__private::Tensor<2>,)*
        }

        impl $crate::State for $name {
            fn map(
                self,
                f: &mut dyn FnMut($crate::__private::Tensor<2>) -> $crate::__private::Tensor<2>,
            ) -> Self {
                Self {
                    $first: f(self.$first),
                    $($other: f(self.$other),)*
                }
            }
        }

        impl $crate::CellState for $name {
            fn hidden(&self) -> $crate::__private::Tensor<2> {
                self.$first.clone()
            }
        }

        impl $crate::DefinedState for $name {
            fn into_tensors(self) -> Vec<Option<$crate::__private::Tensor<2>>> {
                vec![Some(self.$first), $(Some(self.$other),)*]
            }

            fn from_tensors(tensors: Vec<$crate::__private::Tensor<2>>) -> Self {
                let mut tensors = tensors.into_iter();
                let mut next = |name: &str| match tensors.next() {
                    Some(tensor) => tensor,
                    None => panic!("{}: the state has no {name}", stringify!($name)),
                };
                Self {
                    $first: next(stringify!($first)),
                    $($other: next(stringify!($other)),)*
                }
            }
        }
    };
}
