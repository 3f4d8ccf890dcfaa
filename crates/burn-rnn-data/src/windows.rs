//! Windows of a series with the values that follow them.

use std::ops::{Range, RangeInclusive};

use crate::DataError;

/// Pairs of `window` known values and the `horizon` values to forecast that follow directly.
///
/// The *targets* lie entirely inside a given range of the series; a window may reach back before
/// that range, because by the time of the forecast those values are the known past. Cut windows
/// with the training range as target range, and no pair sees a later value; cut them with the test
/// range, and the first test value has a full window already.
///
/// # Example
///
/// ```
/// use burn_rnn_data::Windows;
///
/// let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
/// let test = Windows::new(&values, 4..6, 3, 1)?;
/// assert_eq!(test.len(), 2);
/// assert_eq!(test.get(0), (&[1.0, 2.0, 3.0][..], &[4.0][..]));
/// # Ok::<(), burn_rnn_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Windows<'a> {
    values: &'a [f32],
    window: usize,
    horizon: usize,
    stride: usize,
    /// The first index a target may start at.
    first: usize,
    /// The last one.
    last: usize,
}

impl<'a> Windows<'a> {
    /// Windows whose targets lie in `targets`, one for every possible start.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] where `window` or `horizon` is 0 or `targets` is no range of
    /// the series; [`DataError::SeriesTooShort`] where not one pair fits.
    pub fn new(
        values: &'a [f32],
        targets: Range<usize>,
        window: usize,
        horizon: usize,
    ) -> Result<Self, DataError> {
        let starts = target_starts(values.len(), targets, window, horizon)?;
        Ok(Self {
            values,
            window,
            horizon,
            stride: 1,
            first: *starts.start(),
            last: *starts.end(),
        })
    }

    /// Sets how far apart the targets of two neighbouring pairs start; default 1. The horizon as
    /// stride forecasts every value once.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidArgument`] for 0.
    pub fn with_stride(mut self, stride: usize) -> Result<Self, DataError> {
        if stride == 0 {
            return Err(DataError::invalid("stride", 0, "at least 1"));
        }
        self.stride = stride;
        Ok(self)
    }

    /// How many pairs there are, at least 1.
    pub fn len(&self) -> usize {
        (self.last - self.first) / self.stride + 1
    }

    /// Always false: windows without a pair cannot be made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values a window has.
    pub fn window(&self) -> usize {
        self.window
    }

    /// How many values a target has.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// The index in the series at which the target of pair `i` starts and its window ends.
    ///
    /// # Panics
    ///
    /// Where there is no pair `i`.
    pub fn target_start(&self, i: usize) -> usize {
        assert!(
            i < self.len(),
            "there is no pair {i}: the windows have {} pairs",
            self.len()
        );
        self.first + i * self.stride
    }

    /// Pair `i`: the window of [`window`](Self::window) values and the target of
    /// [`horizon`](Self::horizon) values, oldest first in both.
    ///
    /// # Panics
    ///
    /// Where there is no pair `i`.
    pub fn get(&self, i: usize) -> (&'a [f32], &'a [f32]) {
        let start = self.target_start(i);
        (
            &self.values[start - self.window..start],
            &self.values[start..start + self.horizon],
        )
    }

