//! The gated recurrent unit with the reset gate after the recurrent product.

use pulp::Simd;

use crate::point_wise::{BackwardAt, ForwardAt, PointWise, sigmoid_slope, tanh_slope};
use crate::vector::{fma, load, load_first, sigmoid, store, tanh};

pub(crate) const RESET: usize = 0;
pub(crate) const UPDATE: usize = 1;
pub(crate) const NEW: usize = 2;
/// The slot beside the gates: `U_n h_{t-1} + b`, or with the reset before the product `r ⊙ h_{t-1}`.
pub(crate) const PRODUCT: usize = 3;

/// Keeps `r`, `z`, `n` and `U_n h_{t-1} + b`.
#[derive(Clone, Copy)]
pub(crate) struct Gru;

impl PointWise for Gru {
    const HAS_CELL: bool = false;
    const SPLIT_LAST: bool = true;

    fn gates(&self) -> usize {
        3
    }

    fn slots(&self) -> usize {
        4
    }

    #[inline(always)]
    unsafe fn forward<S: Simd>(&self, simd: S, at: ForwardAt) {
        // SAFETY: the fields of `at` are valid, as the caller promises.
        unsafe {
            let reset = sigmoid(simd, at.product(simd, RESET));
            let update = sigmoid(simd, at.product(simd, UPDATE));
            let product = at.product(simd, NEW);
            let new = fma(simd, reset, product, at.input_side(simd, NEW));
            let new = tanh(simd, new);
            let hidden = load(simd, at.hidden);
            at.keep(simd, RESET, reset);
            at.keep(simd, UPDATE, update);
            at.keep(simd, NEW, new);
            at.keep(simd, PRODUCT, product);
            store(simd, at.next, mix(simd, update, hidden, new));
        }
    }

    #[inline(always)]
    unsafe fn backward<S: Simd>(&self, simd: S, at: BackwardAt) {
        // SAFETY: the fields of `at` are valid, as the caller promises.
        unsafe {
            let reset = at.kept(simd, RESET);
            let product = at.kept(simd, PRODUCT);
            let (d_update, d_new) = backward_of_mix(simd, &at);
            let d_product = simd.mul_f32s(d_new, reset);
            let d_reset = simd.mul_f32s(simd.mul_f32s(d_new, product), sigmoid_slope(simd, reset));
            at.put(simd, RESET, d_reset);
            at.put(simd, UPDATE, d_update);
            at.put(simd, NEW, d_new);
            at.put(simd, PRODUCT, d_product);
            at.put_recurrent(simd, RESET, d_reset);
            at.put_recurrent(simd, UPDATE, d_update);
            at.put_recurrent(simd, NEW, d_product);
        }
    }
}

/// `(1 − z) h + z n`.
#[inline(always)]
pub(crate) fn mix<S: Simd>(simd: S, update: S::f32s, hidden: S::f32s, new: S::f32s) -> S::f32s {
    let keep = simd.sub_f32s(simd.splat_f32s(1.0), update);
    fma(simd, keep, hidden, simd.mul_f32s(update, new))
}

/// The gradients of the pre-activations of the update gate and of the candidate; what goes straight to `h_{t-1}`
/// is written to `carry`.
///
/// # Safety
///
/// The fields of `at` must be valid.
#[inline(always)]
pub(crate) unsafe fn backward_of_mix<S: Simd>(simd: S, at: &BackwardAt) -> (S::f32s, S::f32s) {
    // SAFETY: as promised by the caller.
    unsafe {
        let update = at.kept(simd, UPDATE);
        let new = at.kept(simd, NEW);
        let hidden = load_first(simd, at.hidden, at.n);
        let dh = at.d_hidden(simd);
        let keep = simd.sub_f32s(simd.splat_f32s(1.0), update);
        store(simd, at.carry, simd.mul_f32s(dh, keep));
        let d_update = simd.mul_f32s(dh, simd.sub_f32s(new, hidden));
        let d_update = simd.mul_f32s(d_update, sigmoid_slope(simd, update));
        let d_new = simd.mul_f32s(simd.mul_f32s(dh, update), tanh_slope(simd, new));
        (d_update, d_new)
    }
}
