//! The simple cell.

use pulp::Simd;

use crate::point_wise::{BackwardAt, ForwardAt, PointWise, sigmoid_slope, tanh_slope};
use crate::spec::Activation;
use crate::vector::{relu, sigmoid, store, tanh};

/// Keeps `h_t`.
#[derive(Clone, Copy)]
pub(crate) struct Simple(pub(crate) Activation);

impl PointWise for Simple {
    const HAS_CELL: bool = false;
    const SPLIT_LAST: bool = false;

    fn gates(&self) -> usize {
        1
    }

    fn slots(&self) -> usize {
        1
    }

    #[inline(always)]
    unsafe fn forward<S: Simd>(&self, simd: S, at: ForwardAt) {
        // SAFETY: the fields of `at` are valid, as the caller promises.
        unsafe {
            let a = at.product(simd, 0);
            let h = match self.0 {
                Activation::Tanh => tanh(simd, a),
                Activation::Relu => relu(simd, a),
                Activation::Sigmoid => sigmoid(simd, a),
                Activation::Identity => a,
            };
            at.keep(simd, 0, h);
            store(simd, at.next, h);
        }
    }

    #[inline(always)]
    unsafe fn backward<S: Simd>(&self, simd: S, at: BackwardAt) {
        // SAFETY: the fields of `at` are valid, as the caller promises.
        unsafe {
            let h = at.kept(simd, 0);
            let dh = at.d_hidden(simd);
            let zero = simd.splat_f32s(0.0);
            let d = match self.0 {
                Activation::Tanh => simd.mul_f32s(dh, tanh_slope(simd, h)),
                // What is no number lets the gradient through, as in Burn.
                Activation::Relu => {
                    simd.select_f32s(simd.less_than_or_equal_f32s(h, zero), zero, dh)
                }
                Activation::Sigmoid => simd.mul_f32s(dh, sigmoid_slope(simd, h)),
                Activation::Identity => dh,
            };
            at.put(simd, 0, d);
            at.put_recurrent(simd, 0, d);
        }
    }
}
