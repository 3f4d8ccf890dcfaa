//! The numbers that equations are written in: one text, many interpretations.

use core::ops::{Add, Div, Mul, Neg, Sub};

/// A number in the equations of a [`Definition`](super::Definition): a tensor, a vector of floats, a recorded operation, or
/// a float, depending on who reads the equations. It is differentiable in all of them.
///
/// Operations on values are recomputed in the backward pass from what they read. What a nonlinearity of a [`Sum`] gives is
/// kept instead, because the sum itself is not there any more.
///
/// Choices at run time have to be choices of *values* ([`choose`](Value::choose), [`apply`](Value::apply)), not of operations: the same
/// operations in the same order, whatever the options say. A choice that the compiler knows (a `const` parameter of the
/// definition's type) may be an `if`.
pub trait Value:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f32, Output = Self>
    + Sub<f32, Output = Self>
    + Mul<f32, Output = Self>
{
    /// A function of the value.
    #[must_use]
    fn apply(self, function: Function) -> Self;

    /// `ln x`.
    #[must_use]
    fn ln(self) -> Self;

    /// `√x`.
    #[must_use]
    fn sqrt(self) -> Self;

    /// `|x|`.
    #[must_use]
    fn abs(self) -> Self;

    /// The larger of the two; the gradient goes to it, to `other` where they are equal.
    #[must_use]
    fn max(self, other: Self) -> Self;

    /// The smaller of the two; the gradient goes to it, to `other` where they are equal.
    #[must_use]
    fn min(self, other: Self) -> Self;

    /// `self` where `on`, `other` where not. Both are computed.
    #[must_use]
    fn choose(self, on: bool, other: Self) -> Self;

    /// `1 / (1 + e^−x)`.
    #[must_use]
    #[inline(always)]
    fn sigmoid(self) -> Self {
        self.apply(Function::Sigmoid)
    }

    /// `tanh x`.
    #[must_use]
    #[inline(always)]
    fn tanh(self) -> Self {
        self.apply(Function::Tanh)
    }

    /// `max(x, 0)`.
    #[must_use]
    #[inline(always)]
    fn relu(self) -> Self {
        self.apply(Function::Relu)
    }

    /// `e^x`.
    #[must_use]
    #[inline(always)]
    fn exp(self) -> Self {
        self.apply(Function::Exp)
    }

    /// `ln(1 + e^x)`.
    #[must_use]
    #[inline(always)]
    fn softplus(self) -> Self {
        self.apply(Function::Softplus)
    }

    /// `self · factor + summand`.
    #[must_use]
    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        self * factor + summand
    }

    /// `1 − x`.
    #[must_use]
    #[inline(always)]
    fn one_minus(self) -> Self {
        -self + 1.0
    }

    /// A function of a sum, whose result is kept for the backward pass; where not `on`, the constant `otherwise`.
    #[doc(hidden)]
    #[must_use]
    fn kept(self, function: Function, on: bool, otherwise: f32) -> Self;

    /// `σ(self) · value`, of a sum `self`: one division where nothing is kept.
    #[doc(hidden)]
    #[must_use]
    #[inline(always)]
    fn gate(self, value: Self) -> Self {
        self.kept(Function::Sigmoid, true, 1.0) * value
    }

    /// `σ(self) · tanh(x)`, of a sum `self`: one division where nothing is kept. `sum` says that `x` is a sum, too.
    #[doc(hidden)]
    #[must_use]
    #[inline(always)]
    fn gate_tanh(self, x: Self, sum: bool) -> Self {
        let gate = self.kept(Function::Sigmoid, true, 1.0);
        let shown = if sum {
            x.kept(Function::Tanh, true, 1.0)
        } else {
            x.tanh()
        };
        gate * shown
    }
}

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

impl<V: Value> Add for Sum<V> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl<V: Value> Sub for Sum<V> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl<V: Value> Neg for Sum<V> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl<V: Value> Add<V> for Sum<V> {
    type Output = Self;

    #[inline(always)]
    fn add(self, value: V) -> Self {
        Self(self.0 + value)
    }
}

impl<V: Value> Sub<V> for Sum<V> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, value: V) -> Self {
        Self(self.0 - value)
    }
}

impl<V: Value> Mul<f32> for Sum<V> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, constant: f32) -> Self {
        Self(self.0 * constant)
    }
}

/// A function of one number whose slope follows from its value: what the backward pass has to keep is the value alone.
///
/// ONNX's names and parameters; the slope at a kink is the one on its right, but for [`Relu`](Function::Relu), which has
/// none there, as in Burn and PyTorch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Function {
    /// `x`.
    #[default]
    Identity,
    /// `1 / (1 + e^−x)`.
    Sigmoid,
    /// `tanh x`.
    Tanh,
    /// `max(x, 0)`.
    Relu,
    /// `e^x`.
    Exp,
    /// `ln(1 + e^x)`.
    Softplus,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `alpha · x + beta`.
    Affine {
        /// The slope.
        alpha: f32,
        /// The value at zero.
        beta: f32,
    },
    /// `x` where it is positive, `alpha · x` elsewhere; `alpha` is positive.
    LeakyRelu {
        /// The slope on the left.
        alpha: f32,
    },
    /// `x` where it is larger than `alpha`, else 0; `alpha` is not negative.
    ThresholdedRelu {
        /// The threshold.
        alpha: f32,
    },
    /// `alpha · tanh(beta · x)`; `alpha` is not zero.
    ScaledTanh {
        /// The largest value.
        alpha: f32,
        /// The scale of the argument.
        beta: f32,
    },
    /// `alpha · x + beta`, at least 0 and at most 1.
    HardSigmoid {
        /// The slope.
        alpha: f32,
        /// The value at zero.
        beta: f32,
    },
    /// `x` where it is positive, `alpha · (e^x − 1)` elsewhere.
    Elu {
        /// The distance of the lower bound from zero.
        alpha: f32,
    },
    /// `x`, at least `−limit` and at most `limit`: a clip.
    Clip {
        /// The largest absolute value.
        limit: f32,
    },
}
