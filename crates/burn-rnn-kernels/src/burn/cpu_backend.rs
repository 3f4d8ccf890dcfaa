//! Backends whose tensors lie in memory that the kernels read and write.

#[cfg(feature = "flex")]
use std::any::Any;
#[cfg(feature = "flex")]
use std::sync::Arc;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Shape, TensorData};

use crate::product::cache::Owner;

/// A backend of the CPU. All tensors here are of `f32`.
pub(crate) trait CpuBackend: Backend {
    /// The tensor with its floats side by side in the order of its shape: the same one, or a copy where it is a
    /// view that skips, repeats or turns around.
    fn dense(tensor: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The floats of a tensor that came from [`dense`](CpuBackend::dense).
    fn floats(tensor: &FloatTensor<Self>) -> &[f32];

    /// The tensor's shape.
    fn dims(tensor: &FloatTensor<Self>) -> &[usize];

    /// Who has the memory of the tensor, where the backend tells.
    fn owner(tensor: &FloatTensor<Self>) -> Option<Owner>;

    /// A tensor that takes the floats over.
    fn tensor(floats: Vec<f32>, shape: Shape) -> FloatTensor<Self>;
}

#[cfg(feature = "flex")]
impl CpuBackend for burn::backend::Flex {
    fn dense(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
        if tensor.is_contiguous() {
            tensor
        } else {
            tensor.to_contiguous()
        }
    }

    fn floats(tensor: &FloatTensor<Self>) -> &[f32] {
        tensor.as_slice().expect("a dense tensor of f32")
    }

    fn dims(tensor: &FloatTensor<Self>) -> &[usize] {
        tensor.layout().shape().as_slice()
    }

    fn owner(tensor: &FloatTensor<Self>) -> Option<Owner> {
        let shared: Arc<dyn Any + Send + Sync> = tensor.data_arc();
        Some(Arc::downgrade(&shared))
    }

    fn tensor(floats: Vec<f32>, shape: Shape) -> FloatTensor<Self> {
        FloatTensor::<Self>::from_data(TensorData::new(floats, shape))
    }
}

#[cfg(feature = "ndarray")]
mod ndarray {
    #![allow(deprecated)] // Burn 0.22 still has it, so users may still be on it.

    use burn::backend::NdArray;
    use burn::backend::ndarray::NdArrayTensor;

    use super::*;

    /// A view of the elements; a macro because Burn does not export the type of what it is called on.
    macro_rules! view {
        ($tensor:expr) => {
            match $tensor {
                NdArrayTensor::F32(storage) => storage.view(),
                other => panic!("expected a tensor of f32, not {other:?}"),
            }
        };
    }

    impl CpuBackend for NdArray {
        fn dense(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
            let view = view!(&tensor);
            if view.is_standard_layout() {
                return tensor;
            }
            let floats = view.iter().copied().collect();
            let shape = Shape::from(view.shape().to_vec());
            Self::tensor(floats, shape)
        }

        fn floats(tensor: &FloatTensor<Self>) -> &[f32] {
            view!(tensor).to_slice().expect("a dense tensor")
        }

        fn dims(tensor: &FloatTensor<Self>) -> &[usize] {
            match tensor {
                NdArrayTensor::F32(storage) => storage.shape(),
                other => panic!("expected a tensor of f32, not {other:?}"),
            }
        }

        fn owner(_: &FloatTensor<Self>) -> Option<Owner> {
            None
        }

        fn tensor(floats: Vec<f32>, shape: Shape) -> FloatTensor<Self> {
            NdArrayTensor::from_data(TensorData::new(floats, shape))
        }
    }
}
