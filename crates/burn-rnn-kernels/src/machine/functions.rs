//! Functions of one vector of `f32`, and their slopes.

use pulp::Simd;

use super::vector::{fma, is_portable};

/// `1.5 · 2^23`: added to a float of modest size it rounds it to an integer, which then stands in
/// the low bits.
const ROUNDER: f32 = 12_582_912.0;

/// `2^n` and `q` with `e^x = 2^n (1 + q)`, for `x` from −87 to 89; the power is infinite from 88.4 on. `x` that is no number
/// gives a `q` that is none.
///
/// `x = n ln 2 + r` with `|r| ≤ ln 2 / 2`, and `q = e^r − 1 = r + r² p(r)`, which keeps all its digits where `x` is small;
/// the polynomial has the smallest largest relative error of `q` (1.4e-8).
#[inline(always)]
fn exponential_parts<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let log2_e = simd.splat_f32s(core::f32::consts::LOG2_E);
    let rounder = simd.splat_f32s(ROUNDER);
    let rounded = fma(simd, x, log2_e, rounder);
    let n = simd.sub_f32s(rounded, rounder);
    // ln 2 in two parts, the first with few enough digits that n times it is exact.
    let r = fma(simd, n, simd.splat_f32s(-0.693_359_4), x);
    let r = fma(simd, n, simd.splat_f32s(2.121_944_4e-4), r);
    let mut p = simd.splat_f32s(1.388_251_6e-3);
    for coefficient in [8.366_547e-3, 4.166_72e-2, 0.166_665_43, 0.499_999_97] {
        p = fma(simd, p, r, simd.splat_f32s(coefficient));
    }
    let q = fma(simd, simd.mul_f32s(r, r), p, r);
    // The low bits of `rounded` hold n; moved to where a float has its exponent and added to one.
    let exponent = simd.wrapping_dyn_shl_u32s(
        simd.transmute_u32s_f32s(rounded),
        simd.splat_u32s(f32::MANTISSA_DIGITS - 1),
    );
    let one = simd.transmute_u32s_f32s(simd.splat_f32s(1.0));
    let power = simd.add_u32s(one, exponent);
    (simd.transmute_f32s_u32s(power), q)
}

/// `x`, but at least `least` and at most `most`; what is no number stays so.
#[inline(always)]
pub(crate) fn clamp<S: Simd>(simd: S, x: S::f32s, least: f32, most: f32) -> S::f32s {
    // The instructions give their second operand where one of the two is no number (x86), or no number (ARM); Rust's
    // functions on floats, which the portable level uses, give the operand that is one.
    let clamped = simd.min_f32s(simd.splat_f32s(most), x);
    let clamped = simd.max_f32s(simd.splat_f32s(least), clamped);
    if is_portable::<S>() {
        keep_nan(simd, x, clamped)
    } else {
        clamped
    }
}

/// `value` where `x` is a number, `x` where it is not.
#[inline(always)]
fn keep_nan<S: Simd>(simd: S, x: S::f32s, value: S::f32s) -> S::f32s {
    simd.select_f32s(simd.equal_f32s(x, x), value, x)
}

/// `1 + e^−x`, of which the sigmoid is the reciprocal.
#[inline(always)]
fn sigmoid_denominator<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    // Above 88.4 the power of two is infinite and the sigmoid zero; below −87 it is one to the last digit.
    let (power, q) = exponential_parts(simd, clamp(simd, simd.neg_f32s(x), -87.0, 89.0));
    let exponential = simd.mul_f32s(power, simd.add_f32s(one, q));
    simd.add_f32s(one, exponential)
}

/// `e^2x − 1` and `e^2x + 1`, of which tanh is the quotient.
#[inline(always)]
fn tanh_fraction<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    // tanh(10) is one to the last digit.
    let (power, q) = exponential_parts(simd, clamp(simd, simd.add_f32s(x, x), -20.0, 20.0));
    // With all its digits near zero.
    let e = fma(simd, power, q, simd.sub_f32s(power, simd.splat_f32s(1.0)));
    (e, simd.add_f32s(e, simd.splat_f32s(2.0)))
}

