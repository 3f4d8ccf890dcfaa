//! The operations of equations.

/// An operation on one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `−x`.
    Neg,
    /// `ln x`.
    Ln,
    /// `√x`.
    Sqrt,
    /// `|x|`.
    Abs,
}

/// An operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `a + b`.
    Add,
    /// `a − b`.
    Sub,
    /// `a · b`.
    Mul,
    /// `a / b`.
    Div,
    /// The larger one; the gradient goes to `b` where they are equal.
    Max,
    /// The smaller one; the gradient goes to `b` where they are equal.
    Min,
}

/// A function of one number whose slope follows from its value: what the backward pass has to keep is the value alone.
///
/// ONNX's names and parameters; the slope at a kink is the one on its right, but for [`Relu`](Function::Relu), which has
/// none there, as in Burn and PyTorch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Function {
    /// `x`.
    #[default]
    Identity,
    /// `1 / (1 + e^−x)`.
    Sigmoid,
    /// `tanh x`.
    Tanh,
    /// `max(x, 0)`.
    Relu,
    /// `e^x`.
    Exp,
    /// `ln(1 + e^x)`.
    Softplus,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `alpha · x + beta`.
    Affine {
        /// The slope.
        alpha: f32,
        /// The value at zero.
        beta: f32,
    },
    /// `x` where it is positive, `alpha · x` elsewhere; `alpha` is positive.
    LeakyRelu {
        /// The slope on the left.
        alpha: f32,
    },
    /// `x` where it is larger than `alpha`, else 0; `alpha` is not negative.
    ThresholdedRelu {
        /// The threshold.
        alpha: f32,
    },
    /// `alpha · tanh(beta · x)`; `alpha` is not zero.
    ScaledTanh {
        /// The largest value.
        alpha: f32,
        /// The scale of the argument.
        beta: f32,
    },
    /// `alpha · x + beta`, at least 0 and at most 1.
    HardSigmoid {
        /// The slope.
        alpha: f32,
        /// The value at zero.
        beta: f32,
    },
    /// `x` where it is positive, `alpha · (e^x − 1)` elsewhere; `alpha` is positive.
    Elu {
        /// The distance of the lower bound from zero.
        alpha: f32,
    },
    /// `x`, at least `−limit` and at most `limit`: a clip.
    Clip {
        /// The largest absolute value.
        limit: f32,
    },
}

impl Unary {
    /// The operation on a number.
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Neg => -x,
            Self::Ln => x.ln(),
            Self::Sqrt => x.sqrt(),
            Self::Abs => x.abs(),
        }
    }
}

impl Binary {
    /// The operation on two numbers.
    pub fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Max => a.max(b),
            Self::Min => a.min(b),
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
