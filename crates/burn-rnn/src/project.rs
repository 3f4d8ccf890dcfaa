//! Linear layers over what may be empty.

use burn::nn::Linear;
use burn::tensor::{DType, Tensor};

use crate::layer::check_type;

/// `x W + b` over the last axis, `[…, d_input]` to `[…, d_output]`; nothing of nothing.
///
/// # Panics
///
/// Where the last axis is not `d_input`, or the type not that of the weights; the message names `what` is read by whom and shows both.
pub(crate) fn project<const D: usize>(
    name: &'static str,
    what: &str,
    linear: &Linear,
    x: Tensor<D>,
) -> Tensor<D> {
    let dims = x.dims();
    let [d_input, d_output] = linear.weight.lazy_shape().dims();
    assert!(
        dims[D - 1] == d_input,
        "{name}: {what} has shape {dims:?}, expected {d_input} features in the last axis: give as many or make it for {}",
        dims[D - 1]
    );
    let dtype = linear.weight.val().dtype();
    // Quantized weights are read as floats of 32 bits.
    let expected = if dtype.is_float() { dtype } else { DType::F32 };
    check_type(|| name, what, x.dtype(), expected);
    if dims.contains(&0) {
        // Products of empty matrices crash in Flex (burn-flex 0.22).
        let mut shape = dims;
        shape[D - 1] = d_output;
        return Tensor::zeros(shape, (&x.device(), x.dtype()));
    }
    linear.forward(x)
}
