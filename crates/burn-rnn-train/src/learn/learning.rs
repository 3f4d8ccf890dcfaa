//! All that changes while a model learns: what a checkpoint keeps.

use std::collections::BTreeSet;

use burn::lr_scheduler::LrSchedulerRecord;
use burn::module::{Module, ModuleDisplay};
use burn::optim::{GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor, TensorData};
use burn_rnn::State;

use super::checkpoint_file::{MODEL, OPTIMIZER, SCHEDULE, Stored, record};
use super::position::Position;
use super::records::Parameters;
use super::schedule::Schedule;
use super::{Learnable, Moment, gradients};
use crate::CheckpointError;

/// A model that learns, with all that belongs to it.
pub(super) struct Learning<M: Learnable> {
    pub(super) position: Position,
    pub(super) model: M,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) schedule: Schedule,
    /// The state after the last batch, for models that carry one.
    pub(super) carried: Option<M::State>,
}

/// The names of tensors in checkpoints begin with `model`.
#[derive(Module, Debug)]
struct Recorded<M: Module + ModuleDisplay> {
    model: M,
}

fn bytes_of<M: Learnable>(model: &M) -> Result<Bytes, CheckpointError> {
    let model = model.clone();
    record(MODEL, Recorded { model }.into_record().into_bytes())
}

impl<M: Learnable> Learning<M> {
    pub(super) fn new(model: M, optimizer: ModuleOptimizer, schedule: Schedule) -> Self {
        Self {
            position: Position::default(),
            model,
            optimizer,
            schedule,
            carried: None,
        }
    }

    /// What a checkpoint keeps of it, and of the state that is carried.
    pub(super) fn stored(
        &self,
        carried: Option<Vec<TensorData>>,
    ) -> Result<Stored, CheckpointError> {
        let optimizer = record(OPTIMIZER, self.optimizer.into_bytes())?;
        let schedule = record(SCHEDULE, self.schedule.to_record().into_bytes())?;
        Ok(Stored {
            position: self.position.clone(),
            parts: [bytes_of(&self.model)?, optimizer, schedule],
            carried,
        })
    }

    /// What a checkpoint kept, in place of this model's fresh numbers. `zero` is the state before the first step
    /// of the next batch, where that goes on from one.
    pub(super) fn restored(
        &self,
        stored: Stored,
        zero: Option<M::State>,
    ) -> Result<Self, CheckpointError> {
        let position = stored.position;
        let [model, optimizer, schedule] = stored.parts;
        let parameters = Parameters::of(&model, &bytes_of(&self.model)?)?;
        parameters.check_moments(&optimizer, position.step)?;
        let refuse = |part| move |source| CheckpointError::Record { part, source };
        let record = ModuleRecord::from_bytes(model).map_err(refuse(MODEL))?;
        let model = self.model.clone();
        let loaded = Recorded { model }.try_load_record(record);
        let Recorded { model } = loaded.map_err(refuse(MODEL))?;
        let record = OptimizerRecord::from_bytes(optimizer).map_err(refuse(OPTIMIZER))?;
        let optimizer = self.optimizer.clone().load_record(record);
        let record = LrSchedulerRecord::from_bytes(schedule).map_err(refuse(SCHEDULE))?;
        let evaluations = position.curve.len();
        let schedule = self.schedule.at(&record, position.step, evaluations)?;
        let carried = put_together(zero, stored.carried)?;
        Ok(Self {
            position,
            model,
            optimizer,
            schedule,
            carried,
        })
    }
}

impl<M: Learnable> Learning<M> {
    /// Refuses an optimizer that has learnt nothing of a parameter that a batch teaches.
    pub(super) fn check_learnt(
        &self,
        batch: M::Batch,
        moment: &Moment,
        with_moments: &BTreeSet<u64>,
    ) -> Result<(), CheckpointError> {
        let lesson = self.model.lesson(batch, self.carried.clone(), moment);
        let gradients = GradientsParams::from_grads(lesson.loss.backward(), &self.model);
        let taught = gradients::owners(&gradients, &self.model);
        let found = taught.intersection(with_moments).count();
        match found == taught.len() {
            true => Ok(()),
            false => Err(CheckpointError::unfit(
                OPTIMIZER,
                "the number of parameters with moments",
                found,
                taught.len(),
            )),
        }
    }
}

/// The tensors of a state, on no device.
pub(super) fn take_apart(state: impl State) -> Vec<TensorData> {
    let mut tensors = Vec::new();
    state.map(&mut |tensor: Tensor<2>| {
        tensors.push(tensor.to_data());
        tensor
    });
    tensors
}

/// The state whose tensors these are; `zero` has its form.
fn put_together<S: State>(
    zero: Option<S>,
    tensors: Option<Vec<TensorData>>,
) -> Result<Option<S>, CheckpointError> {
    let expected = zero.as_ref().map(State::shapes);
    let found = tensors.as_ref().map(|tensors| {
        let shape = |data: &TensorData| [data.shape()[0], data.shape()[1]];
        tensors.iter().map(shape).collect::<Vec<_>>()
    });
    if found != expected {
        let text = |shapes: Option<Vec<[usize; 2]>>| match shapes {
            Some(shapes) => format!("tensors of {shapes:?}"),
            None => "none".to_owned(),
        };
        let (found, expected) = (text(found), text(expected));
        return Err(CheckpointError::unfit(
            "carried state",
            "it",
            found,
            expected,
        ));
    }
    let numbers = tensors.iter().flatten().flat_map(TensorData::iter::<f32>);
    if let Some(number) = numbers.into_iter().find(|number| !number.is_finite()) {
        let what = "a number of it";
        return Err(CheckpointError::unfit(
            "carried state",
            what,
            number,
            "a finite one",
        ));
    }
    let mut tensors = tensors.into_iter().flatten();
    Ok(zero.map(|zero| {
        zero.map(&mut |zero: Tensor<2>| {
            let data = tensors.next().expect("there are as many as in the state");
            Tensor::from_data(data, &zero.device())
        })
    }))
}
