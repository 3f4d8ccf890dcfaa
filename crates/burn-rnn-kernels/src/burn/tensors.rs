//! The equations over Burn's tensors: one stage of one step.

use core::cell::RefCell;

use burn::tensor::{Tensor, activation};

use crate::definition::{Binary, Function, Stage, Sum, Unary, Value, operators};

/// A function of every element.
pub fn apply<const D: usize>(function: Function, x: Tensor<D>) -> Tensor<D> {
    match function {
        Function::Identity => x,
        Function::Sigmoid => activation::sigmoid(x),
        Function::Tanh => activation::tanh(x),
        Function::Relu => activation::relu(x),
        Function::Exp => x.exp(),
        // In this form it neither overflows nor loses small values.
        Function::Softplus => activation::relu(x.clone()) + (-x.abs()).exp().log1p(),
        Function::Softsign => x.clone() / (x.abs() + 1.0),
        Function::Affine { alpha, beta } => x * alpha + beta,
        Function::LeakyRelu { alpha } => activation::leaky_relu(x, alpha.into()),
        Function::ThresholdedRelu { alpha } => x.clone().mask_fill(x.lower_equal_elem(alpha), 0.0),
        Function::ScaledTanh { alpha, beta } => activation::tanh(x * beta) * alpha,
        Function::HardSigmoid { alpha, beta } => (x * alpha + beta).clamp(0.0, 1.0),
        Function::Elu { alpha } => {
            let positive = x.clone().greater_elem(0.0);
            let left = (x.clone().clamp_max(0.0).exp() - 1.0) * alpha;
            left.mask_where(positive, x)
        }
        Function::Clip { limit } => x.clamp(-limit, limit),
    }
}

/// One stage of one step of all sequences. Vectors are `[batch, units]`, rows of parameters `[1, units]`.
pub(crate) struct TensorStage {
    pub(crate) sums: Vec<Option<Tensor<2>>>,
    pub(crate) states: Vec<Option<Tensor<2>>>,
    pub(crate) temps: RefCell<Vec<Option<Tensor<2>>>>,
    pub(crate) reduced: Vec<Option<Tensor<2>>>,
    pub(crate) rows: Vec<Option<Tensor<2>>>,
    pub(crate) masks: Vec<Option<Tensor<2>>>,
    /// The mask of the candidate.
    pub(crate) candidate: Option<Tensor<2>>,
    pub(crate) set: RefCell<Vec<Option<Tensor<2>>>>,
    /// What constants are made like: `[batch, units]`.
    pub(crate) like: Tensor<2>,
    /// All values so far: the value type is a place here, so that it can be copied.
    pub(crate) arena: RefCell<Vec<Tensor<2>>>,
}

/// A tensor of the stage, or a constant.
#[derive(Clone, Copy)]
pub(crate) struct TensorValue<'a> {
    stage: &'a TensorStage,
    value: Place,
}

#[derive(Clone, Copy)]
enum Place {
    Tensor(usize),
    Constant(f32),
}

impl TensorStage {
    fn put(&self, tensor: Tensor<2>) -> TensorValue<'_> {
        let mut arena = self.arena.borrow_mut();
        arena.push(tensor);
        TensorValue {
            stage: self,
            value: Place::Tensor(arena.len() - 1),
        }
    }

    fn given(&self, tensor: &Option<Tensor<2>>, otherwise: f32) -> TensorValue<'_> {
        match tensor {
            Some(tensor) => self.put(tensor.clone()),
            None => self.number(otherwise),
        }
    }

    fn number(&self, value: f32) -> TensorValue<'_> {
        TensorValue {
            stage: self,
            value: Place::Constant(value),
        }
    }

    /// A value as a tensor `[batch, units]`.
    fn whole(&self, value: TensorValue<'_>) -> Tensor<2> {
        let shape = self.like.dims();
        match value.value {
            Place::Constant(value) => {
                Tensor::full(shape, value, (&self.like.device(), self.like.dtype()))
            }
            Place::Tensor(_) => {
                let tensor = value.tensor();
                if tensor.dims() == shape {
                    tensor
                } else {
                    tensor.expand(shape)
                }
            }
        }
    }
}

