//! Loads, stores and sums of one vector of `f32`.

use core::any::TypeId;

use pulp::Simd;

use super::level::Portable;

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

/// `a · b + c`, rounded once where the level has an instruction for it, else twice: the library call that rounds once takes a hundred
/// times as long.
#[inline(always)]
pub(crate) fn fma<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if is_portable::<S>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}

/// Whether this is the level of no instructions in particular.
#[inline(always)]
pub(crate) fn is_portable<S: Simd>() -> bool {
    TypeId::of::<S>() == TypeId::of::<Portable>()
}

/// Adds to a vector in memory.
///
/// # Safety
///
/// `sum` must be readable and writable for a vector.
#[inline(always)]
pub(crate) unsafe fn add_to<S: Simd>(simd: S, sum: *mut f32, value: S::f32s) {
    // SAFETY: as promised by the caller.
    unsafe { store(simd, sum, simd.add_f32s(load(simd, sum), value)) }
}
