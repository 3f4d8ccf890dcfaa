//! The operations of equations over vectors of `f32`, and their slopes.

use pulp::Simd;

use crate::definition::{Binary, Function, Unary};
use crate::machine::functions;
use crate::machine::vector::fma;

/// A function of a vector.
#[inline(always)]
pub(crate) fn apply<S: Simd>(simd: S, function: Function, x: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    match function {
        Function::Identity => x,
        Function::Sigmoid => functions::sigmoid(simd, x),
        Function::Tanh => functions::tanh(simd, x),
        Function::Relu => functions::relu(simd, x),
        Function::Exp => functions::exp(simd, x),
        Function::Softplus => functions::softplus(simd, x),
        Function::Softsign => simd.div_f32s(x, simd.add_f32s(splat(1.0), simd.abs_f32s(x))),
        Function::Affine { alpha, beta } => fma(simd, x, splat(alpha), splat(beta)),
        Function::LeakyRelu { alpha } => {
            let negative = simd.less_than_f32s(x, splat(0.0));
            simd.select_f32s(negative, simd.mul_f32s(x, splat(alpha)), x)
        }
        Function::ThresholdedRelu { alpha } => {
            let below = simd.less_than_or_equal_f32s(x, splat(alpha));
            simd.select_f32s(below, splat(0.0), x)
        }
        Function::ScaledTanh { alpha, beta } => simd.mul_f32s(
            splat(alpha),
            functions::tanh(simd, simd.mul_f32s(splat(beta), x)),
        ),
        Function::HardSigmoid { alpha, beta } => {
            functions::clamp(simd, fma(simd, x, splat(alpha), splat(beta)), 0.0, 1.0)
        }
        Function::Elu { alpha } => {
            let left = simd.mul_f32s(splat(alpha), functions::exp_minus_one(simd, x));
            simd.select_f32s(simd.less_than_f32s(x, splat(0.0)), left, x)
        }
        Function::Clip { limit } => functions::clamp(simd, x, -limit, limit),
    }
}

/// The slope of a function where its value is `y`.
#[inline(always)]
pub(crate) fn slope<S: Simd>(simd: S, function: Function, y: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    let (zero, one) = (splat(0.0), splat(1.0));
    match function {
        Function::Identity => one,
        Function::Sigmoid => simd.mul_f32s(y, simd.sub_f32s(one, y)),
        Function::Tanh => simd.sub_f32s(one, simd.mul_f32s(y, y)),
        // What is no number lets the gradient through, as in Burn.
        Function::Relu | Function::ThresholdedRelu { .. } => {
            simd.select_f32s(simd.less_than_or_equal_f32s(y, zero), zero, one)
        }
        Function::Exp => y,
        Function::Softplus => simd.neg_f32s(functions::exp_minus_one(simd, simd.neg_f32s(y))),
        Function::Softsign => {
            let rest = simd.sub_f32s(one, simd.abs_f32s(y));
            simd.mul_f32s(rest, rest)
        }
        Function::Affine { alpha, .. } => splat(alpha),
        Function::LeakyRelu { alpha } => {
            simd.select_f32s(simd.less_than_f32s(y, zero), splat(alpha), one)
        }
        Function::ScaledTanh { alpha, beta } => {
            let y = simd.mul_f32s(y, splat(1.0 / alpha));
            simd.mul_f32s(splat(alpha * beta), simd.sub_f32s(one, simd.mul_f32s(y, y)))
        }
        Function::HardSigmoid { alpha, .. } => {
            let low = simd.less_than_or_equal_f32s(y, zero);
            let slope = simd.select_f32s(low, zero, splat(alpha));
            simd.select_f32s(simd.less_than_or_equal_f32s(one, y), zero, slope)
        }
        Function::Elu { alpha } => {
            let left = simd.add_f32s(y, splat(alpha));
            simd.select_f32s(simd.less_than_f32s(y, zero), left, one)
        }
        Function::Clip { limit } => {
            let inside = simd.less_than_f32s(simd.abs_f32s(y), splat(limit));
            simd.select_f32s(inside, one, zero)
        }
    }
}

/// An operation on one vector.
#[inline(always)]
pub(crate) fn unary<S: Simd>(simd: S, operation: Unary, x: S::f32s) -> S::f32s {
    match operation {
        Unary::Neg => simd.neg_f32s(x),
        Unary::Ln => functions::ln(simd, x),
        Unary::Sqrt => simd.sqrt_f32s(x),
        Unary::Abs => simd.abs_f32s(x),
    }
}

/// Its slope at `x`, where its value is `y`.
#[inline(always)]
pub(crate) fn unary_slope<S: Simd>(simd: S, operation: Unary, x: S::f32s, y: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    match operation {
        Unary::Neg => splat(-1.0),
        Unary::Ln => simd.div_f32s(splat(1.0), x),
        Unary::Sqrt => simd.div_f32s(splat(0.5), y),
        Unary::Abs => {
            let zero = splat(0.0);
            let left = simd.less_than_f32s(x, zero);
            let slope = simd.select_f32s(left, splat(-1.0), splat(1.0));
            simd.select_f32s(simd.equal_f32s(x, zero), zero, slope)
        }
    }
}

/// An operation on two vectors.
#[inline(always)]
pub(crate) fn binary<S: Simd>(simd: S, operation: Binary, a: S::f32s, b: S::f32s) -> S::f32s {
    match operation {
        Binary::Add => simd.add_f32s(a, b),
        Binary::Sub => simd.sub_f32s(a, b),
        Binary::Mul => simd.mul_f32s(a, b),
        Binary::Div => simd.div_f32s(a, b),
        Binary::Max => simd.select_f32s(simd.less_than_or_equal_f32s(a, b), b, a),
        Binary::Min => simd.select_f32s(simd.less_than_or_equal_f32s(b, a), b, a),
    }
}

/// Its slopes towards `a` and `b`, where its value is `y`.
#[inline(always)]
pub(crate) fn binary_slopes<S: Simd>(
    simd: S,
    operation: Binary,
    a: S::f32s,
    b: S::f32s,
    y: S::f32s,
) -> (S::f32s, S::f32s) {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    let goes_to_b = |mask: S::m32s| {
        (
            simd.select_f32s(mask, zero, one),
            simd.select_f32s(mask, one, zero),
        )
    };
    match operation {
        Binary::Add => (one, one),
        Binary::Sub => (one, simd.splat_f32s(-1.0)),
        Binary::Mul => (b, a),
        Binary::Div => {
            let slope = simd.div_f32s(one, b);
            (slope, simd.neg_f32s(simd.mul_f32s(y, slope)))
        }
        Binary::Max => goes_to_b(simd.less_than_or_equal_f32s(a, b)),
        Binary::Min => goes_to_b(simd.less_than_or_equal_f32s(b, a)),
    }
}
