//! The numbers that equations are written in: one text, many interpretations.

use core::ops::{Add, Div, Mul, Neg, Sub};

use super::function::{Binary, Function, Unary};

/// A number in the equations of a [`Definition`](super::Definition): a tensor, a vector of floats, a recorded operation, or
/// a float, depending on who reads the equations. It is differentiable in all of them.
///
/// Operations on values are recomputed in the backward pass from what they read. What a nonlinearity of a [`Sum`](super::Sum) gives is
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
    + Div<f32, Output = Self>
{
    /// A function of the value.
    #[must_use]
    fn apply(self, function: Function) -> Self;

    /// An operation on the value.
    #[must_use]
    fn unary(self, operation: Unary) -> Self;

    /// An operation on two values.
    #[must_use]
    fn binary(self, operation: Binary, other: Self) -> Self;

    /// A constant of the same kind.
    #[doc(hidden)]
    #[must_use]
    fn number(self, value: f32) -> Self;

    /// `self` where `on`, `other` where not. Both are computed and both are differentiated, the other with a gradient of zero: it has to
    /// have a finite slope there, since zero times no number is none.
    #[must_use]
    fn choose(self, on: bool, other: Self) -> Self;

    /// `ln x`.
    #[must_use]
    #[inline(always)]
    fn ln(self) -> Self {
        self.unary(Unary::Ln)
    }

    /// `√x`.
    #[must_use]
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.unary(Unary::Sqrt)
    }

    /// `|x|`.
    #[must_use]
    #[inline(always)]
    fn abs(self) -> Self {
        self.unary(Unary::Abs)
    }

    /// The larger of the two; the gradient goes to it, to `other` where they are equal.
    #[must_use]
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.binary(Binary::Max, other)
    }

    /// The smaller of the two; the gradient goes to it, to `other` where they are equal.
    #[must_use]
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.binary(Binary::Min, other)
    }

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

/// The operators of a kind of numbers, by its [`Value`].
macro_rules! operators {
    ([$($generics:tt)*] $numbers:ty) => {
        operators!([$($generics)*] $numbers, Add add);
        operators!([$($generics)*] $numbers, Sub sub);
        operators!([$($generics)*] $numbers, Mul mul);
        operators!([$($generics)*] $numbers, Div div);

        impl<$($generics)*> core::ops::Neg for $numbers {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                self.unary($crate::definition::Unary::Neg)
            }
        }
    };
    ([$($generics:tt)*] $numbers:ty, $operator:ident $method:ident) => {
        impl<$($generics)*> core::ops::$operator for $numbers {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.binary($crate::definition::Binary::$operator, other)
            }
        }

        impl<$($generics)*> core::ops::$operator<f32> for $numbers {
            type Output = Self;

            #[inline(always)]
            fn $method(self, constant: f32) -> Self {
                self.binary($crate::definition::Binary::$operator, self.number(constant))
            }
        }
    };
}
pub(crate) use operators;
