//! What is done every `--eval-every` steps.

use burn::module::Module;

use super::Task;
use super::position::Point;
use super::training::Training;
use super::view::Evaluation;
use crate::{ModelCard, TrainError, save_model};

impl<T: Task> Training<'_, T> {
    /// Finds the held-out scores, and saves the model where they are the best so far.
    pub(super) fn evaluate(&mut self) -> Result<(), TrainError> {
        let device = self.plan.devices[0].clone().inner();
        let model = self.learning.model.valid();
        let scores = self.task.evaluate(&model, &device)?;
        let position = &mut self.learning.position;
        let mean = position.loss_sum / position.loss_count as f64;
        let train = self.task.shown_loss(mean);
        position.loss_sum = 0.0;
        position.loss_count = 0;
        let point = Point {
            step: position.step,
            train,
            scores: scores.clone(),
        };
        let best = match position.best_scores.first() {
            None => true,
            Some(best) => scores[0] < *best || best.is_nan(),
        };
        if best {
            position.best_scores = scores;
            position.best_step = position.step;
            position.since_best = 0;
            self.save_best(&model)?;
        } else {
            position.since_best += 1;
        }
        let since_best = self.learning.position.since_best;
        self.learning.schedule.evaluated(since_best);
        let seconds = self.seconds();
        self.view.evaluation(Evaluation {
            point: &point,
            names: self.task.score_names(),
            best,
            seconds,
            sample: self.task.sample(&model, &device),
        });
        self.learning.position.curve.push(point);
        Ok(())
    }

    fn save_best(&mut self, model: &T::Model) -> Result<(), TrainError> {
        self.make_room()?;
        let position = &self.learning.position;
        let names = self.task.score_names().iter();
        let names = names.map(|name| (*name).to_owned());
        let card = ModelCard {
            scores: names.zip(position.best_scores.iter().copied()).collect(),
            steps: position.step,
            ..self.card.clone()
        };
        let path = self.plan.folder.join("model.safetensors");
        save_model(&path, &card, &self.task.settings(), model)
    }
}
