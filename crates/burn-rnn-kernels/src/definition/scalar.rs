//! The equations over single numbers of 64 bits: what tests differentiate numerically.

use core::cell::RefCell;

use super::value::operators;
use super::{Binary, Function, Stage, Sum, Unary, Value};

/// One hidden unit of one sequence, in numbers of 64 bits.
#[derive(Clone, Debug, Default)]
pub struct Scalars {
    /// The pre-activations.
    pub sums: Vec<f64>,
    /// The states before the step.
    pub states: Vec<f64>,
    /// What earlier stages left, and what this one leaves.
    pub temps: RefCell<Vec<f64>>,
    /// The sums of temps over the units.
    pub reduced: Vec<f64>,
    /// The rows of per-unit parameters and the scalars.
    pub vectors: Vec<f64>,
    /// The masks.
    pub masks: Vec<f64>,
    /// The mask of the candidate, where it has one.
    pub candidate: Option<f64>,
    /// The number of units.
    pub units: f64,
    /// The states after the step.
    pub set: RefCell<Vec<f64>>,
}

impl Stage for Scalars {
    type Value = Scalar;

    fn sum_if(&self, on: bool, index: usize) -> Sum<Scalar> {
        Sum(Scalar(if on { self.sums[index] } else { 0.0 }))
    }

    fn state(&self, index: usize) -> Scalar {
        Scalar(self.states[index])
    }

    fn set_state_if(&self, on: bool, index: usize, value: Scalar) {
        if on {
            self.set.borrow_mut()[index] = value.0;
        }
    }

    fn temp(&self, index: usize) -> Scalar {
        Scalar(self.temps.borrow()[index])
    }

    fn set_temp(&self, index: usize, value: Scalar) {
        self.temps.borrow_mut()[index] = value.0;
    }

    fn reduced(&self, index: usize) -> Scalar {
        Scalar(self.reduced[index])
    }

    fn vector_if(&self, on: bool, row: usize) -> Scalar {
        Scalar(if on { self.vectors[row] } else { 0.0 })
    }

    fn mask(&self, index: usize) -> Scalar {
        Scalar(self.masks[index])
    }

    fn candidate(&self, value: Scalar) -> Scalar {
        Scalar(value.0 * self.candidate.unwrap_or(1.0))
    }

    fn constant(&self, value: f32) -> Scalar {
        Scalar(value.into())
    }

    fn units(&self) -> Scalar {
        Scalar(self.units)
    }
}

/// A number of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scalar(pub f64);

impl Value for Scalar {
    fn apply(self, function: Function) -> Self {
        Self(function.of(self.0))
    }

    fn unary(self, operation: Unary) -> Self {
        Self(operation.of(self.0))
    }

    fn binary(self, operation: Binary, other: Self) -> Self {
        Self(operation.of(self.0, other.0))
    }

    fn number(self, value: f32) -> Self {
        Self(value.into())
    }

    fn choose(self, on: bool, other: Self) -> Self {
        if on { self } else { other }
    }

    fn kept(self, function: Function, on: bool, otherwise: f32) -> Self {
        if on {
            self.apply(function)
        } else {
            self.number(otherwise)
        }
    }
}

operators!([] Scalar);