/// `1 / (1 + e^−x)`.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    simd.div_f32s(simd.splat_f32s(1.0), sigmoid_denominator(simd, x))
}

/// `tanh(x)`.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (numerator, denominator) = tanh_fraction(simd, x);
    simd.div_f32s(numerator, denominator)
}

/// `sigmoid(a) · value`, with one division.
#[inline(always)]
pub(crate) fn gate<S: Simd>(simd: S, a: S::f32s, value: S::f32s) -> S::f32s {
    simd.div_f32s(value, sigmoid_denominator(simd, a))
}

/// `sigmoid(a) · tanh(x)`, with one division. Where the gate is below 1e-29, all of it that is left may be zero.
#[inline(always)]
pub(crate) fn gate_tanh<S: Simd>(simd: S, a: S::f32s, x: S::f32s) -> S::f32s {
    let (numerator, denominator) = tanh_fraction(simd, x);
    let denominator = simd.mul_f32s(sigmoid_denominator(simd, a), denominator);
    simd.div_f32s(numerator, denominator)
}

/// `max(x, 0)`.
#[inline(always)]
pub(crate) fn relu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    keep_nan(simd, x, simd.max_f32s(x, zero))
}

/// `e^x`; zero below −87.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (power, q) = exponential_parts(simd, clamp(simd, x, -87.0, 89.0));
    let value = fma(simd, power, q, power);
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_f32s(x, simd.splat_f32s(-87.0)), zero, value)
}

/// `e^x − 1`, with all its digits near zero, for `x` up to 88.
#[inline(always)]
pub(crate) fn exp_minus_one<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let (power, q) = exponential_parts(simd, clamp(simd, x, -87.0, 88.0));
    fma(simd, power, q, simd.sub_f32s(power, simd.splat_f32s(1.0)))
}

/// `ln x` of what is not negative and no denormal number: −∞ at zero.
///
/// `x = 2^n m` with `m` from √½ to √2, and a polynomial of `m − 1` (Cephes).
#[inline(always)]
pub(crate) fn ln<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    let bits = simd.transmute_u32s_f32s(x);
    let mantissa = simd.and_u32s(bits, simd.splat_u32s(0x007f_ffff));
    let mantissa = simd.or_u32s(mantissa, simd.splat_u32s(0x3f00_0000));
    let mut m = simd.transmute_f32s_u32s(mantissa); // from ½ to 1
    // The exponent's bits in the low digits of 2^23 are the exponent as a float, 2^23 more.
    let exponent = simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(23));
    let exponent = simd.or_u32s(exponent, simd.splat_u32s(0x4b00_0000));
    let mut n = simd.sub_f32s(
        simd.transmute_f32s_u32s(exponent),
        splat(8_388_608.0 + 126.0),
    );
    let is_small = simd.less_than_f32s(m, splat(core::f32::consts::FRAC_1_SQRT_2));
    n = simd.select_f32s(is_small, simd.sub_f32s(n, splat(1.0)), n);
    m = simd.select_f32s(is_small, simd.add_f32s(m, m), m);
    let m = simd.sub_f32s(m, splat(1.0));
    let square = simd.mul_f32s(m, m);
    let mut p = splat(7.037_683_6e-2);
    for coefficient in [
        -0.115_146_1,
        0.116_769_98,
        -0.124_201_41,
        0.142_493_23,
        -0.166_680_57,
        0.200_007_14,
        -0.249_999_94,
        0.333_333_3,
    ] {
        p = fma(simd, p, m, splat(coefficient));
    }
    let mut y = simd.mul_f32s(simd.mul_f32s(p, m), square);
    y = fma(simd, n, splat(-2.121_944_4e-4), y);
    y = fma(simd, square, splat(-0.5), y);
    let y = fma(simd, n, splat(0.693_359_4), simd.add_f32s(m, y));
    let infinity = splat(f32::INFINITY);
    let y = simd.select_f32s(simd.equal_f32s(x, splat(0.0)), splat(f32::NEG_INFINITY), y);
    let y = simd.select_f32s(simd.equal_f32s(x, infinity), infinity, y);
    let y = simd.select_f32s(simd.less_than_f32s(x, splat(0.0)), splat(f32::NAN), y);
    keep_nan(simd, x, y)
}

