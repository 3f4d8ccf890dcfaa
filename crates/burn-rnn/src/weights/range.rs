//! Whether the numbers of a file are numbers in the float type of the device, too.

use burn::tensor::{DType, Device, FloatDType, TensorData, bf16, f16};

use super::array::Array;
use super::error::{WeightsError, WeightsErrorKind};

/// The data, in which nothing finite becomes infinite on the device.
///
/// # Errors
///
/// Where a number is beyond the range of the device's float type.
pub(super) fn in_range(
    array: &Array<'_>,
    data: TensorData,
    device: &Device,
) -> Result<TensorData, WeightsError> {
    let float = device.settings().float_dtype;
    let overflows: fn(f64) -> bool = match float {
        FloatDType::F64 => return Ok(data),
        FloatDType::F32 | FloatDType::Flex32 => |x| (x as f32).is_infinite(),
        FloatDType::F16 => |x| f16::from_f64(x).is_infinite(),
        FloatDType::BF16 => |x| bf16::from_f64(x).is_infinite(),
    };
    // What is no wider than the device's type cannot be beyond it, and is not looked through.
    let beyond = match (data.dtype(), float) {
        (DType::F64, _)
        | (DType::F32, FloatDType::F16 | FloatDType::BF16)
        | (DType::BF16, FloatDType::F16) => {
            data.iter::<f64>().find(|x| x.is_finite() && overflows(*x))
        }
        _ => None,
    };
    match beyond {
        Some(given) => Err(WeightsErrorKind::Range {
            tensor: array.name().into(),
            given,
            expected: float.into(),
        }
        .into()),
        None => Ok(data),
    }
}
