//! Steps at which a sequence begins anew.

use std::sync::Arc;

use burn::tensor::{Bool, Tensor};

use crate::SequencesError;

/// The steps at which a part of its own begins within a sequence, `[batch, time]`: the first step of an episode in
/// reinforcement learning, or of a document where several are packed into one row.
///
/// Before such a step the state is set back to the cell's initial one, so that the parts give what they give alone and no
/// gradient flows from one to another. A layer that reads backwards sets its state back after the step, where it leaves the
/// part. A reset at the first step therefore drops the state that a forward layer is given, and the one that a backward layer
/// would hand on; resets in the padding mean nothing.
///
/// ```
/// use burn_rnn::Resets;
///
/// // Two sequences of four steps; the second one is two parts of two steps.
/// let resets = Resets::new([[false; 4], [false, false, true, false]])?;
/// assert_eq!((resets.batch(), resets.time()), (2, 4));
/// assert!(resets.is_at(1, 2));
/// # Ok::<(), burn_rnn::SequencesError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resets {
    resets: Arc<[bool]>,
    batch: usize,
    time: usize,
}

impl Resets {
    /// From a row for each sequence, true at the steps that begin a part.
    ///
    /// # Errors
    ///
    /// Where the rows are of unequal lengths.
    pub fn new<R: AsRef<[bool]>>(
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Self, SequencesError> {
        let mut resets = Vec::new();
        let mut time = None;
        let mut batch = 0;
        for row in rows {
            let row = row.as_ref();
            let expected = *time.get_or_insert(row.len());
            if row.len() != expected {
                return Err(SequencesError::UnequalRows {
                    sequence: batch,
                    steps: row.len(),
                    expected,
                });
            }
            resets.extend_from_slice(row);
            batch += 1;
        }
        Ok(Self {
            resets: resets.into(),
            batch,
            time: time.unwrap_or(0),
        })
    }

    /// From a tensor `[batch, time]`, true at the steps that begin a part. It is read back from its device, which waits for it.
    pub fn from_tensor(resets: Tensor<2, Bool>) -> Self {
        let [batch, time] = resets.dims();
        Self {
            resets: resets.into_data().iter::<bool>().collect(),
            batch,
            time,
        }
    }

    /// The number of sequences.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The number of steps.
    pub fn time(&self) -> usize {
        self.time
    }

    /// Whether a part begins at a step of a sequence.
    ///
    /// # Panics
    ///
    /// Where there is no such sequence or step.
    pub fn is_at(&self, sequence: usize, step: usize) -> bool {
        assert!(
            sequence < self.batch && step < self.time,
            "Resets: there is no step [{sequence}, {step}], expected below [batch, time] = [{}, {}]",
            self.batch,
            self.time
        );
        self.resets[sequence * self.time + step]
    }

    /// All of them, row by row.
    pub fn as_slice(&self) -> &[bool] {
        &self.resets
    }

    /// # Panics
    ///
    /// Where they are not those of `[batch, time, features]`; the message shows both.
    pub(crate) fn check(&self, name: &str, dims: [usize; 3]) {
        let [batch, time, _] = dims;
        assert!(
            [self.batch, self.time] == [batch, time],
            "{name}: the resets have shape {:?}, but the input {dims:?}, expected [batch, time] = [{batch}, {time}]: the batch first",
            [self.batch, self.time]
        );
    }
}
