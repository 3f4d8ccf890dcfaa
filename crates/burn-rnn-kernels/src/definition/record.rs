//! The equations as a list of operations: what a compiler for other devices starts from, and what a definition is checked by.

use core::cell::{Cell, RefCell};

use super::value::operators;
use super::{Binary, Definition, Function, Stage, Sum, Unary, Value};

/// One operation of a stage; operands are the places of earlier ones in the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// A constant.
    Constant(f32),
    /// A pre-activation.
    Sum(usize),
    /// A state before the step.
    State(usize),
    /// What an earlier stage left.
    Temp(usize),
    /// The sum of a temp over the units.
    Reduced(usize),
    /// A row of parameters.
    Vector(usize),
    /// A mask.
    Mask(usize),
    /// The candidate: an earlier operation, or that times a mask.
    Candidate(usize),
    /// The number of units.
    Units,
    /// An operation on one number.
    Unary(Unary, usize),
    /// An operation on two numbers.
    Binary(Binary, usize, usize),
    /// A function.
    Apply(Function, usize),
    /// A function of a sum, kept for the backward pass.
    Kept(Function, usize),
    /// The first or the second.
    Choose(bool, usize, usize),
    /// A state is set.
    SetState(usize, usize),
    /// A temp is set.
    SetTemp(usize, usize),
}

/// All operations of one stage, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The operations.
    pub operations: Vec<Operation>,
    /// The entries that the derivative's tape has at most: what is off has one, too.
    pub(crate) entries: usize,
}

impl Record {
    /// What a stage of a definition does.
    pub fn of<D: Definition>(definition: &D, stage: usize) -> Self {
        let recorder = Recorder::default();
        definition.stage(stage, &&recorder);
        Self {
            entries: recorder.entries.into_inner(),
            operations: recorder.operations.into_inner(),
        }
    }

    /// Computes what the record says over numbers of any kind: the same as the stage itself.
    ///
    /// `read` gives the values of sums, states, temps, reductions, vectors, masks and the units.
    pub fn evaluate<S: Stage>(&self, at: &S) {
        let mut values: Vec<S::Value> = Vec::with_capacity(self.operations.len());
        for operation in &self.operations {
            let v = |index: usize| values[index];
            values.push(match *operation {
                Operation::Constant(value) => at.constant(value),
                Operation::Sum(index) => at.sum(index).0,
                Operation::State(index) => at.state(index),
                Operation::Temp(index) => at.temp(index),
                Operation::Reduced(index) => at.reduced(index),
                Operation::Vector(index) => at.vector(index),
                Operation::Mask(index) => at.mask(index),
                Operation::Candidate(a) => at.candidate(v(a)),
                Operation::Units => at.units(),
                Operation::Unary(operation, a) => v(a).unary(operation),
                Operation::Binary(operation, a, b) => v(a).binary(operation, v(b)),
                Operation::Apply(function, a) => v(a).apply(function),
                Operation::Kept(function, a) => v(a).kept(function, true, 0.0),
                Operation::Choose(on, a, b) => v(a).choose(on, v(b)),
                Operation::SetState(index, a) => {
                    at.set_state(index, v(a));
                    v(a)
                }
                Operation::SetTemp(index, a) => {
                    at.set_temp(index, v(a));
                    v(a)
                }
            });
        }
    }
}

/// Writes operations down as they are done.
#[derive(Default)]
struct Recorder {
    operations: RefCell<Vec<Operation>>,
    entries: Cell<usize>,
}

/// The place of an operation in the list.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    recorder: &'a Recorder,
    place: usize,
}

impl Recorder {
    /// Something that the tape of the derivative has an entry for.
    fn entry(&self, operation: Operation) -> Place<'_> {
        self.entries.set(self.entries.get() + 1);
        self.push(operation)
    }

    fn push(&self, operation: Operation) -> Place<'_> {
        let mut operations = self.operations.borrow_mut();
        operations.push(operation);
        Place {
            recorder: self,
            place: operations.len() - 1,
        }
    }
}

impl<'a> Stage for &'a Recorder {
    type Value = Place<'a>;

    fn sum_if(&self, on: bool, index: usize) -> Sum<Place<'a>> {
        Sum(self.entry(if on {
            Operation::Sum(index)
        } else {
            Operation::Constant(0.0)
        }))
    }

    fn state(&self, index: usize) -> Place<'a> {
        self.entry(Operation::State(index))
    }

    fn set_state_if(&self, on: bool, index: usize, value: Place<'a>) {
        if on {
            self.push(Operation::SetState(index, value.place));
        }
    }

    fn temp(&self, index: usize) -> Place<'a> {
        self.entry(Operation::Temp(index))
    }

    fn set_temp(&self, index: usize, value: Place<'a>) {
        self.push(Operation::SetTemp(index, value.place));
    }

    fn reduced(&self, index: usize) -> Place<'a> {
        self.entry(Operation::Reduced(index))
    }

    fn vector_if(&self, on: bool, row: usize) -> Place<'a> {
        self.entry(if on {
            Operation::Vector(row)
        } else {
            Operation::Constant(0.0)
        })
    }

    fn mask(&self, index: usize) -> Place<'a> {
        self.push(Operation::Mask(index))
    }

    fn candidate(&self, value: Place<'a>) -> Place<'a> {
        self.entry(Operation::Candidate(value.place))
    }

    fn constant(&self, value: f32) -> Place<'a> {
        self.push(Operation::Constant(value))
    }

    fn units(&self) -> Place<'a> {
        self.push(Operation::Units)
    }
}

impl Value for Place<'_> {
    fn apply(self, function: Function) -> Self {
        self.recorder.entry(Operation::Apply(function, self.place))
    }

    fn unary(self, operation: Unary) -> Self {
        self.recorder.entry(Operation::Unary(operation, self.place))
    }

    fn binary(self, operation: Binary, other: Self) -> Self {
        self.recorder
            .entry(Operation::Binary(operation, self.place, other.place))
    }

    fn number(self, value: f32) -> Self {
        self.recorder.push(Operation::Constant(value))
    }

    fn choose(self, on: bool, other: Self) -> Self {
        self.recorder
            .entry(Operation::Choose(on, self.place, other.place))
    }

    fn kept(self, function: Function, on: bool, otherwise: f32) -> Self {
        self.recorder.entry(if on {
            Operation::Kept(function, self.place)
        } else {
            Operation::Constant(otherwise)
        })
    }
}

operators!(['a] Place<'a>);
