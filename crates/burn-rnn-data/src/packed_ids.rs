//! Long sequences of small numbers.

use core::hash::{Hash, Hasher};
use core::ops::Range;
use std::sync::Arc;

/// A sequence of numbers, each in as few bytes as the largest needs, so that a text as numbers is about as long as
/// its file. Clones and [slices](Self::slice) share one memory.
#[derive(Clone, Debug)]
pub struct PackedIds {
    bytes: Arc<Vec<u8>>,
    /// The bytes of a number, the lowest first.
    width: usize,
    range: Range<usize>,
}

impl PackedIds {
    /// `count` numbers, none above `largest`.
    ///
    /// # Errors
    ///
    /// The first error that `ids` gives.
    ///
    /// # Panics
    ///
    /// Where one is larger.
    pub fn new<E>(
        count: usize,
        largest: u32,
        ids: impl Iterator<Item = Result<u32, E>>,
    ) -> Result<Self, E> {
        let width = (4 - largest.leading_zeros() as usize / 8).max(1);
        let mut bytes = Vec::with_capacity(count * width);
        for id in ids {
            let id = id?;
            assert!(id <= largest, "{id} is above {largest}");
            bytes.extend_from_slice(&id.to_le_bytes()[..width]);
        }
        Ok(Self {
            range: 0..bytes.len() / width,
            bytes: Arc::new(bytes),
            width,
        })
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// The numbers from `range.start` to before `range.end`.
    ///
    /// # Panics
    ///
    /// Where the range goes beyond the end.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.len(),
            "there is no {range:?}: the sequence has {} numbers",
            self.len()
        );
        let start = self.range.start;
        Self {
            range: start + range.start..start + range.end,
            ..self.clone()
        }
    }

    /// Those of the numbers.
    fn bytes(&self) -> &[u8] {
        &self.bytes[self.range.start * self.width..self.range.end * self.width]
    }

    /// The numbers, in their order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.bytes().chunks_exact(self.width).map(|bytes| {
            let mut id = [0; 4];
            id[..bytes.len()].copy_from_slice(bytes);
            u32::from_le_bytes(id)
        })
    }
}

/// Equal for the same numbers, each in as many bytes, wherever they are slices of.
impl PartialEq for PackedIds {
    fn eq(&self, other: &Self) -> bool {
        (self.width, self.bytes()) == (other.width, other.bytes())
    }
}

impl Eq for PackedIds {}

impl Hash for PackedIds {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.width, self.bytes()).hash(state);
    }
}

impl From<&[u32]> for PackedIds {
    fn from(ids: &[u32]) -> Self {
        let largest = ids.iter().copied().max().unwrap_or(0);
        let given = ids.iter().copied().map(Ok::<_, core::convert::Infallible>);
        match Self::new(ids.len(), largest, given) {
            Ok(packed) => packed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_in_as_few_bytes_as_they_need() {
        for (largest, width) in [
            (0, 1),
            (255, 1),
            (256, 2),
            (65_535, 2),
            (65_536, 3),
            (u32::MAX, 4),
        ] {
            let ids = [largest, 0, 7.min(largest), largest];
            let packed = PackedIds::from(&ids[..]);
            assert_eq!(packed.bytes.len(), 4 * width, "{largest}");
            assert_eq!(packed.iter().collect::<Vec<_>>(), ids);
            let slice = packed.slice(1..4).slice(1..3);
            assert_eq!(slice.iter().collect::<Vec<_>>(), ids[2..]);
        }
        assert!(PackedIds::from(&[][..]).is_empty());
    }

    #[test]
    #[should_panic(expected = "there is no 1..3: the sequence has 2 numbers")]
    fn a_slice_beyond_the_end_panics() {
        let _ = PackedIds::from(&[1, 2, 3][..]).slice(1..3).slice(1..3);
    }
}
