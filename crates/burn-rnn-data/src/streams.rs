//! A long sequence as parallel streams, for truncated backpropagation through time.

use crate::{DataError, PackedIds};

/// A sequence of numbers cut into parallel streams, read window by window.
///
/// With truncated backpropagation through time the network keeps its state from one window to the
/// next, so row `b` of each window has to continue row `b` of the window before. The sequence is
/// therefore cut into `streams` stretches of equal length, one a batch row, and all of them are read
/// side by side, `seq_len` positions at a time. The target at each position is the number that
/// follows it in the sequence. What does not fill a whole window at the end of a stretch is left
/// out, and so are up to `streams` numbers at the end of the sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streams {
    ids: PackedIds,
    streams: usize,
    seq_len: usize,
    /// Positions a stream has.
    per: usize,
}

/// One window of all streams, flat in row-major order, both `[streams, seq_len]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamWindow {
    /// What the network reads.
    pub inputs: Vec<u32>,
    /// What it should predict at each position: the next number.
    pub targets: Vec<u32>,
}

impl Streams {
    /// Cuts `ids` into `streams` streams read `seq_len` positions at a time.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where `streams` or `seq_len` is 0, [`DataError::TextTooShort`]
    /// where not one window fits: that needs `streams * seq_len + 1` numbers.
    pub fn new(ids: PackedIds, streams: usize, seq_len: usize) -> Result<Self, DataError> {
        for (name, value) in [("streams", streams), ("seq_len", seq_len)] {
            if value == 0 {
                return Err(DataError::invalid(name, 0, "at least 1"));
            }
        }
        // The last number is only ever a target.
        let per = ids.len().saturating_sub(1) / streams;
        if per < seq_len {
            return Err(DataError::TextTooShort {
                characters: ids.len(),
                needed: streams.saturating_mul(seq_len).saturating_add(1),
            });
        }
        Ok(Self {
            ids,
            streams,
            seq_len,
            per,
        })
    }

    /// Like [`new`](Self::new) with as many streams as give at least one window, at most
    /// `max_streams`.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), the name of the first setting being `max_streams`; the text is
    /// too short below `seq_len + 1` numbers.
    pub fn fitting(ids: PackedIds, max_streams: usize, seq_len: usize) -> Result<Self, DataError> {
        if max_streams == 0 {
            return Err(DataError::invalid("max_streams", 0, "at least 1"));
        }
        let possible = ids.len().saturating_sub(1) / seq_len.max(1);
        Self::new(ids, possible.clamp(1, max_streams), seq_len)
    }

    /// How many windows there are, at least 1.
    pub fn windows(&self) -> usize {
        self.per / self.seq_len
    }

    /// How many streams there are: the batch size.
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// How many positions of each stream a window has.
    pub fn seq_len(&self) -> usize {
        self.seq_len
    }

    /// Window `w` of all streams. Read the windows in order, each starting from the state that the
    /// one before left; start the first one from the zero state.
    ///
    /// # Panics
    ///
    /// Where there is no window `w`.
    pub fn window(&self, w: usize) -> StreamWindow {
        assert!(
            w < self.windows(),
            "there is no window {w}: the streams have {} windows",
            self.windows()
        );
        let rows = |shift: usize| {
            (0..self.streams)
                .flat_map(|stream| {
                    let start = stream * self.per + w * self.seq_len + shift;
                    let row = self.ids.slice(start..start + self.seq_len);
                    row.iter().collect::<Vec<_>>()
                })
                .collect()
        };
        StreamWindow {
            inputs: rows(0),
            targets: rows(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(len: u32) -> PackedIds {
        PackedIds::from(&(0..len).collect::<Vec<_>>()[..])
    }

    #[test]
    fn streams_lie_side_by_side() {
        let streams = Streams::new(counted(14), 2, 3).unwrap();
        assert_eq!(streams.windows(), 2);
        assert_eq!((streams.streams(), streams.seq_len()), (2, 3));
        let first = streams.window(0);
        assert_eq!(first.inputs, [0, 1, 2, 6, 7, 8]);
        assert_eq!(first.targets, [1, 2, 3, 7, 8, 9]);
        let second = streams.window(1);
        assert_eq!(second.inputs, [3, 4, 5, 9, 10, 11]);
        assert_eq!(second.targets, [4, 5, 6, 10, 11, 12]);
    }

    #[test]
    fn a_short_text_is_told_what_it_needs() {
        assert_eq!(Streams::new(counted(7), 2, 3).unwrap().windows(), 1);
        let error = Streams::new(counted(6), 2, 3).unwrap_err();
        assert!(
            matches!(
                error,
                DataError::TextTooShort {
                    characters: 6,
                    needed: 7
                }
            ),
            "{error}"
        );
        assert!(Streams::new(counted(0), 1, 1).is_err());
        assert!(Streams::new(counted(9), usize::MAX, usize::MAX).is_err());
    }

    #[test]
    fn fitting_takes_as_many_streams_as_possible() {
        let fitted = |len, max, seq_len| {
            Streams::fitting(counted(len), max, seq_len).map(|streams| streams.streams())
        };
        assert_eq!(fitted(100, 8, 10).unwrap(), 8);
        assert_eq!(fitted(41, 8, 10).unwrap(), 4);
        assert_eq!(fitted(40, 8, 10).unwrap(), 3);
        assert_eq!(fitted(11, 8, 10).unwrap(), 1);
        let error = fitted(10, 8, 10).unwrap_err();
        assert!(
            matches!(error, DataError::TextTooShort { needed: 11, .. }),
            "{error}"
        );
    }

    #[test]
    fn zeros_are_named() {
        let ids = || counted(20);
        for (result, name) in [
            (Streams::new(ids(), 0, 1), "streams"),
            (Streams::new(ids(), 1, 0), "seq_len"),
            (Streams::fitting(ids(), 0, 1), "max_streams"),
            (Streams::fitting(ids(), 1, 0), "seq_len"),
        ] {
            let error = result.unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    #[should_panic(expected = "there is no window 2: the streams have 2 windows")]
    fn a_window_past_the_end_panics() {
        Streams::new(counted(14), 2, 3).unwrap().window(2);
    }

    proptest! {
        #[test]
        fn rows_continue_and_targets_are_shifted_by_one(
            len in 2u32..400,
            streams in 1usize..9,
            seq_len in 1usize..12,
        ) {
            let Ok(streams) = Streams::new(counted(len), streams, seq_len) else {
                prop_assert!((len as usize) < streams * seq_len + 1);
                return Ok(());
            };
            for w in 0..streams.windows() {
                let window = streams.window(w);
                prop_assert_eq!(window.inputs.len(), streams.streams() * seq_len);
                // In counted numbers the next one is one more.
                let shifted: Vec<u32> = window.inputs.iter().map(|id| id + 1).collect();
                prop_assert_eq!(&window.targets, &shifted);
                prop_assert!(window.targets.iter().all(|&id| id < len));
                if w + 1 < streams.windows() {
                    let next = streams.window(w + 1);
                    for row in 0..streams.streams() {
                        let last = window.inputs[(row + 1) * seq_len - 1];
                        prop_assert_eq!(next.inputs[row * seq_len], last + 1);
                    }
                }
            }
        }
    }
}
