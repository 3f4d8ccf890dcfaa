//! The equations over single numbers of 64 bits: what tests differentiate numerically.

use core::cell::RefCell;
use core::ops::{Add, Div, Mul, Neg, Sub};

use super::{Function, Stage, Sum, Value};

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

    fn ln(self) -> Self {
        Self(self.0.ln())
    }

    fn sqrt(self) -> Self {
        Self(self.0.sqrt())
    }

    fn abs(self) -> Self {
        Self(self.0.abs())
    }

    fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    fn choose(self, on: bool, other: Self) -> Self {
        if on { self } else { other }
    }

    fn kept(self, function: Function, on: bool, otherwise: f32) -> Self {
        if on {
            self.apply(function)
        } else {
            Self(otherwise.into())
        }
    }
}

impl Function {
    /// The function of a number.
    pub fn of(self, x: f64) -> f64 {
        let number = |value: f32| f64::from(value);
        match self {
            Self::Identity => x,
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Relu => x.max(0.0),
            Self::Exp => x.exp(),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::Affine { alpha, beta } => number(alpha) * x + number(beta),
            Self::LeakyRelu { alpha } => x.max(0.0) + number(alpha) * x.min(0.0),
            Self::ThresholdedRelu { alpha } => {
                if x > number(alpha) {
                    x
                } else {
                    0.0
                }
            }
            Self::ScaledTanh { alpha, beta } => number(alpha) * (number(beta) * x).tanh(),
            Self::HardSigmoid { alpha, beta } => (number(alpha) * x + number(beta)).clamp(0.0, 1.0),
            Self::Elu { alpha } => x.max(0.0) + number(alpha) * x.min(0.0).exp_m1(),
            Self::Clip { limit } => x.clamp(-number(limit), number(limit)),
        }
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident $sign:tt),*) => {$(
        impl $trait for Scalar {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                Self(self.0 $sign other.0)
            }
        }

        impl $trait<f32> for Scalar {
            type Output = Self;

            fn $method(self, constant: f32) -> Self {
                Self(self.0 $sign f64::from(constant))
            }
        }
    )*};
}

operator!(Add add +, Sub sub -, Mul mul *);

impl Div for Scalar {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        Self(self.0 / other.0)
    }
}

impl Neg for Scalar {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}
