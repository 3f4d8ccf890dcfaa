//! Linear layers that stand beside networks in a file.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Device;

use super::array::Array;
use super::error::{WeightsError, WeightsErrorKind};
use super::layout::{Layout, Orientation, read_tensor};
use super::range::in_range;

/// Burn's layer, whose weight is `[d_input, d_output]`.
///
/// # Errors
///
/// Where the weight is no matrix or the bias does not fit it.
pub(super) fn linear(
    weight: &Array<'_>,
    bias: Option<&Array<'_>>,
    orientation: Orientation,
    device: &Device,
) -> Result<Linear, WeightsError> {
    let layout = Layout::whole(orientation);
    let Some((d_input, d_output)) = layout.sizes_of(weight.shape()) else {
        return Err(WeightsErrorKind::Rank {
            tensor: weight.name().into(),
            given: weight.shape().to_vec(),
            expected: 2,
        }
        .into());
    };
    if let Some(bias) = bias.filter(|bias| bias.shape() != [d_output]) {
        return Err(WeightsErrorKind::Shape {
            tensor: bias.name().into(),
            given: bias.shape().to_vec(),
            expected: vec![d_output],
            reason: format!("it has to fit `{}`", weight.name()),
        }
        .into());
    }
    let data = layout.read_plain(weight, d_input, d_output)?;
    let weight = in_range(weight, data, device)?;
    let bias = bias
        .map(|bias| in_range(bias, read_tensor(bias)?, device))
        .transpose()?;
    Ok(Linear {
        weight: Param::from_data(weight, device),
        bias: bias.map(|bias| Param::from_data(bias, device)),
    })
}
