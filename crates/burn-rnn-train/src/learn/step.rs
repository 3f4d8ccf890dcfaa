//! One optimizer step.

use burn::module::Module;
use burn::optim::GradientsAccumulator;

use super::batches::{Batch, InOrder};
use super::team::{Exercise, Taught};
use super::training::Training;
use super::view::Step;
use super::{Moment, Task, gradients, mixed};
use crate::{ModelCard, TrainError, save_model};

/// The batches of a step together.
struct Sum<M> {
    gradients: GradientsAccumulator<M>,
    /// Over all targets.
    loss: f64,
    targets: usize,
}

impl<T: Task> Training<'_, T> {
    /// One optimizer step, on the next batches.
    pub(super) fn step(&mut self, sources: &mut [InOrder<'_, Batch<T>>]) -> Result<(), TrainError> {
        let plan = self.plan;
        let moment = self.moment(self.learning.position.step);
        self.seed(moment.seed);
        let mut sum = self.gather(sources, moment)?;
        let model = &self.learning.model;
        let targets = sum.targets.max(1) as f64;
        let loss = sum.loss / targets;
        let mut gradients =
            gradients::scale(sum.gradients.grads(), model, 1.0 / targets, plan.clip_value);
        let norm = gradients::norm(&gradients, model);
        if !(loss.is_finite() && norm.is_finite()) {
            return Err(self.not_finite(loss, norm));
        }
        if plan.clip > 0.0 && norm > plan.clip {
            gradients = gradients::scale(gradients, model, plan.clip / norm, None);
        }
        let learning = &mut self.learning;
        let rate = learning.schedule.step();
        learning.model = learning
            .optimizer
            .step(rate, learning.model.clone(), gradients);
        let position = &mut learning.position;
        position.step += 1;
        position.loss_sum += loss;
        position.loss_count += 1;
        self.view.step(Step {
            step: position.step,
            steps: plan.steps,
            batch: position.batch,
            loss: self.task.shown_loss(loss),
            norm,
            rate,
        });
        Ok(())
    }

    /// Dropout then draws the same numbers after a break as without one.
    fn seed(&self, seed: u64) {
        let devices = &self.plan.devices;
        devices[0].seed(seed);
        for (place, device) in devices.iter().enumerate() {
            if *device != devices[0] {
                device.seed(mixed(seed, place as u64));
            }
        }
    }

    /// The batches of a step, `--accumulate` on each device or as many as are left.
    fn gather(
        &mut self,
        sources: &mut [InOrder<'_, Batch<T>>],
        moment: Moment,
    ) -> Result<Sum<T::Model>, TrainError> {
        let mut sum = Sum {
            gradients: GradientsAccumulator::new(),
            loss: 0.0,
            targets: 0,
        };
        for _ in 0..self.plan.accumulate {
            let mut exercises = Vec::with_capacity(sources.len());
            for batch in sources.iter_mut().filter_map(Iterator::next) {
                exercises.push(Exercise {
                    batch: batch?,
                    carried: self.learning.carried.take(),
                    moment,
                });
            }
            if exercises.is_empty() {
                break;
            }
            for taught in self.team.teach(&self.learning.model, exercises)? {
                let Taught {
                    gradients,
                    loss,
                    targets,
                    carried,
                } = taught;
                sum.targets += targets;
                sum.loss += loss.into_scalar::<f64>() * targets as f64;
                sum.gradients.accumulate(&self.learning.model, gradients);
                self.learning.carried = carried;
                self.learning.position.batch += 1;
            }
        }
        Ok(sum)
    }

    /// Keeps the weights from before the step that went wrong.
    fn not_finite(&mut self, loss: f64, norm: f64) -> TrainError {
        if let Err(error) = self.make_room() {
            return error;
        }
        let step = self.learning.position.step;
        let kept = self.plan.folder.join("last-good.safetensors");
        let card = ModelCard {
            steps: step,
            ..self.card.clone()
        };
        let model = self.learning.model.valid();
        match save_model(&kept, &card, &self.task.settings(), &model) {
            Err(error) => error,
            Ok(()) => TrainError::NotFinite {
                step: step + 1,
                loss,
                norm,
                kept,
            },
        }
    }
}
