//! A definition as the passes know it: its plan, and its point-wise passes compiled for every level.

use core::any::{Any, TypeId};
use core::fmt::Debug;
use std::cell::RefCell;
use std::sync::Arc;

use crate::burn::TensorStage;
use crate::definition::{
    Definition, MaskOf, Operation, Plan, Record, Regularizers, Scalars, masked_states, zoned_states,
};
use crate::machine::level::Level;

use super::derivative::Backward;
use super::frame::{BackwardFrame, ForwardFrame};
use super::lane::Forward;

/// A definition of any type.
pub(crate) trait Kernel: Debug + Send + Sync {
    fn plan(&self) -> &Plan;

    /// The point-wise pass of a stage, and whether it keeps what the backward pass needs.
    ///
    /// # Safety
    ///
    /// The pointers of the frame must be valid for its rows and panels, in layouts of the level.
    unsafe fn forward(&self, level: Level, stage: usize, keep: bool, frame: ForwardFrame<'_>);

    /// The backward point-wise pass of a stage.
    ///
    /// # Safety
    ///
    /// As for [`forward`](Kernel::forward).
    unsafe fn backward(&self, level: Level, stage: usize, frame: BackwardFrame<'_>);

    /// A stage in operations of Burn's tensors.
    fn tensors(&self, stage: usize, at: &TensorStage);

    /// A stage in numbers of 64 bits.
    fn scalars(&self, stage: usize, at: &Scalars);

    /// The same definition with other regularizers.
    fn regularized(&self, with: Regularizers) -> Engine;
}

#[derive(Debug)]
struct Compiled<D> {
    definition: D,
    plan: Plan,
}

/// Calls a macro for the number of a stage that a definition has. The conditions are constants of their own: the compiler then makes
/// the passes of those stages alone.
macro_rules! of_stage {
    ($stage:expr, $definition:ident, $call:ident) => {
        match $stage {
            0 => $call!(0),
            1 if const { $definition::STAGES > 1 } => $call!(1),
            2 if const { $definition::STAGES > 2 } => $call!(2),
            3 if const { $definition::STAGES > 3 } => $call!(3),
            4 if const { $definition::STAGES > 4 } => $call!(4),
            5 if const { $definition::STAGES > 5 } => $call!(5),
            _ => unreachable!("there are {} stages", $definition::STAGES),
        }
    };
}

impl<D: Definition> Kernel for Compiled<D> {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    unsafe fn forward(&self, level: Level, stage: usize, keep: bool, frame: ForwardFrame<'_>) {
        let definition = &self.definition;
        macro_rules! run {
            ($stage:literal) => {
                if keep {
                    level.run(Forward::<D, $stage, true> { definition, frame })
                } else {
                    level.run(Forward::<D, $stage, false> { definition, frame })
                }
            };
        }
        of_stage!(stage, D, run)
    }

    unsafe fn backward(&self, level: Level, stage: usize, frame: BackwardFrame<'_>) {
        let definition = &self.definition;
        macro_rules! run {
            ($stage:literal) => {
                level.run(Backward::<D, $stage> { definition, frame })
            };
        }
        of_stage!(stage, D, run)
    }

    fn tensors(&self, stage: usize, at: &TensorStage) {
        self.definition.stage(stage, &at);
    }

    fn scalars(&self, stage: usize, at: &Scalars) {
        self.definition.stage(stage, at);
    }

    fn regularized(&self, with: Regularizers) -> Engine {
        Engine::made(self.definition, with)
    }
}

/// A definition that is ready to be run: checked, and compiled for every set of vector instructions.
#[derive(Clone, Debug)]
pub struct Engine(pub(crate) Arc<dyn Kernel>);

/// The shape of a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskShape {
    /// The same at all steps, `[batch, width]`.
    Same([usize; 2]),
    /// One of its own for each step, `[batch, time, width]`.
    ByStep([usize; 3]),
}

/// The most definitions that a thread remembers.
const MOST_REMEMBERED: usize = 64;

type Remembered = Vec<(TypeId, Box<dyn Any>, Regularizers, Engine)>;

thread_local! {
    static REMEMBERED: RefCell<Remembered> = const { RefCell::new(Vec::new()) };
}

impl Engine {
    /// What each stage of the definition does, operation by operation: what a compiler for another device starts from.
    pub fn records(&self) -> &[Record] {
        &self.0.plan().records
    }

