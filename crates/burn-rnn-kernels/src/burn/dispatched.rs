//! What a tensor is of which only the call knows the backend and the rank.

#[cfg(any(feature = "flex", feature = "ndarray"))]
use burn::backend::DispatchTensorKind;
use burn::backend::{DType, DispatchTensor, Shape, TensorMetadata};
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

/// The tensor as floats: one of quantized numbers dequantized, any other as it is.
pub(crate) fn float(tensor: &DispatchTensor) -> DispatchTensor {
    let tensor = tensor.clone();
    if !matches!(tensor.kind.dtype(), DType::QFloat(_)) {
        return tensor;
    }
    match tensor.shape().num_dims() {
        1 => Tensor::<1>::from_dispatch(tensor)
            .dequantize()
            .into_dispatch(),
        2 => Tensor::<2>::from_dispatch(tensor)
            .dequantize()
            .into_dispatch(),
        _ => Tensor::<3>::from_dispatch(tensor)
            .dequantize()
            .into_dispatch(),
    }
}

/// A backend of the CPU.
#[cfg(any(feature = "flex", feature = "ndarray"))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CpuKind {
    #[cfg(feature = "flex")]
    Flex,
    #[cfg(feature = "ndarray")]
    NdArray,
}

/// Its backend, where that is of the CPU and this crate has operations of its own on it.
#[cfg(any(feature = "flex", feature = "ndarray"))]
pub(crate) fn cpu_kind(tensor: &DispatchTensor) -> Option<CpuKind> {
    let kind = match &tensor.kind {
        DispatchTensorKind::Autodiff(inner) => inner,
        kind => kind,
    };
    match kind {
        #[cfg(feature = "flex")]
        DispatchTensorKind::Flex(_) => Some(CpuKind::Flex),
        #[cfg(feature = "ndarray")]
        DispatchTensorKind::NdArray(_) => Some(CpuKind::NdArray),
        _ => None,
    }
}
