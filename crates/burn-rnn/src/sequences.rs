//! Which steps of a batch belong together.

use burn::tensor::Tensor;
use burn_rnn_kernels::Timing;

use crate::{Direction, Lengths, Resets};

/// What the sequences of a batch are: where they end, and where parts of their own begin. What is not given is not so: the
/// default is that all steps of all sequences are there and belong together.
///
/// Every `forward_with` takes it, and with it [`Lengths`], `&Lengths`, an `Option` of them, and [`Resets`].
///
/// ```
/// use burn_rnn::{Lengths, Resets, Sequences};
///
/// let resets = Resets::new([[false, false, true], [false; 3]])?;
/// let sequences = Sequences::from(Lengths::new([3, 2])).with_resets(resets);
/// assert_eq!(sequences.lengths().map(Lengths::max), Some(3));
/// # Ok::<(), burn_rnn::SequencesError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequences {
    lengths: Option<Lengths>,
    resets: Option<Resets>,
}

impl Sequences {
    /// Sets where each sequence ends; all have all steps by default.
    #[must_use]
    pub fn with_lengths(mut self, lengths: Lengths) -> Self {
        self.lengths = Some(lengths);
        self
    }

    /// Sets the steps at which parts of their own begin; none by default.
    #[must_use]
    pub fn with_resets(mut self, resets: Resets) -> Self {
        self.resets = Some(resets);
        self
    }

    /// Where each sequence ends, where that is given.
    pub fn lengths(&self) -> Option<&Lengths> {
        self.lengths.as_ref()
    }

    /// The steps at which parts of their own begin, where they are given.
    pub fn resets(&self) -> Option<&Resets> {
        self.resets.as_ref()
    }

    /// Panics where they are not those of an input `[batch, time, features]`; the message shows both.
    pub(crate) fn check(&self, name: &str, dims: [usize; 3]) {
        if let Some(lengths) = &self.lengths {
            lengths.check(name, dims);
        }
        if let Some(resets) = &self.resets {
            resets.check(name, dims);
        }
    }

    /// Whether all steps of an input of so many steps are there and belong together.
    pub(crate) fn are_whole(&self, time: usize) -> bool {
        let lengths = self.lengths.as_ref();
        let resets = self.resets.as_ref();
        lengths.is_none_or(|lengths| lengths.iter().all(|length| length == time))
            && resets.is_none_or(|resets| !resets.as_slice().contains(&true))
    }

    /// A sequence `[batch, time, features]` with zeros for the padding, see [`Lengths::zero_padding`].
    pub(crate) fn zero_padding(&self, sequence: Tensor<3>) -> Tensor<3> {
        match &self.lengths {
            Some(lengths) => lengths.zero_padding(sequence),
            None => sequence,
        }
    }

    /// Whether each step and the one after it belong together, by sequence: `batch · (time − 1)`.
    pub(crate) fn pairs(&self, batch: usize, time: usize) -> Vec<bool> {
        let mut pairs = Vec::with_capacity(batch * time.saturating_sub(1));
        for sequence in 0..batch {
            let length = match &self.lengths {
                Some(lengths) => lengths.as_slice()[sequence],
                None => time,
            };
            let begins = |step| {
                self.resets
                    .as_ref()
                    .is_some_and(|r| r.is_at(sequence, step))
            };
            pairs.extend((1..time).map(|step| step < length && !begins(step)));
        }
        pairs
    }

    /// How the engine is told of an input of so many steps. Lengths that leave nothing out and resets that are nowhere are not
    /// mentioned: the engine is a little faster without.
    pub(crate) fn timing(&self, time: usize, direction: Direction) -> Timing {
        let lengths = self.lengths.as_ref().map(Lengths::as_slice);
        let resets = self.resets.as_ref().map(Resets::as_slice);
        Timing {
            reverse: direction == Direction::Backward,
            lengths: lengths
                .filter(|lengths| lengths.iter().any(|&length| length < time))
                .map(<[usize]>::to_vec),
            resets: resets
                .filter(|resets| resets.contains(&true))
                .map(<[bool]>::to_vec),
        }
    }
}

impl From<Lengths> for Sequences {
    fn from(lengths: Lengths) -> Self {
        Self::default().with_lengths(lengths)
    }
}

impl From<&Lengths> for Sequences {
    fn from(lengths: &Lengths) -> Self {
        lengths.clone().into()
    }
}

impl From<Option<Lengths>> for Sequences {
    fn from(lengths: Option<Lengths>) -> Self {
        Self {
            lengths,
            resets: None,
        }
    }
}

impl From<Option<&Lengths>> for Sequences {
    fn from(lengths: Option<&Lengths>) -> Self {
        lengths.cloned().into()
    }
}

impl From<Resets> for Sequences {
    fn from(resets: Resets) -> Self {
        Self::default().with_resets(resets)
    }
}

impl From<&Resets> for Sequences {
    fn from(resets: &Resets) -> Self {
        resets.clone().into()
    }
}

impl From<&Sequences> for Sequences {
    fn from(sequences: &Sequences) -> Self {
        sequences.clone()
    }
}
