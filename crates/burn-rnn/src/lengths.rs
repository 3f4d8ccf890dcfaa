//! Where each sequence of a padded batch ends.

use std::sync::Arc;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use crate::SequencesError;

/// The number of steps of each sequence in a batch; what comes after them is padding.
///
/// Sequences of unequal lengths are put into one tensor `[batch, time, features]` by filling the shorter ones up at their ends.
/// With the lengths every layer reads each sequence as if it were alone: see the [guide](crate::guides::lengths). A length of 0
/// is allowed: there is nothing but padding.
///
/// Lengths are kept on the host, whatever the device of the tensors, and cheap to clone.
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use burn_rnn::Lengths;
///
/// let device = Device::default();
/// let lengths = Lengths::new([3, 1, 0]);
/// assert_eq!(lengths, Lengths::from_tensor(Tensor::<1, Int>::from_data([3, 1, 0], &device))?);
/// let mask = lengths.mask(4, &device); // true where there is a step
/// assert_eq!(lengths, Lengths::from_mask(mask)?);
/// # Ok::<(), burn_rnn::SequencesError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths {
    lengths: Arc<[usize]>,
}

impl Lengths {
    /// From a number of steps for each sequence.
    pub fn new(lengths: impl IntoIterator<Item = usize>) -> Self {
        Self {
            lengths: lengths.into_iter().collect(),
        }
    }

    /// From an integer tensor `[batch]`. It is read back from its device, which waits for it.
    ///
    /// # Errors
    ///
    /// Where a number is negative.
    pub fn from_tensor(lengths: Tensor<1, Int>) -> Result<Self, SequencesError> {
        let numbers = lengths.into_data();
        let numbers = numbers.iter::<i64>().enumerate();
        let lengths = numbers.map(|(sequence, length)| {
            usize::try_from(length).map_err(|_| SequencesError::NegativeLength { sequence, length })
        });
        Ok(Self {
            lengths: lengths.collect::<Result<_, _>>()?,
        })
    }

    /// From a mask `[batch, time]` that is true where there is a step and false where there is padding. It is read back from its
    /// device, which waits for it.
    ///
    /// # Errors
    ///
    /// Where a step follows padding: that is no padded end.
    pub fn from_mask(mask: Tensor<2, Bool>) -> Result<Self, SequencesError> {
        let [batch, time] = mask.dims();
        let steps: Vec<bool> = mask.into_data().iter::<bool>().collect();
        let length = |sequence: usize| {
            let steps = &steps[sequence * time..][..time];
            let length = steps.iter().position(|there| !there).unwrap_or(time);
            match steps[length..].iter().position(|&there| there) {
                Some(after) => Err(SequencesError::Hole {
                    sequence,
                    hole: length,
                    step: length + after,
                }),
                None => Ok(length),
            }
        };
        Ok(Self {
            lengths: (0..batch).map(length).collect::<Result<_, _>>()?,
        })
    }

    /// The number of sequences.
    pub fn batch(&self) -> usize {
        self.lengths.len()
    }

    /// The length of the longest sequence; 0 where there is none.
    pub fn max(&self) -> usize {
        self.iter().max().unwrap_or(0)
    }

    /// The lengths in the order of the batch.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.lengths.iter().copied()
    }

    /// The lengths in the order of the batch.
    pub fn as_slice(&self) -> &[usize] {
        &self.lengths
    }

    /// A mask `[batch, time]`: true where there is a step, false where there is padding.
    ///
    /// # Panics
    ///
    /// Where a sequence is longer than `time`.
    pub fn mask(&self, time: usize, device: &Device) -> Tensor<2, Bool> {
        self.steps(time, device, |step, length| step < length)
    }

    /// The reverse of [`mask`](Lengths::mask): true where there is padding.
    pub(crate) fn padding(&self, time: usize, device: &Device) -> Tensor<2, Bool> {
        self.steps(time, device, |step, length| step >= length)
    }

    /// Whether a sequence has no step, `[batch]`.
    pub(crate) fn empty(&self, device: &Device) -> Tensor<1, Bool> {
        let empty: Vec<bool> = self.iter().map(|length| length == 0).collect();
        Tensor::from_data(TensorData::new(empty, [self.batch()]), device)
    }

    fn steps(
        &self,
        time: usize,
        device: &Device,
        is: impl Fn(usize, usize) -> bool,
    ) -> Tensor<2, Bool> {
        let max = self.max();
        assert!(
            max <= time,
            "Lengths: the longest sequence has {max} steps, but the mask is asked for over {time}; expected time ≥ {max}"
        );
        let steps = self
            .iter()
            .flat_map(|length| (0..time).map(move |step| (step, length)));
        let steps: Vec<bool> = steps.map(|(step, length)| is(step, length)).collect();
        Tensor::from_data(TensorData::new(steps, [self.batch(), time]), device)
    }

    /// A sequence `[batch, time, features]` with zeros for the padding. What stands there is not looked at, so that it may be no
    /// number, and gets a gradient of zero.
    pub(crate) fn zero_padding(&self, sequence: Tensor<3>) -> Tensor<3> {
        let dims = sequence.dims();
        if self.iter().all(|length| length == dims[1]) {
            return sequence;
        }
        let padding = self.padding(dims[1], &sequence.device());
        sequence.mask_fill(padding.unsqueeze_dim::<3>(2).expand(dims), 0.0)
    }

    /// # Panics
    ///
    /// Where there is not one length for each sequence of `[batch, time, features]`, or one is longer than the time; the message
    /// shows both.
    pub(crate) fn check(&self, name: &str, dims: [usize; 3]) {
        let [batch, time, _] = dims;
        assert!(
            self.batch() == batch,
            "{name}: there are {} lengths for an input of shape {dims:?}, expected batch = {batch}: a length for each sequence, the \
             batch first",
            self.batch()
        );
        if let Some(sequence) = self.iter().position(|length| length > time) {
            let length = self.lengths[sequence];
            panic!(
                "{name}: sequence {sequence} has length {length}, but the input has shape {dims:?}, expected at most time = {time}: \
                 lengths count the steps that are there and leave padding out"
            );
        }
    }
}
