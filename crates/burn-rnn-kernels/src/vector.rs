//! Loads, stores and activations of one vector of `f32`.

use core::any::TypeId;

use pulp::Simd;

use crate::level::Portable;

/// Loads a vector.
///
/// # Safety
///
/// `from` must be readable for [`Simd::F32_LANES`] floats.
#[inline(always)]
pub(crate) unsafe fn load<S: Simd>(_: S, from: *const f32) -> S::f32s {
    // SAFETY: readable as promised; vectors are plain data and the read needs no alignment.
    unsafe { from.cast::<S::f32s>().read_unaligned() }
}

/// Stores a vector.
///
/// # Safety
///
/// `to` must be writable for [`Simd::F32_LANES`] floats.
#[inline(always)]
pub(crate) unsafe fn store<S: Simd>(_: S, to: *mut f32, value: S::f32s) {
    // SAFETY: writable as promised; the write needs no alignment.
    unsafe { to.cast::<S::f32s>().write_unaligned(value) }
}

/// Loads the first `n` lanes, zeros in the others.
///
/// # Safety
///
/// `from` must be readable for `n` floats or, where there are fewer, a vector's.
#[inline(always)]
pub(crate) unsafe fn load_first<S: Simd>(simd: S, from: *const f32, n: usize) -> S::f32s {
    if n >= S::F32_LANES {
        // SAFETY: readable as promised.
        return unsafe { load(simd, from) };
    }
    // SAFETY: readable as promised.
    simd.partial_load_f32s(unsafe { core::slice::from_raw_parts(from, n) })
}

/// Stores the first `n` lanes.
///
/// # Safety
///
/// `to` must be writable for `n` floats or, where there are fewer, a vector's.
#[inline(always)]
pub(crate) unsafe fn store_first<S: Simd>(simd: S, to: *mut f32, n: usize, value: S::f32s) {
    if n >= S::F32_LANES {
        // SAFETY: writable as promised.
        return unsafe { store(simd, to, value) };
    }
    // SAFETY: writable as promised.
    simd.partial_store_f32s(unsafe { core::slice::from_raw_parts_mut(to, n) }, value);
}

/// Whether this is the level of no instructions in particular.
#[inline(always)]
pub(crate) fn is_portable<S: Simd>() -> bool {
    TypeId::of::<S>() == TypeId::of::<Portable>()
}

/// `a · b + c`, rounded once where the level has an instruction for it and twice where it has none: the library call that rounds
/// once takes a hundred times as long.
#[inline(always)]
pub(crate) fn fma<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if is_portable::<S>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}

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
fn clamp<S: Simd>(simd: S, x: S::f32s, least: f32, most: f32) -> S::f32s {
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

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::level::Level;

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
