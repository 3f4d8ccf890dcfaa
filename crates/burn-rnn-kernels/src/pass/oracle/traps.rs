//! Definitions that say things in an order, or from a place, that is easy to get wrong; and some that are to be refused.

use crate::definition::{Declaration, Definition, Function, Product, Stage, Value, Width};

/// A state that is read after it was set: as it was before the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SetThenRead;

impl Definition for SetThenRead {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0]);
        let cell = Declaration::new().state().state().input(0);
        cell.matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        at.set_state(1, at.state(1) * 0.5 + at.sum(0).tanh());
        at.set_state(0, at.state(1) * 0.9);
    }
}

/// A row that is read where it is on and where it is off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ReadTwice {
    pub(super) first: bool,
}

impl Definition for ReadTwice {
    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0]);
        let cell = Declaration::new().state().input(0);
        cell.matrix("w_hidden", [product]).vector("gain")
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let x = at.sum(0).tanh();
        let by_input = x * at.vector_if(self.first, 0);
        at.set_state(0, by_input + at.state(0) * at.vector_if(!self.first, 0));
    }
}

/// One sum over the units that two stages read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ReducedInTwo;

impl Definition for ReducedInTwo {
    const STAGES: usize = 3;

    fn declare(&self) -> Declaration {
        let product = Product::of_state(0).into_sums([0]);
        let cell = Declaration::stages(3).state().input(0);
        let cell = cell.temp(0).temp(1).reduce(0);
        cell.matrix("w_hidden", [product])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        let mean = |at: &S| at.reduced(0) / at.units();
        match index {
            0 => at.set_temp(0, at.sum(0).tanh()),
            1 => at.set_temp(1, at.temp(0) * mean(at)),
            _ => at.set_state(0, (at.temp(1) + at.temp(0) * mean(at)).tanh()),
        }
    }
}

/// A product in the stage of output units of a state that the equations before read, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OutputOfState;

impl Definition for OutputOfState {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        let cell = Declaration::stages(1).output_stage();
        let cell = cell.state_of(Width::Output, 0.0).state();
        let cell = cell.input(0).sum(1);
        cell.matrix("w_hidden", [Product::of_state(0).into_sums([0])])
            .matrix("w_output", [Product::of_state(1).into_sums([1])])
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            at.set_state(1, at.state(1) * 0.5 + at.sum(0).tanh());
        } else {
            at.set_state(0, at.sum(1).tanh());
        }
    }
}

/// A projection that an option leaves out, and the last stage with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MayProject {
    pub(super) on: bool,
}

impl Definition for MayProject {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        let cell = Declaration::stages(1);
        let cell = if self.on {
            cell.output_stage().state_of(Width::Output, 0.0)
        } else {
            cell.state()
        };
        let cell = cell.input(0).temp(0);
        let cell = cell.matrix("w_hidden", [Product::of_state(0).into_sums([0])]);
        if self.on {
            let product = Product::of_temp(0).into_sums([1]);
            return cell.sum(1).matrix("w_project", [product]);
        }
        cell
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        if index == 0 {
            let hidden = at.sum(0).tanh();
            at.set_temp(0, hidden);
            at.set_state_if(!self.on, 0, hidden);
        } else {
            at.set_state(0, at.sum(1).value());
        }
    }
}

/// Definitions that declare something else than they do, or what cannot be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wrong {
    NeverSet,
    NeverRead,
    Unknown,
    OutputNotThere,
    OutputOfTwo,
    ReducedTwice,
    UnknownSource,
    HeadsOfRows,
    TooLong,
}

impl Definition for Wrong {
    fn declare(&self) -> Declaration {
        let cell = Declaration::new();
        let cell = match self {
            Self::OutputNotThere => cell.states_side_by_side([false]),
            Self::OutputOfTwo => cell.states_side_by_side([true, true]),
            _ => cell.state(),
        };
        let cell = cell.input(0).input(0);
        match self {
            Self::NeverSet => cell.state(),
            Self::ReducedTwice => cell.temp(0).reduce(0).reduce(0),
            Self::UnknownSource => cell.matrix("w", [Product::of_temp(3).into_sums([0])]),
            Self::HeadsOfRows => {
                let product = Product::of_state(0).into_sums([0]).at(1, 0);
                cell.heads("w", 2, [product])
            }
            _ => cell,
        }
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, _: usize, at: &S) {
        let mut other = match self {
            Self::NeverRead => at.state(0),
            Self::Unknown => at.sum(2).tanh(),
            _ => at.sum(1).tanh(),
        };
        if *self == Self::TooLong {
            // What is off has its place on the tape, too.
            for _ in 0..40 {
                other = other * at.sum(0).activate_if(false, Function::Sigmoid, 1.0);
            }
        }
        at.set_state(0, at.sum(0).tanh() + other);
    }
}
