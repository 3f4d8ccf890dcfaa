//! What is made of a pre-activation: by a function that the compiler knows, or by one that is chosen at run time and reads it clipped.

use core::fmt::Debug;

use crate::Activation;
use crate::definition::{Function, Sum, Value};

/// A function of pre-activations, as equations have it.
pub(super) trait Activate: Copy + Debug + PartialEq + Send + Sync + 'static {
    fn of<V: Value>(&self, sum: Sum<V>) -> V;
}

/// The function at a place of [`FUNCTIONS`]: the compiler makes each its own loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Known<const PLACE: usize>;

const FUNCTIONS: [Function; 4] = [
    Function::Tanh,
    Function::Relu,
    Function::Sigmoid,
    Function::Identity,
];

pub(super) type Tanh = Known<0>;
pub(super) type Sigmoid = Known<2>;

impl<const PLACE: usize> Activate for Known<PLACE> {
    #[inline(always)]
    fn of<V: Value>(&self, sum: Sum<V>) -> V {
        sum.activate(FUNCTIONS[PLACE])
    }
}

/// Any function, and the bound of its argument: `−limit..limit`, ONNX's `clip`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chosen {
    function: Function,
    limit: Option<f32>,
}

impl Chosen {
    pub(super) fn new(activation: Activation, limit: Option<f32>) -> Self {
        Self {
            function: activation.function(),
            limit,
        }
    }

    /// [`of`](Activate::of) where `on`, else one: a gate that is open.
    #[inline(always)]
    pub(super) fn of_if<V: Value>(&self, on: bool, sum: Sum<V>) -> V {
        // The argument is kept, and the function computed once more in the backward pass: of it follows whether it was clipped.
        let argument = sum.activate_if(on, clip(self.limit), 1.0);
        argument.apply(if on {
            self.function
        } else {
            Function::Identity
        })
    }
}

impl Activate for Chosen {
    #[inline(always)]
    fn of<V: Value>(&self, sum: Sum<V>) -> V {
        sum.activate(clip(self.limit)).apply(self.function)
    }
}

/// A bound as a function.
#[inline(always)]
pub(super) fn clip(limit: Option<f32>) -> Function {
    match limit {
        Some(limit) => Function::Clip { limit },
        None => Function::Identity,
    }
}

/// The engine of equations of one function of one pre-activation: those that the compiler knows where nothing is clipped.
macro_rules! engine_by_activation {
    ($activation:expr, $clip:expr, $equations:ident) => {
        match ($activation, $clip) {
            (Activation::Tanh, None) => Engine::of($equations(Known::<0>)),
            (Activation::Relu, None) => Engine::of($equations(Known::<1>)),
            (Activation::Sigmoid, None) => Engine::of($equations(Known::<2>)),
            (Activation::Identity, None) => Engine::of($equations(Known::<3>)),
            (activation, clip) => Engine::of($equations(Chosen::new(activation, clip))),
        }
    };
}
pub(super) use engine_by_activation;