/// `ln(1 + e^x)`.
#[inline(always)]
pub(crate) fn softplus<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    let e = exp(simd, simd.neg_f32s(simd.abs_f32s(x)));
    // 1 + e rounds; what is lost of e is put back.
    let sum = simd.add_f32s(one, e);
    let lost = simd.sub_f32s(e, simd.sub_f32s(sum, one));
    let logarithm = simd.add_f32s(ln(simd, sum), simd.div_f32s(lost, sum));
    simd.add_f32s(relu(simd, x), logarithm)
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::machine::level::Level;

    #[derive(Clone, Copy)]
    enum Function {
        Sigmoid,
        Tanh,
        Relu,
    }

    struct Apply<'a>(Function, &'a mut [f32]);

    impl WithSimd for Apply<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for chunk in self.1.chunks_mut(S::F32_LANES) {
                let x = simd.partial_load_f32s(chunk);
                let y = match self.0 {
                    Function::Sigmoid => sigmoid(simd, x),
                    Function::Tanh => tanh(simd, x),
                    Function::Relu => relu(simd, x),
                };
                simd.partial_store_f32s(chunk, y);
            }
        }
    }

    /// The distance of `value` from `exact` in units of the last place of `exact`.
    fn ulps(value: f32, exact: f64) -> f64 {
        let nearest = (exact as f32).abs().max(f32::MIN_POSITIVE);
        let ulp = f64::from(f32::from_bits(nearest.to_bits() + 1)) - f64::from(nearest);
        (f64::from(value) - exact).abs() / ulp
    }

    fn worst(
        level: Level,
        function: Function,
        exact: impl Fn(f64) -> f64,
        limit: f32,
    ) -> (f64, f32) {
        let mut worst = (0.0, 0.0);
        // Every 997th float of either sign up to the limit.
        let points: Vec<f32> = (0..limit.to_bits())
            .step_by(997)
            .flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)])
            .collect();
        let mut values = points.clone();
        level.run(Apply(function, &mut values));
        for (x, y) in points.iter().zip(values) {
            let error = ulps(y, exact(f64::from(*x)));
            if error > worst.0 {
                worst = (error, *x);
            }
        }
        worst
    }

    #[test]
    fn tanh_is_within_three_units_in_the_last_place() {
        for level in Level::available() {
            let (error, x) = worst(level, Function::Tanh, f64::tanh, 100.0);
            assert!(error <= 3.0, "{level:?}: {error} ulp at {x}");
        }
    }

    #[test]
    fn sigmoid_is_within_three_units_in_the_last_place() {
        for level in Level::available() {
            let exact = |x: f64| 1.0 / (1.0 + (-x).exp());
            let (error, x) = worst(level, Function::Sigmoid, exact, 86.0);
            assert!(error <= 3.0, "{level:?}: {error} ulp at {x}");
        }
    }

    #[test]
    fn what_is_no_number_stays_so_and_the_ends_are_reached() {
        let points = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            1e4,
            -1e4,
            0.0,
            -0.0,
            1e-40,
        ];
        for level in Level::available() {
            for (function, expected) in [
                (
                    Function::Sigmoid,
                    [f32::NAN, 1.0, 0.0, 1.0, 0.0, 0.5, 0.5, 0.5],
                ),
                (
                    Function::Tanh,
                    [f32::NAN, 1.0, -1.0, 1.0, -1.0, 0.0, 0.0, 1e-40],
                ),
                (
                    Function::Relu,
                    [f32::NAN, f32::INFINITY, 0.0, 1e4, 0.0, 0.0, 0.0, 1e-40],
                ),
            ] {
                let mut values = points;
                level.run(Apply(function, &mut values));
                for ((x, y), expected) in points.iter().zip(values).zip(expected) {
                    let same = y == expected
                        || (y - expected).abs() < 1e-44
                        || (y.is_nan() && expected.is_nan());
                    assert!(same, "{level:?}: {y} at {x}, expected {expected}");
                }
            }
        }
    }
}
