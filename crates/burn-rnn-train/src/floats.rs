//! The numbers of tensors.

use burn::tensor::Tensor;

/// All numbers of a tensor in row-major order, whatever its float type.
pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data_as::<f32>();
    data.try_into_vec().expect("the data was asked for as f32")
}