    /// All pairs, oldest first.
    pub fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = (&'a [f32], &'a [f32])> + DoubleEndedIterator + '_ {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// Where targets can start that lie in `targets` and follow a whole window, among `len` steps.
pub(crate) fn target_starts(
    len: usize,
    targets: Range<usize>,
    window: usize,
    horizon: usize,
) -> Result<RangeInclusive<usize>, DataError> {
    for (name, value) in [("window", window), ("horizon", horizon)] {
        if value == 0 {
            return Err(DataError::invalid(name, 0, "at least 1"));
        }
    }
    if targets.start > targets.end || targets.end > len {
        return Err(DataError::invalid(
            "targets",
            format!("{targets:?}"),
            format!("a range inside 0..{len}"),
        ));
    }
    let first = targets.start.max(window);
    let end = first.saturating_add(horizon);
    if end > targets.end {
        return Err(DataError::SeriesTooShort {
            length: targets.end,
            needed: end,
            why: format!(
                "the part {targets:?} of the {len} rows ends there, and a window of {window} and a horizon of {horizon} do not fit; use a shorter window or horizon, or a longer part"
            ),
        });
    }
    Ok(first..=targets.end - horizon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chronological;
    use proptest::prelude::*;

    /// A series whose values are their own indices.
    fn indices(len: usize) -> Vec<f32> {
        (0..len).map(|i| i as f32).collect()
    }

    #[test]
    fn a_target_follows_its_window() {
        let values = indices(7);
        let windows = Windows::new(&values, 0..7, 3, 2).unwrap();
        assert_eq!(windows.len(), 3);
        assert_eq!(windows.get(0), (&values[0..3], &values[3..5]));
        assert_eq!(windows.get(2), (&values[2..5], &values[5..7]));
        assert_eq!((windows.window(), windows.horizon()), (3, 2));
    }

    #[test]
    fn a_window_reaches_back_before_the_range() {
        let values = indices(10);
        let windows = Windows::new(&values, 6..9, 4, 2).unwrap();
        let starts: Vec<usize> = (0..windows.len())
            .map(|i| windows.target_start(i))
            .collect();
        assert_eq!(starts, [6, 7]);
        assert_eq!(windows.get(0).0, &values[2..6]);
    }

    #[test]
    fn a_stride_of_the_horizon_forecasts_every_value_once() {
        let values = indices(12);
        let windows = Windows::new(&values, 3..12, 3, 3)
            .unwrap()
            .with_stride(3)
            .unwrap();
        let forecast: Vec<f32> = windows.iter().flat_map(|(_, t)| t.to_vec()).collect();
        assert_eq!(forecast, values[3..]);
        assert_eq!(windows.iter().len(), 3);
        assert_eq!(windows.iter().next_back().unwrap().1, &values[9..]);
    }

    #[test]
    fn a_range_without_room_is_refused() {
        let values = indices(10);
        assert_eq!(Windows::new(&values, 0..6, 4, 2).unwrap().len(), 1);
        let error = Windows::new(&values, 0..5, 4, 2).unwrap_err();
        assert!(
            matches!(
                error,
                DataError::SeriesTooShort {
                    length: 5,
                    needed: 6,
                    ..
                }
            ),
            "{error}"
        );
        let error = Windows::new(&values, 0..10, 4, usize::MAX).unwrap_err();
        assert!(matches!(error, DataError::SeriesTooShort { .. }), "{error}");
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges)]
    fn arguments_without_sense_are_named() {
        let values = indices(10);
        for (result, name) in [
            (Windows::new(&values, 0..10, 0, 1), "window"),
            (Windows::new(&values, 0..10, 1, 0), "horizon"),
            (Windows::new(&values, 0..11, 1, 1), "targets"),
            (Windows::new(&values, 9..3, 1, 1), "targets"),
            (
                Windows::new(&values, 0..10, 1, 1).unwrap().with_stride(0),
                "stride",
            ),
        ] {
            let error = result.unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    #[should_panic(expected = "there is no pair 3: the windows have 3 pairs")]
    fn a_pair_past_the_end_panics() {
        let values = indices(7);
        Windows::new(&values, 0..7, 3, 2).unwrap().get(3);
    }

    proptest! {
        #[test]
        fn no_target_leaves_its_range_and_no_window_reaches_its_target(
            len in 1usize..80,
            bounds in (0usize..80, 0usize..80),
            window in 1usize..12,
            horizon in 1usize..12,
            stride in 1usize..6,
        ) {
            let targets = bounds.0.min(bounds.1).min(len)..bounds.0.max(bounds.1).min(len);
            let values = indices(len);
            let possible = targets
                .clone()
                .filter(|&start| start >= window && start + horizon <= targets.end)
                .count();
            match Windows::new(&values, targets.clone(), window, horizon) {
                Err(_) => prop_assert_eq!(possible, 0),
                Ok(windows) => {
                    prop_assert_eq!(windows.len(), possible);
                    let windows = windows.with_stride(stride).unwrap();
                    prop_assert_eq!(windows.len(), possible.div_ceil(stride));
                    for (i, (past, future)) in windows.iter().enumerate() {
                        let start = windows.target_start(i);
                        prop_assert_eq!(past.len(), window);
                        prop_assert_eq!(future.len(), horizon);
                        prop_assert!(past.iter().all(|&index| (index as usize) < start));
                        prop_assert_eq!(past[window - 1] as usize + 1, start);
                        prop_assert!(future.iter().all(|&index| targets.contains(&(index as usize))));
                    }
                }
            }
        }

        #[test]
        fn training_windows_never_see_a_test_value(
            len in 20usize..200,
            window in 1usize..20,
            horizon in 1usize..8,
        ) {
            let values = indices(len);
            let split = chronological(len, 0.6, 0.2).unwrap();
            if let Ok(windows) = Windows::new(&values, split.train.clone(), window, horizon) {
                for (past, future) in windows.iter() {
                    let newest = past.iter().chain(future).copied().fold(0.0, f32::max);
                    prop_assert!((newest as usize) < split.validation.start);
                }
            }
        }
    }
}