    /// One stage over numbers of 64 bits, for one unit.
    pub fn evaluate(&self, stage: usize, at: &Scalars) {
        self.0.scalars(stage, at);
    }

    /// The number of tensors of states.
    pub fn states(&self) -> usize {
        self.0.plan().declaration.states.len()
    }

    /// The shapes of the tensors of states, and what they start from.
    pub fn initial_states(
        &self,
        batch: usize,
        d_hidden: usize,
        d_output: usize,
    ) -> impl Iterator<Item = ([usize; 2], f32)> + '_ {
        let states = self.0.plan().declaration.states.iter();
        states.map(move |state| {
            let vectors = state.vectors_there();
            let width = state.width.units(d_hidden, d_output);
            ([batch, vectors * width], state.initial)
        })
    }

    /// The engine of the same definition with regularizers. Its [masks](Engine::masks) are to be given, and the states that it has beyond
    /// the cell's own, [copies](Engine::copies) of those times their masks.
    #[must_use]
    pub fn regularized(&self, with: Regularizers) -> Self {
        self.0.regularized(with)
    }

    /// Whether the equations mark a candidate.
    pub fn has_candidate(&self) -> bool {
        let mut operations = self.records().iter().flat_map(|record| &record.operations);
        operations.any(|operation| matches!(operation, Operation::Candidate(_)))
    }

    /// Whether recurrent products read a state that variational dropout can mask.
    pub fn has_masked_states(&self) -> bool {
        !masked_states(&self.0.plan().declaration).is_empty()
    }

    /// Whether there is a state beside the output that zoneout works on.
    pub fn has_zoned_states(&self) -> bool {
        !zoned_states(&self.0.plan().declaration).is_empty()
    }

    /// The states beyond the cell's own, each by the tensor that it is a masked copy of.
    pub fn copies(&self) -> Vec<usize> {
        let states = self.0.plan().declaration.states.iter();
        states.filter_map(|state| state.copy_of).collect()
    }

    /// Whether there is a matrix of which a product reads a state.
    pub fn has_recurrent_matrices(&self) -> bool {
        self.0.plan().recurrent_matrices().next().is_some()
    }

    /// The masks in their order: what for, and the shape.
    pub fn masks(
        &self,
        [batch, time]: [usize; 2],
        d_hidden: usize,
        d_output: usize,
    ) -> impl Iterator<Item = (MaskOf, MaskShape)> + '_ {
        let masks = self.0.plan().declaration.masks.iter();
        masks.map(move |mask| {
            let width = mask.width.units(d_hidden, d_output);
            let shape = if mask.by_step {
                MaskShape::ByStep([batch, time, width])
            } else {
                MaskShape::Same([batch, width])
            };
            (mask.of, shape)
        })
    }

    /// The engine of a definition. It is made once a thread.
    ///
    /// # Panics
    ///
    /// Where the definition declares something else than its equations do; the message says what.
    pub fn of<D: Definition>(definition: D) -> Self {
        Self::made(definition, Regularizers::default())
    }

    fn made<D: Definition>(definition: D, with: Regularizers) -> Self {
        REMEMBERED.with_borrow_mut(|remembered| {
            let known = remembered.iter().find(|(kind, known, known_with, _)| {
                *kind == TypeId::of::<D>()
                    && *known_with == with
                    && known.downcast_ref() == Some(&definition)
            });
            if let Some((_, _, _, engine)) = known {
                return engine.clone();
            }
            let plan = Plan::new(&definition, with);
            let engine = Self(Arc::new(Compiled { definition, plan }));
            if remembered.len() == MOST_REMEMBERED {
                remembered.remove(0);
            }
            let boxed: Box<dyn Any> = Box::new(definition);
            remembered.push((TypeId::of::<D>(), boxed, with, engine.clone()));
            engine
        })
    }
}
