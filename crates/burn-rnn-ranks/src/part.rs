//! What of a batch is a rank's.

use core::ops::Range;

use crate::Communicator;

/// One of several parts that are as equal as can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 0 to `parts - 1`.
    pub number: usize,
    /// How many there are, at least 1.
    pub parts: usize,
}

impl Part {
    /// A rank's.
    pub fn of(ranks: &dyn Communicator) -> Self {
        Self {
            number: ranks.rank(),
            parts: ranks.size(),
        }
    }

    /// A stretch of `count` things; empty where there are fewer than parts and it got none.
    pub fn stretch(self, count: usize) -> Range<usize> {
        let start = |number: usize| (count as u128 * number as u128 / self.parts as u128) as usize;
        start(self.number)..start(self.number + 1)
    }

    /// Every `parts`th of some things, dealt like cards: of examples that are sorted by length, every part has some of
    /// each.
    pub fn deal<T: Clone>(self, things: &[T]) -> Vec<T> {
        let mine = things.iter().skip(self.number).step_by(self.parts);
        mine.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_equal_and_leave_nothing_out() {
        for parts in 1..9 {
            for count in 0..40 {
                let part = |number| Part { number, parts };
                let stretches: Vec<_> = (0..parts).map(|n| part(n).stretch(count)).collect();
                assert_eq!((stretches[0].start, stretches[parts - 1].end), (0, count));
                assert!(
                    stretches
                        .windows(2)
                        .all(|pair| pair[0].end == pair[1].start)
                );
                let things: Vec<usize> = (0..count).collect();
                let mut dealt: Vec<_> = (0..parts).map(|n| part(n).deal(&things)).collect();
                for lengths in [
                    stretches.iter().map(Range::len).collect::<Vec<_>>(),
                    dealt.iter().map(Vec::len).collect(),
                ] {
                    let (least, most) = (lengths.iter().min(), lengths.iter().max());
                    assert!(most.unwrap() - least.unwrap() <= 1, "{lengths:?}");
                }
                let mut all = dealt.drain(..).flatten().collect::<Vec<_>>();
                all.sort_unstable();
                assert_eq!(all, things);
            }
        }
    }
}
