//! What is done every `--eval-every` steps.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use burn::module::Module;

use super::position::Point;
use super::training::{End, Training};
use super::view::Evaluation;
use super::{Task, terminal};
use crate::{ModelCard, TrainError, save_model};

impl<T: Task> Training<'_, T> {
    /// Whether an evaluation belongs to the steps that are made.
    pub(super) fn evaluation_is_due(&self) -> bool {
        let step = self.learning.position.step;
        let last = self.learning.position.curve.last();
        let is_due = step.is_multiple_of(self.plan.eval_every) || step == self.plan.steps;
        is_due && last.is_none_or(|last| last.step < step)
    }

    /// Finds the held-out scores, and saves the model where they are the best so far. Where somebody asks for the
    /// end meanwhile the evaluation stays due.
    pub(super) fn evaluate(&mut self) -> Result<End, TrainError> {
        let device = self.plan.devices[0].clone().inner();
        let model = self.learning.model.valid();
        let Some(scores) = self.told_scores(|| self.scores(&model))? else {
            return Ok(End::Interrupted);
        };
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
            sample: match self.is_first() {
                true => self.task.sample(&model, &device),
                false => None,
            },
        });
        self.learning.position.curve.push(point);
        Ok(End::Finished)
    }

    /// The held-out scores, or nothing where somebody asks for the end before they are found.
    fn scores(&self, model: &T::Model) -> Result<Option<Vec<f64>>, TrainError> {
        /// How long a signal waits.
        const WAIT: Duration = Duration::from_millis(50);
        let device = self.plan.devices[0].clone().inner();
        let (task, model) = (self.task.clone(), model.clone());
        let (answer, scores) = channel();
        // A thread that is left alone ends with the program.
        let thread = std::thread::spawn(move || {
            // Nobody waits for what comes after a signal.
            let _ = answer.send(task.evaluate(&model, &device));
        });
        loop {
            match scores.recv_timeout(WAIT) {
                Ok(scores) => return scores.map(Some),
                Err(RecvTimeoutError::Timeout) => {
                    terminal::let_ctrl_c_through();
                    if self.asked_here() {
                        return Ok(None);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let panic = thread.join().expect_err("it has sent nothing");
                    resume_unwind(panic);
                }
            }
        }
    }

    fn save_best(&mut self, model: &T::Model) -> Result<(), TrainError> {
        if !self.is_first() {
            return Ok(());
        }
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
