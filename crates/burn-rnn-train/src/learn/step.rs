//! One optimizer step.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};

use super::batches::{Batch, InOrder};
use super::team::Exercise;
use super::training::Training;
use super::view::Step;
use super::{Moment, Task, gradients, mixed};
use crate::{ModelCard, TrainError, save_model};

/// The batches of a step together.
pub(super) struct Sum {
    pub(super) gradients: GradientsParams,
    /// Over all targets.
    pub(super) loss: f64,
    pub(super) targets: usize,
}

impl<T: Task> Training<'_, T> {
    /// One optimizer step, on the next batches.
    pub(super) fn step(
        &mut self,
        sources: &mut [InOrder<'_, Option<Batch<T>>>],
    ) -> Result<(), TrainError> {
        let plan = self.plan;
        let moment = self.moment(self.learning.position.step);
        self.seed(moment.seed);
        let gathered = self.gather(sources, moment)?;
        let sum = self.add_up(gathered)?;
        let model = &self.learning.model;
        let targets = sum.targets.max(1) as f64;
        let loss = sum.loss / targets;
        let mut gradients = gradients::scale(sum.gradients, model, 1.0 / targets, plan.clip_value);
        let norm = self.told_number(gradients::norm(&gradients, model))?;
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

    /// Dropout then draws the same numbers after a break as without one, and others on every rank.
    fn seed(&self, seed: u64) {
        let devices = &self.plan.devices;
        let seed = match self.ranks.rank() {
            0 => seed,
            rank => mixed(seed, (rank as u64) << 32),
        };
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
        sources: &mut [InOrder<'_, Option<Batch<T>>>],
        moment: Moment,
    ) -> Result<Sum, TrainError> {
        let mut gradients = GradientsAccumulator::new();
        let (mut loss, mut targets) = (0.0, 0);
        for _ in 0..self.plan.accumulate {
            let mut exercises = Vec::with_capacity(sources.len());
            for batch in sources.iter_mut().filter_map(Iterator::next) {
                self.learning.position.batch += 1;
                // A batch may have fewer examples than there are ranks.
                if let Some(batch) = batch? {
                    exercises.push(Exercise {
                        batch,
                        carried: self.learning.carried.take(),
                        moment,
                    });
                }
            }
            if exercises.is_empty() {
                break;
            }
            for taught in self.team.teach(&self.learning.model, exercises)? {
                targets += taught.targets;
                loss += taught.loss.into_scalar::<f64>() * taught.targets as f64;
                gradients.accumulate(&self.learning.model, taught.gradients);
                self.learning.carried = taught.carried;
            }
        }
        Ok(Sum {
            gradients: gradients.grads(),
            loss,
            targets,
        })
    }

    /// Keeps the weights from before the step that went wrong.
    fn not_finite(&mut self, loss: f64, norm: f64) -> TrainError {
        if !self.is_first() {
            return self.leave().err().unwrap_or(TrainError::OtherRank);
        }
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
        let saved = save_model(&kept, &card, &self.task.settings(), &model);
        match saved.and_then(|()| self.leave()) {
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
