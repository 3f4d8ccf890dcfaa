//! Pre-activations.

use core::ops::{Add, Mul, Neg, Sub};

use super::function::Function;
use super::value::Value;

/// A pre-activation: what the products of a step and the input side add up to, and what is added to it.
///
/// Its value is not there in the backward pass, unless [`value`](Sum::value) keeps it; what a function of it gives is kept. That
/// is why a sum can be added to and scaled by constants, but not multiplied with values.
#[derive(Clone, Copy, Debug)]
pub struct Sum<V>(pub(crate) V);

impl<V: Value> Sum<V> {
    /// `1 / (1 + e^−a)`.
    #[must_use]
    #[inline(always)]
    pub fn sigmoid(self) -> V {
        self.activate(Function::Sigmoid)
    }

    /// `tanh a`.
    #[must_use]
    #[inline(always)]
    pub fn tanh(self) -> V {
        self.activate(Function::Tanh)
    }

    /// `max(a, 0)`.
    #[must_use]
    #[inline(always)]
    pub fn relu(self) -> V {
        self.activate(Function::Relu)
    }

    /// `e^a`.
    #[must_use]
    #[inline(always)]
    pub fn exp(self) -> V {
        self.activate(Function::Exp)
    }

    /// `ln(1 + e^a)`.
    #[must_use]
    #[inline(always)]
    pub fn softplus(self) -> V {
        self.activate(Function::Softplus)
    }

    /// A function of the sum, which may be chosen at run time.
    #[must_use]
    #[inline(always)]
    pub fn activate(self, function: Function) -> V {
        self.0.kept(function, true, 0.0)
    }

    /// [`activate`](Sum::activate) where `on`, else the constant `otherwise`: for a gate that options take away.
    #[must_use]
    #[inline(always)]
    pub fn activate_if(self, on: bool, function: Function, otherwise: f32) -> V {
        self.0.kept(function, on, otherwise)
    }

    /// The sum itself, kept for the backward pass.
    #[must_use]
    #[inline(always)]
    pub fn value(self) -> V {
        self.activate(Function::Identity)
    }

    /// `σ(a) · value`; in inference with one division.
    #[must_use]
    #[inline(always)]
    pub fn gate(self, value: V) -> V {
        self.0.gate(value)
    }

    /// `σ(a) · tanh(x)` of a value `x`; in inference with one division.
    #[must_use]
    #[inline(always)]
    pub fn gate_tanh(self, x: V) -> V {
        self.0.gate_tanh(x, false)
    }

    /// `σ(a) · tanh(x)` of a sum `x`; in inference with one division.
    #[must_use]
    #[inline(always)]
    pub fn gate_tanh_of(self, x: Sum<V>) -> V {
        self.0.gate_tanh(x.0, true)
    }
}

macro_rules! operator {
    ($($operator:ident $method:ident<$other:ty>($term:ident) $term_value:expr;)*) => {$(
        impl<V: Value> $operator<$other> for Sum<V> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, $term: $other) -> Self {
                Self($operator::$method(self.0, $term_value))
            }
        }
    )*};
}

operator! {
    Add add<Sum<V>>(other) other.0;
    Sub sub<Sum<V>>(other) other.0;
    Add add<V>(value) value;
    Sub sub<V>(value) value;
    Mul mul<f32>(constant) constant;
}

impl<V: Value> Neg for Sum<V> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
