//! The loop.

use std::time::Instant;

use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use burn_rnn_ranks::Communicator;

use super::batches::{Batch, Batches, InOrder};
use super::checkpoint_file::Stored;
use super::checkpoints::Checkpoints;
use super::learning::Learning;
use super::lock::Lock;
use super::plan::Plan;
use super::ranks::Cost;
use super::records::with_moments;
use super::team::Team;
use super::view::View;
use super::{Learnable, Moment, Task, interrupt, mixed, terminal};
use crate::new_file::write_whole;
use crate::{CheckpointError, ModelCard, TrainError};

/// A training under way.
pub(super) struct Training<'a, T: Task> {
    pub(super) task: &'a T,
    pub(super) plan: &'a Plan,
    pub(super) card: ModelCard,
    pub(super) checkpoints: Checkpoints<'a>,
    /// Rank 0 has it.
    pub(super) lock: Option<Lock>,
    pub(super) learning: Learning<T::Model>,
    pub(super) team: Team<T::Model>,
    pub(super) view: Box<dyn View>,
    pub(super) started: Instant,
    pub(super) seconds_before: f64,
    /// Whether what is in the folder is this very training's.
    pub(super) has_room: bool,
    pub(super) ranks: &'a dyn Communicator,
    /// Whether the task has this rank's rows only, of all batches.
    pub(super) shares_rows: bool,
    /// Whether somebody asked any rank for the end, by the last step.
    pub(super) asked_together: bool,
    pub(super) cost: Cost,
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All steps are made, or the patience is at its end.
    Finished,
    /// Somebody asked for it; a checkpoint is saved.
    Interrupted,
}

/// A batch of examples, made here and now.
pub(super) fn batch_of<T: Task>(
    task: &T,
    picked: &[usize],
    device: &Device,
) -> Result<Batch<T>, DatasetError> {
    let examples = task.examples().get_many(picked.to_vec())?;
    Ok(task.batcher().batch(examples, device))
}

