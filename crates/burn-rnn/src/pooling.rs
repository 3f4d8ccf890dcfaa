//! From the outputs of all steps to one vector a sequence.

use burn::tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::Lengths;

/// How the outputs of a sequence's steps become one vector, over the steps that are there.
///
/// | pooling | of the outputs `o_1 … o_L` of a sequence of length `L` |
/// |---|---|
/// | last | `o_L` |
/// | mean | `(o_1 + … + o_L) / L` |
/// | max | the largest of each feature; its gradient goes to the step that it is from |
///
/// A sequence of length 0 gives zeros, and no gradient.
///
/// The last output of two directions is half a summary: the backward one has read a single step there. Its own summary is its
/// final state; mean and max have both.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_rnn::{Lengths, Pooling};
///
/// let device = Device::default();
/// let output = Tensor::from_data([[[1.0], [3.0], [f32::NAN]]], &device); // two steps and one of padding
/// let pooled = Pooling::Mean.forward(output, &Lengths::new([2]));
/// assert_eq!(pooled.into_scalar::<f32>(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The output of the last step; the default.
    #[default]
    Last,
    /// The mean of the outputs of all steps.
    Mean,
    /// The largest of the outputs of all steps, feature by feature.
    Max,
}

impl Pooling {
    /// One vector a sequence: `[batch, time, features]` to `[batch, features]`. Padding reaches neither it nor a gradient, even
    /// where it is no number.
    ///
    /// Lengths are `&Lengths`, or an `Option` of them; `None` is no padding.
    ///
    /// # Panics
    ///
    /// Where the time is zero, or the lengths do not fit; the message shows both.
    pub fn forward<'a>(
        self,
        output: Tensor<3>,
        lengths: impl Into<Option<&'a Lengths>>,
    ) -> Tensor<2> {
        let dims = output.dims();
        let [batch, time, features] = dims;
        assert!(
            time > 0,
            "Pooling: the output has shape {dims:?}, expected [batch, time ≥ 1, features]"
        );
        let all = Lengths::new(vec![time; batch]);
        let lengths = lengths.into().unwrap_or(&all);
        lengths.check("Pooling", dims);
        let device = output.device();
        let pooled = match self {
            Self::Last => {
                let rows = lengths.iter().enumerate();
                let row = |(sequence, length): (usize, usize)| {
                    (sequence * time + length.saturating_sub(1)) as i64
                };
                let rows = TensorData::new(rows.map(row).collect::<Vec<_>>(), [batch]);
                let rows = Tensor::<1, Int>::from_data(rows, &device);
                output.reshape([batch * time, features]).select(0, rows)
            }
            Self::Mean => {
                let counts: Vec<f64> = lengths.iter().map(|length| length.max(1) as f64).collect();
                let counts = TensorData::new(counts, [batch, 1]);
                let counts = Tensor::<2>::from_data(counts, (&device, output.dtype()));
                let sum: Tensor<2> = lengths.zero_padding(output).sum_dim(1).squeeze_dim(1);
                sum / counts
            }
            Self::Max => {
                let padding = lengths.padding(time, &device).unsqueeze_dim::<3>(2);
                let output = output.mask_fill(padding.expand(dims), f32::NEG_INFINITY);
                output.max_dim(1).squeeze_dim(1)
            }
        };
        let empty = lengths.empty(&device).unsqueeze_dim::<2>(1);
        pooled.mask_fill(empty.expand([batch, features]), 0.0)
    }
}
