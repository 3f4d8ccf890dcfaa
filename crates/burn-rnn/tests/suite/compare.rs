//! Comparing tensors.

use burn::tensor::Tensor;

/// Panics where `actual` differs from `expected` by more than `tolerance` times the largest
/// expected magnitude (at least 1e-3, so that rounding of exact zeros does not count).
pub fn assert_close<const D: usize>(
    what: &str,
    actual: &Tensor<D>,
    expected: &Tensor<D>,
    tolerance: f32,
) {
    assert_eq!(actual.dims(), expected.dims(), "{what}: shape");
    let actual: Vec<f32> = values(actual);
    let expected: Vec<f32> = values(expected);
    let largest = expected.iter().fold(1e-3_f32, |max, x| max.max(x.abs()));
    for (index, (a, e)) in actual.iter().zip(&expected).enumerate() {
        let error = (a - e).abs() / largest;
        assert!(
            error <= tolerance,
            "{what}: element {index} is {a}, expected {e}; relative error {error:e}"
        );
    }
}

/// The elements in row-major order.
pub fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.clone().into_data_as::<f32>().try_into_vec().unwrap()
}