impl<'a> Stage for &'a TensorStage {
    type Value = TensorValue<'a>;

    fn sum_if(&self, on: bool, index: usize) -> Sum<TensorValue<'a>> {
        Sum(if on {
            self.given(&self.sums[index], 0.0)
        } else {
            self.number(0.0)
        })
    }

    fn state(&self, index: usize) -> TensorValue<'a> {
        self.given(&self.states[index], 0.0)
    }

    fn set_state_if(&self, on: bool, index: usize, value: TensorValue<'a>) {
        if on {
            self.set.borrow_mut()[index] = Some(self.whole(value));
        }
    }

    fn temp(&self, index: usize) -> TensorValue<'a> {
        let temp = self.temps.borrow()[index].clone();
        self.given(&temp, 0.0)
    }

    fn set_temp(&self, index: usize, value: TensorValue<'a>) {
        self.temps.borrow_mut()[index] = Some(self.whole(value));
    }

    fn reduced(&self, index: usize) -> TensorValue<'a> {
        self.given(&self.reduced[index], 0.0)
    }

    fn vector_if(&self, on: bool, row: usize) -> TensorValue<'a> {
        if on {
            self.given(&self.rows[row], 0.0)
        } else {
            self.number(0.0)
        }
    }

    fn mask(&self, index: usize) -> TensorValue<'a> {
        self.given(&self.masks[index], 1.0)
    }

    fn candidate(&self, value: TensorValue<'a>) -> TensorValue<'a> {
        value * self.given(&self.candidate, 1.0)
    }

    fn constant(&self, value: f32) -> TensorValue<'a> {
        self.number(value)
    }

    fn units(&self) -> TensorValue<'a> {
        self.number(self.like.dims()[1] as f32)
    }
}

impl TensorValue<'_> {
    fn tensor(self) -> Tensor<2> {
        match self.value {
            Place::Tensor(at) => self.stage.arena.borrow()[at].clone(),
            Place::Constant(_) => self.stage.whole(self),
        }
    }

    fn one(self, function: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Self {
        self.stage.put(function(self.tensor()))
    }
}

impl Value for TensorValue<'_> {
    fn apply(self, function: Function) -> Self {
        if let Place::Constant(value) = self.value {
            return self.number(function.of(value.into()) as f32);
        }
        match function {
            Function::Identity => self,
            function => self.one(|x| apply(function, x)),
        }
    }

    fn unary(self, operation: Unary) -> Self {
        if let Place::Constant(value) = self.value {
            return self.number(operation.of(value.into()) as f32);
        }
        self.one(match operation {
            Unary::Neg => Tensor::neg,
            Unary::Ln => Tensor::log,
            Unary::Sqrt => Tensor::sqrt,
            Unary::Abs => Tensor::abs,
        })
    }

    fn binary(self, operation: Binary, other: Self) -> Self {
        // What a constant does to a tensor is an operation of its own, or nothing at all.
        match (operation, self.value, other.value) {
            (_, Place::Constant(a), Place::Constant(b)) => {
                return self.number(operation.of(a.into(), b.into()) as f32);
            }
            (Binary::Add | Binary::Sub, _, Place::Constant(0.0)) => return self,
            (Binary::Mul | Binary::Div, _, Place::Constant(1.0)) => return self,
            (Binary::Add, _, Place::Constant(b)) => return self.one(|x| x + b),
            (Binary::Sub, _, Place::Constant(b)) => return self.one(|x| x - b),
            (Binary::Mul, _, Place::Constant(b)) => return self.one(|x| x * b),
            (Binary::Div, _, Place::Constant(b)) => return self.one(|x| x / b),
            (Binary::Add | Binary::Mul, Place::Constant(_), _) => {
                return other.binary(operation, self);
            }
            (Binary::Sub, Place::Constant(a), _) => return -other + a,
            _ => {}
        }
        let (a, b) = (self.tensor(), other.tensor());
        self.stage.put(match operation {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            Binary::Max => a.max_pair(self.stage.whole(other)),
            Binary::Min => a.min_pair(self.stage.whole(other)),
        })
    }

    fn number(self, value: f32) -> Self {
        self.stage.number(value)
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

operators!(['a] TensorValue<'a>);
