//! The devices that share a step.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use burn_rnn::State;

use super::{Learnable, Moment};
use crate::TrainError;

/// One batch and what belongs to it.
pub(super) struct Exercise<M: Learnable> {
    pub(super) batch: M::Batch,
    pub(super) carried: Option<M::State>,
    pub(super) moment: Moment,
}

/// What came of a batch.
pub(super) struct Taught<M: Learnable> {
    /// Those of the sum over the targets: batches of unequal sizes then add up, and the loop divides by
    /// the number of all.
    pub(super) gradients: GradientsParams,
    /// The mean over the targets.
    pub(super) loss: Tensor<1>,
    pub(super) targets: usize,
    pub(super) carried: Option<M::State>,
}

fn teach<M: Learnable>(model: &M, exercise: Exercise<M>) -> Taught<M> {
    let lesson = model.lesson(exercise.batch, exercise.carried, &exercise.moment);
    let sum = lesson.loss.clone() * lesson.targets as f32;
    Taught {
        gradients: GradientsParams::from_grads(sum.backward(), model),
        loss: lesson.loss.inner(),
        targets: lesson.targets,
        carried: lesson.carried.map(State::detach),
    }
}

/// Several devices, each with a thread that stays: kernels and drivers keep what they have made for a
/// thread. One device needs none.
pub(super) struct Team<M: Learnable> {
    main: Device,
    members: Vec<Member<M>>,
}

struct Member<M: Learnable> {
    exercises: Sender<(M, Exercise<M>)>,
    answers: Receiver<Taught<M>>,
    thread: JoinHandle<()>,
}

impl<M: Learnable> Team<M> {
    /// Of devices with automatic differentiation; the first has the model.
    pub(super) fn new(devices: &[Device]) -> Self {
        let members = match devices {
            [_] => Vec::new(),
            several => several.iter().cloned().map(Member::new).collect(),
        };
        Self {
            main: devices[0].clone(),
            members,
        }
    }

    /// The answers to at most one exercise a device, in the order of the exercises: sums of floats depend
    /// on it.
    pub(super) fn teach(
        &mut self,
        model: &M,
        exercises: Vec<Exercise<M>>,
    ) -> Result<Vec<Taught<M>>, TrainError> {
        if self.members.is_empty() {
            let alone = exercises.into_iter().map(|exercise| teach(model, exercise));
            return Ok(alone.collect());
        }
        let count = exercises.len();
        for (member, exercise) in self.members.iter().zip(exercises) {
            // Where the thread has ended, no answer comes.
            let _ = member.exercises.send((model.clone(), exercise));
        }
        let mut answers = Vec::with_capacity(count);
        for place in 0..count {
            let Ok(taught) = self.members[place].answers.recv() else {
                return Err(self.members.swap_remove(place).failure(place));
            };
            let gradients = taught.gradients.to_device(&self.main, model);
            answers.push(Taught {
                gradients,
                ..taught
            });
        }
        Ok(answers)
    }
}

impl<M: Learnable> Member<M> {
    fn new(device: Device) -> Self {
        let (exercises, waiting) = channel::<(M, Exercise<M>)>();
        let (answer, answers) = channel();
        let thread = std::thread::spawn(move || {
            for (model, exercise) in waiting {
                let taught = teach(&model.fork(&device), exercise);
                if answer.send(taught).is_err() {
                    return; // The training has ended.
                }
            }
        });
        Self {
            exercises,
            answers,
            thread,
        }
    }

    /// What a thread that has ended said.
    fn failure(self, place: usize) -> TrainError {
        drop(self.exercises);
        let said = self.thread.join().err();
        let text = |said: Box<dyn core::any::Any + Send>| match said.downcast::<String>() {
            Ok(text) => Some(*text),
            Err(said) => said.downcast_ref::<&str>().map(|text| (*text).to_owned()),
        };
        TrainError::Worker {
            device: place + 1,
            reason: said.and_then(text).unwrap_or("it ended".to_owned()),
        }
    }
}
