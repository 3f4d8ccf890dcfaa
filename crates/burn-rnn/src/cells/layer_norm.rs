//! Layer normalisation inside equations: means and deviations over all units of a step.

use crate::definition::{Stage, Value};

/// What is added to a variance before its root is drawn, as in the authors' code (PyTorch's default, too).
const EPSILON: f32 = 1e-5;

/// The mean over all units of some vectors, of their sum's reduction.
#[inline(always)]
pub(super) fn mean<S: Stage>(at: &S, sum: usize, vectors: f32) -> S::Value {
    at.reduced(sum) / (at.units() * vectors)
}

/// `(x − mean)²`. Squares of the differences, not a difference of squares: that would lose the variance where the mean is large.
#[inline(always)]
pub(super) fn squared<V: Value>(x: V, mean: V) -> V {
    let centred = x - mean;
    centred * centred
}

/// Mean and inverse deviation of some vectors.
#[derive(Clone, Copy)]
pub(super) struct Moments<V> {
    mean: V,
    scale: V,
}

impl<V: Value> Moments<V> {
    /// Those of so many vectors, of the reductions of their sum and of the squares of their differences to the mean.
    #[inline(always)]
    pub(super) fn of<S: Stage<Value = V>>(
        at: &S,
        [sum, squares]: [usize; 2],
        vectors: f32,
    ) -> Self {
        let numbers = at.units() * vectors;
        let variance = at.reduced(squares) / numbers;
        Self {
            mean: at.reduced(sum) / numbers,
            scale: at.constant(1.0) / (variance + EPSILON).sqrt(),
        }
    }

    /// `gain · (x − mean) / √(variance + ε)`.
    #[inline(always)]
    pub(super) fn normalize(self, x: V, gain: V) -> V {
        (x - self.mean) * self.scale * gain
    }
}