impl<T: Task> Training<'_, T> {
    pub(super) fn train(&mut self) -> Result<End, TrainError> {
        if self.plan.resume {
            self.resume()?;
        }
        let _listening = interrupt::listen();
        if !self.is_alone() {
            interrupt::shared(&self.plan.folder);
        }
        // One that a signal broke off.
        if self.learning.position.step > 0 && self.evaluation_is_due() {
            let end = self.evaluate()?;
            if end == End::Interrupted {
                return Ok(end);
            }
            self.save()?;
        }
        while self.learning.position.step < self.plan.steps && !self.out_of_patience() {
            if self.pass()? == End::Interrupted {
                return Ok(End::Interrupted);
            }
        }
        // Also where that came after the last look.
        Ok(match self.asked() {
            true => End::Interrupted,
            false => End::Finished,
        })
    }

    /// Whether somebody asked for the end here.
    pub(super) fn asked_here(&self) -> bool {
        interrupt::asked() || self.view.asks_for_the_end()
    }

    fn out_of_patience(&self) -> bool {
        let since_best = self.learning.position.since_best;
        let patience = self.plan.patience;
        patience.is_some_and(|patience| since_best >= patience)
    }

    fn resume(&mut self) -> Result<(), TrainError> {
        let restore = |stored: Stored| {
            let whole = (!self.is_alone()).then(|| stored.clone());
            let restored = self.restored(stored)?;
            Ok((restored.position.step, (restored, whole)))
        };
        self.learning = match self.is_first() {
            true => {
                let (restored, whole) = self.checkpoints.newest(restore)?;
                if let Some(whole) = whole {
                    self.tell_checkpoint(whole)?;
                }
                restored
            }
            false => self.told_checkpoint()?,
        };
        let position = &self.learning.position;
        self.seconds_before = position.seconds;
        self.has_room = true;
        self.view.resumed(position.step, self.plan.steps);
        Ok(())
    }

    pub(super) fn restored(
        &self,
        mut stored: Stored,
    ) -> Result<Learning<T::Model>, CheckpointError> {
        let position = &stored.position;
        position.check(self.plan.steps, self.task.score_names().len())?;
        let picks = self.picks(position.pass);
        let Some(next) = picks.get(position.batch) else {
            let most = format!("below {}", picks.len());
            return Err(CheckpointError::unfit(
                "place",
                "batch",
                position.batch,
                most,
            ));
        };
        // Of fewer examples than ranks this one may have none.
        let batch = match next.is_empty() {
            true => None,
            false => {
                let batch = batch_of(self.task, next, &self.plan.devices[0]);
                Some(batch.map_err(CheckpointError::Examples)?)
            }
        };
        let zero = match position.batch {
            0 => None, // A pass starts from no state.
            _ => batch
                .as_ref()
                .and_then(|batch| self.learning.model.zero_state(batch)),
        };
        stored.carried = stored.carried.map(|whole| self.my_state(whole));
        let moment = self.moment(position.step - 1);
        let with_moments = with_moments(&stored.parts[1])?;
        let learning = self.learning.restored(stored, zero)?;
        if let Some(batch) = batch {
            learning.check_learnt(batch, &moment, &with_moments)?;
        }
        Ok(learning)
    }

    /// Where a step stands in the training.
    pub(super) fn moment(&self, step: usize) -> Moment {
        Moment {
            step,
            steps: self.plan.steps,
            seed: mixed(self.plan.seed, u64::MAX - step as u64),
        }
    }

    /// This rank's batches of a pass as their examples' indices.
    fn picks(&self, pass: usize) -> Vec<Vec<usize>> {
        self.mine(self.task.pass(mixed(self.plan.seed, pass as u64)))
    }

    /// What is left of the pass.
    fn pass(&mut self) -> Result<End, TrainError> {
        let plan = self.plan;
        let picks = self.picks(self.learning.position.pass);
        let total = picks.len();
        if self.learning.position.batch == 0 {
            self.learning.carried = None;
        }
        let done = self.learning.position.batch;
        let left: Vec<_> = picks.into_iter().skip(done).collect();
        // Several devices take the batches in turn; each has a loader, because a batch is made on its
        // device.
        let devices = plan.devices.iter().enumerate();
        let loaders: Vec<Batches<T>> = devices
            .map(|(place, device)| {
                let share = left.iter().skip(place).step_by(plan.devices.len());
                Batches::new(self.task, share.cloned().collect(), plan.workers, device)
            })
            .collect();
        let mut sources: Vec<InOrder<'_, _>> = loaders.iter().map(Batches::iter).collect();

        self.view.begin_pass(self.learning.position.pass, total);
        let mut end = End::Finished;
        loop {
            let started = Instant::now();
            self.step(&mut sources)?;
            self.cost.step(started.elapsed());
            terminal::let_ctrl_c_through();
            let last_of_pass = self.learning.position.batch >= total;
            let step = self.learning.position.step;
            let evaluate = self.evaluation_is_due();
            let broken_off = evaluate && self.evaluate()? == End::Interrupted;
            if last_of_pass {
                self.learning.position.pass += 1;
                self.learning.position.batch = 0;
                self.learning.carried = None;
            }
            let asked = broken_off || self.asked();
            let save = step.is_multiple_of(plan.checkpoint_every) || self.is_first_step_of_ranks();
            if evaluate || asked || save {
                self.save()?;
            }
            if asked {
                end = End::Interrupted;
            }
            if asked || last_of_pass || step >= plan.steps || self.out_of_patience() {
                break;
            }
        }
        self.view.end_pass();
        Ok(end)
    }

    pub(super) fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    /// Puts what an earlier training left in the folder aside, before the first file of this one.
    pub(super) fn make_room(&mut self) -> Result<(), TrainError> {
        if let Some(lock) = &self.lock {
            lock.check()?;
        }
        if !self.has_room {
            self.checkpoints.put_aside()?;
            self.has_room = true;
            if let Some(text) = &self.plan.run_file {
                write_whole(&self.plan.folder.join("run.toml"), text.as_bytes())?;
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), TrainError> {
        let carried = self.whole_state()?;
        if !self.is_first() {
            return Ok(());
        }
        self.make_room()?;
        self.learning.position.seconds = self.seconds();
        let stored = self.learning.stored(carried);
        self.checkpoints
            .save(stored.map_err(|source| TrainError::Checkpoint {
                path: self.plan.folder.clone(),
                source,
            })?)
    }
}
