//! What a tensor is of which only the call knows the backend and the rank.

use burn::backend::{DispatchTensor, Shape, TensorMetadata};
use burn::tensor::{Device, Tensor};

/// Its shape.
pub(crate) fn shape(tensor: &DispatchTensor) -> Shape {
    tensor.shape()
}

/// Its device.
pub(crate) fn device(tensor: DispatchTensor) -> Device {
    match tensor.shape().num_dims() {
        1 => Tensor::<1>::from_dispatch(tensor).device(),
        2 => Tensor::<2>::from_dispatch(tensor).device(),
        _ => Tensor::<3>::from_dispatch(tensor).device(),
    }
}

/// Its floats, which have to be of `f32`.
pub(crate) fn floats(tensor: DispatchTensor) -> Vec<f32> {
    let rank = tensor.shape().num_dims();
    let data = match rank {
        1 => Tensor::<1>::from_dispatch(tensor).into_data(),
        2 => Tensor::<2>::from_dispatch(tensor).into_data(),
        _ => Tensor::<3>::from_dispatch(tensor).into_data(),
    };
    data.try_into_vec()
        .expect("tensors of f32 are covered and no others")
}
