//! What a cell is: what it declares, and its equations over numbers of any kind.

mod declaration;
mod function;
mod limits;
mod plan;
mod record;
mod regularized;
mod scalar;
mod sum;
mod value;

pub use declaration::{Declaration, Product, Width};
pub use function::{Binary, Function, Unary};
pub use record::{Operation, Record};
pub use regularized::{MaskOf, Regularizers, Zoneout};
pub use scalar::Scalars;
pub use sum::Sum;
pub use value::Value;

pub(crate) use declaration::{ParameterKind, Source};
pub(crate) use limits::{
    MOST_ENTRIES, MOST_MASKS, MOST_OPERANDS, MOST_REDUCTIONS, MOST_STAGES, MOST_STATES, MOST_SUMS,
    MOST_TEMPS, MOST_VECTORS,
};
#[cfg(test)]
pub(crate) use plan::RowPlan;
pub(crate) use plan::{Plan, ProductPlan, SavedTemp, StagePlan, StatePlan};
pub(crate) use regularized::{Kept, masked_states, zoned_states};
pub(crate) use value::operators;

/// The equations of a recurrent cell, written once: everything else is derived from them.
///
/// A step of a cell is a chain of *stages*. Before a stage come matrix products, which
/// [`declare`](Definition::declare) lists; [`stage`](Definition::stage) then says what happens unit by unit. A cell whose step has one
/// product, or several that do not depend on each other, has one stage; one whose products read what the same
/// step has computed has more.
///
/// From this the engine makes the scan over sequences in either direction, back-propagation through time, steps and streams, on SIMD vectors;
/// and the same in tensor operations for every other backend and float type.
///
/// # Rules
///
/// - `stage` has to be `#[inline(always)]`, and so has everything that it calls: what the compiler does not inline there is
///   compiled without the vector instructions of the machine, and is many times slower.
/// - What depends on options must be known to the compiler (const parameters of the type), or be a choice of values: see
///   [`Value`].
/// - A stage has at most 64 operations and reads; a longer one is cut in two with [`set_temp`](Stage::set_temp).
/// - Every state is set exactly once in a step; a stage that reads a state sees it as it was before the step.
///
/// What is declared is compared with what the equations do when the definition is first used.
pub trait Definition: Copy + PartialEq + Send + Sync + core::fmt::Debug + 'static {
    /// The number of stages; the most, where options leave the last ones out of the declaration.
    const STAGES: usize = 1;

    /// The parameters, states, sums and products.
    fn declare(&self) -> Declaration;

    /// The equations of the stage `index`, for one hidden unit.
    fn stage<S: Stage>(&self, index: usize, at: &S);
}

/// What the equations of a stage read and write: one hidden unit of one sequence.
///
/// All indices are those of the [`Declaration`].
pub trait Stage {
    /// The numbers.
    type Value: Value;

    /// A pre-activation of this stage.
    fn sum_if(&self, on: bool, index: usize) -> Sum<Self::Value>;

    /// A state before the step.
    fn state(&self, index: usize) -> Self::Value;

    /// Sets a state, where `on`.
    fn set_state_if(&self, on: bool, index: usize, value: Self::Value);

    /// What an earlier stage left.
    fn temp(&self, index: usize) -> Self::Value;

    /// Leaves a value for later stages and their products.
    fn set_temp(&self, index: usize, value: Self::Value);

    /// The sum over all units that the `index`-th [`reduce`](Declaration::reduce) declares, counted from 0.
    fn reduced(&self, index: usize) -> Self::Value;

    /// A row of per-unit parameters or a scalar, zeros where not `on` or not given. They are counted in the order of the declaration: after
    /// `.vector("gain").scalars("slopes", 2)` row 0 is the gain, rows 1 and 2 are the slopes.
    fn vector_if(&self, on: bool, row: usize) -> Self::Value;

    /// A mask; no gradient goes to it. One where it is not given.
    fn mask(&self, index: usize) -> Self::Value;

    /// Marks the candidate: what the step newly writes into a state, before or after its gate. Recurrent dropout drops units of it;
    /// without, it is the value itself.
    #[inline(always)]
    fn candidate(&self, value: Self::Value) -> Self::Value {
        value
    }

    /// A constant.
    fn constant(&self, value: f32) -> Self::Value;

    /// The number of units of this stage: what a reduction over a stage of its width sums over.
    fn units(&self) -> Self::Value;

    /// A pre-activation of this stage.
    #[inline(always)]
    fn sum(&self, index: usize) -> Sum<Self::Value> {
        self.sum_if(true, index)
    }

    /// Sets a state.
    #[inline(always)]
    fn set_state(&self, index: usize, value: Self::Value) {
        self.set_state_if(true, index, value);
    }

    /// A row of per-unit parameters, or a scalar; zero where it is not given.
    #[inline(always)]
    fn vector(&self, row: usize) -> Self::Value {
        self.vector_if(true, row)
    }
}
