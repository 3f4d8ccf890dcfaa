//! Which step of which sequence comes when: directions, lengths and resets.

use crate::machine::threads::Sharing;

use super::sizes::Sizes;

/// How a batch of sequences is run through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// From the last step to the first; outputs stand at the step of their input.
    pub reverse: bool,
    /// The steps of each sequence, the rest is padding; none are all. After its end a sequence's outputs are zero, and
    /// its state stays as it was.
    pub lengths: Option<Vec<usize>>,
    /// `[batch, time]`: the steps that begin a part of their own. The state before such a step is the cell's initial state;
    /// against time, the state after it.
    pub resets: Option<Vec<bool>>,
}

/// Where the steps of all sequences are kept: those that are no padding, one sequence after the other.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    time: usize,
    reverse: bool,
    lengths: Option<Vec<usize>>,
    resets: Option<Vec<bool>>,
    /// The first step of each sequence among those that are kept.
    offsets: Vec<usize>,
    total: usize,
}

impl Schedule {
    /// # Panics
    ///
    /// Where there are not as many lengths as sequences or resets as steps, or a length is longer than the time.
    pub(crate) fn new(sizes: &Sizes, timing: &Timing) -> Self {
        let Sizes { batch, time, .. } = *sizes;
        let mut total = batch * time;
        let mut offsets = Vec::new();
        if let Some(lengths) = &timing.lengths {
            assert!(
                lengths.len() == batch && lengths.iter().all(|&length| length <= time),
                "there are {} lengths up to {:?} for a batch of {batch} sequences of {time} steps",
                lengths.len(),
                lengths.iter().max(),
            );
            total = 0;
            for length in lengths {
                offsets.push(total);
                total += length;
            }
        }
        if let Some(resets) = &timing.resets {
            assert!(
                resets.len() == batch * time,
                "there are {} resets, expected [batch, time] = [{batch}, {time}]",
                resets.len()
            );
        }
        Self {
            time,
            reverse: timing.reverse,
            lengths: timing.lengths.clone(),
            resets: timing.resets.clone(),
            offsets,
            total,
        }
    }

    /// The number of steps that are no padding, of all sequences.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// The number of steps of the longest sequence.
    pub(crate) fn longest(&self) -> usize {
        match &self.lengths {
            Some(lengths) => lengths.iter().copied().max().unwrap_or(0),
            None => self.time,
        }
    }

    pub(crate) fn is_reverse(&self) -> bool {
        self.reverse
    }

    pub(crate) fn is_ragged(&self) -> bool {
        self.lengths.is_some()
    }

    pub(crate) fn length(&self, sequence: usize) -> usize {
        match &self.lengths {
            Some(lengths) => lengths[sequence],
            None => self.time,
        }
    }

    pub(crate) fn offset(&self, sequence: usize) -> usize {
        match &self.lengths {
            Some(_) => self.offsets[sequence],
            None => sequence * self.time,
        }
    }

    /// The step in time that a sequence comes to as its `index`-th; beyond its last it means nothing.
    pub(crate) fn step(&self, sequence: usize, index: usize) -> usize {
        if self.reverse {
            self.length(sequence).wrapping_sub(1 + index)
        } else {
            index
        }
    }

    pub(crate) fn has_resets(&self) -> bool {
        self.resets.is_some()
    }

    /// Whether the state before the `index`-th step that a sequence comes to is the initial one; as the number of steps, the state
    /// after all of them.
    pub(crate) fn is_cut(&self, sequence: usize, index: usize) -> bool {
        let Some(resets) = &self.resets else {
            return false;
        };
        let step = if self.reverse {
            let length = self.length(sequence);
            (index > 0).then(|| length - index)
        } else {
            (index < self.length(sequence)).then_some(index)
        };
        step.is_some_and(|step| resets[sequence * self.time + step])
    }

    /// The sequences in an order for threads: in each part the longer ones come first, and the parts have about as many steps.
    pub(crate) fn order(&self, batch: usize, sharing: Sharing, order: &mut Vec<usize>) {
        order.clear();
        order.extend(0..batch);
        let Some(lengths) = &self.lengths else {
            return;
        };
        order.sort_by_key(|&sequence| core::cmp::Reverse(lengths[sequence]));
        if let Sharing::Rows(parts) = sharing {
            let sorted = order.clone();
            let ends: Vec<usize> = (0..parts).map(|part| batch * (part + 1) / parts).collect();
            let mut next: Vec<usize> = (0..parts).map(|part| batch * part / parts).collect();
            let mut part = 0;
            for sequence in sorted {
                while next[part] == ends[part] {
                    part = (part + 1) % parts;
                }
                order[next[part]] = sequence;
                next[part] += 1;
                part = (part + 1) % parts;
            }
        }
    }

    /// The rows of a sequence of the caller's `[batch, time, width]`, kept steps alone: itself where none is padding.
    pub(crate) fn gather(&self, from: &[f32], width: usize) -> Option<Vec<f32>> {
        let lengths = self.lengths.as_ref()?;
        let mut kept = Vec::with_capacity(self.total * width);
        for (sequence, &length) in lengths.iter().enumerate() {
            let first = sequence * self.time * width;
            kept.extend_from_slice(&from[first..first + length * width]);
        }
        Some(kept)
    }

    /// The reverse of [`gather`](Schedule::gather), with zeros for the padding.
    pub(crate) fn scatter(&self, kept: Vec<f32>, width: usize) -> Vec<f32> {
        let Some(lengths) = &self.lengths else {
            return kept;
        };
        let mut all = vec![0.0; lengths.len() * self.time * width];
        let mut rest = &kept[..];
        for (sequence, &length) in lengths.iter().enumerate() {
            let (here, after) = rest.split_at(length * width);
            all[sequence * self.time * width..][..here.len()].copy_from_slice(here);
            rest = after;
        }
        all
    }
}
