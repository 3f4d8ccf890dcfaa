//! The training loop, as a learning strategy of burn-train.
//!
//! burn-train's own strategies checkpoint and evaluate once an epoch and know neither a carried state nor
//! a place within an epoch to go on from; the rest of its machinery is used: the `Learner`, the event
//! processor with metrics and dashboard, the interrupter, the step over several devices.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use burn::data::dataloader::{DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor};
use burn::train::checkpoint::{
    Checkpoint as Record, Checkpointer, CheckpointerError, CheckpointingAction,
    CheckpointingStrategy,
};
use burn::train::metric::store::EventStoreClient;
use burn::train::train::MultiDevicesTrainStep;
use burn::train::{
    EventProcessorTraining, InferenceStep, Learner, LearnerEvent, SupervisedLearningStrategy,
    SupervisedTrainingEventProcessor, TrainLoader, TrainingComponents, TrainingItem, ValidLoader,
};

use super::batches::{Batches, InOrder};
use super::checkpoint::{Checkpoint, Checkpoints, Point, Position, put_together, take_apart};
use super::report::Report;
use super::schedule::Schedule;
use super::student::{Examination, Exercise, Marks, Student, Taught};
use super::{Learnable, Moment, Task, gradients, interrupt, last_good, terminal};
use crate::new_file::write_whole;
use crate::{ModelCard, NetworkState, TrainError, save_model};

/// What the loop does, with all defaults resolved.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) steps: usize,
    pub(super) eval_every: usize,
    pub(super) checkpoint_every: usize,
    pub(super) patience: Option<usize>,
    pub(super) clip: f64,
    pub(super) clip_value: Option<f64>,
    pub(super) accumulate: usize,
    pub(super) workers: usize,
    pub(super) seed: u64,
    /// With automatic differentiation; the first has the model.
    pub(super) devices: Vec<Device>,
    pub(super) folder: PathBuf,
    pub(super) resume: bool,
    pub(super) run_file: Option<String>,
}

/// How a training ended.
#[derive(Debug)]
pub(super) enum End {
    /// All steps are made, or the patience is at its end.
    Finished(Position),
    /// Somebody asked for it; a checkpoint is saved.
    Interrupted(Position),
}

/// The receiving ends of the checkpointers that hand the `Learner`'s records over.
pub(super) struct Handover {
    pub(super) model: Taker<burn::store::ModuleRecord>,
    pub(super) optimizer: Taker<burn::optim::OptimizerRecord>,
    pub(super) schedule: Taker<burn::lr_scheduler::LrSchedulerRecord>,
}

pub(super) type Taker<R> = mpsc::Receiver<R>;

/// A checkpointer of burn-train that stores nothing but hands the record over: the only way to the
/// records of a `Learner`, and all of them belong into one file.
pub(super) struct Giver<R>(Mutex<mpsc::Sender<R>>);

impl<R> Giver<R> {
    pub(super) fn pair() -> (Self, Taker<R>) {
        let (sender, receiver) = mpsc::channel();
        (Self(Mutex::new(sender)), receiver)
    }
}

impl<R: Record> Checkpointer<R> for Giver<R> {
    fn save(&self, _epoch: usize, record: R) -> Result<(), CheckpointerError> {
        let sender = self.0.lock().expect("no thread panics with the lock");
        let gone = |_| CheckpointerError::Unknown("the training loop has ended".to_owned());
        sender.send(record).map_err(gone)
    }

    fn delete(&self, _epoch: usize) -> Result<(), CheckpointerError> {
        Ok(())
    }

    fn restore(&self, _epoch: usize) -> Result<R, CheckpointerError> {
        let reason = "the training loop reads its checkpoints itself";
        Err(CheckpointerError::Unknown(reason.to_owned()))
    }
}

/// Saves whenever the loop asks.
pub(super) struct Always;

impl CheckpointingStrategy for Always {
    fn checkpointing(
        &mut self,
        _epoch: usize,
        _store: &EventStoreClient,
    ) -> Vec<CheckpointingAction> {
        vec![CheckpointingAction::Save]
    }
}

/// The loop. burn-train gives no way to return an error from a strategy: it stays in `end`.
pub(super) struct Loop<T: Task> {
    pub(super) task: T,
    pub(super) plan: Plan,
    pub(super) card: ModelCard,
    pub(super) checkpoints: Checkpoints,
    pub(super) schedule: Schedule,
    pub(super) handover: Mutex<Handover>,
    pub(super) report: Report,
    pub(super) end: Arc<Mutex<Option<Result<End, TrainError>>>>,
}

impl<T: Task> SupervisedLearningStrategy<Student<T::Model>> for Loop<T> {
    fn fit(
        &self,
        components: TrainingComponents<Student<T::Model>>,
        learner: Learner<Student<T::Model>>,
        _train: TrainLoader<Student<T::Model>>,
        _valid: ValidLoader<Student<T::Model>>,
        _starting_epoch: usize,
    ) -> (
        Student<T::Model>,
        SupervisedTrainingEventProcessor<Student<T::Model>>,
    ) {
        let mut run = Run {
            the: self,
            learner,
            components,
            position: Position::default(),
            carried: None,
            workers: (self.plan.devices.len() > 1)
                .then(|| MultiDevicesTrainStep::new(&self.plan.devices)),
            started: Instant::now(),
            seconds_before: 0.0,
            put_aside: false,
        };
        let end = run.train();
        *self.end.lock().expect("no thread panics with the lock") = Some(end);
        (run.learner.model(), run.components.event_processor)
    }
}

/// A training under way.
struct Run<'a, T: Task> {
    the: &'a Loop<T>,
    learner: Learner<Student<T::Model>>,
    components: TrainingComponents<Student<T::Model>>,
    position: Position,
    carried: Option<NetworkState>,
    workers: Option<MultiDevicesTrainStep<Student<T::Model>>>,
    started: Instant,
    seconds_before: f64,
    put_aside: bool,
}

type Batch<T> = <<T as Task>::Model as Learnable>::Batch;

impl<T: Task> Run<'_, T> {
    fn train(&mut self) -> Result<End, TrainError> {
        if self.the.plan.resume {
            self.resume()?;
        }
        interrupt::listen();
        while self.position.step < self.the.plan.steps && !self.out_of_patience() {
            if !self.pass()? {
                return Ok(End::Interrupted(self.position.clone()));
            }
        }
        Ok(End::Finished(self.position.clone()))
    }

    fn out_of_patience(&self) -> bool {
        let patience = self.the.plan.patience;
        patience.is_some_and(|patience| self.position.since_best >= patience)
    }

    fn resume(&mut self) -> Result<(), TrainError> {
        let Checkpoint {
            position,
            model,
            optimizer,
            schedule,
            carried,
        } = self.the.checkpoints.newest()?;
        self.learner.load_model(model);
        self.learner.load_optim(optimizer);
        self.learner.load_scheduler(schedule);
        self.carried = carried.and_then(|tensors| {
            let batch = tensors.first()?.shape()[0];
            let zero = self.learner.model().model.zero_state(batch)?;
            Some(put_together(zero, tensors))
        });
        self.the.report.line(format_args!(
            "Going on from step {} of {}.",
            position.step, self.the.plan.steps
        ));
        self.seconds_before = position.seconds;
        self.position = position;
        self.put_aside = true; // What is in the folder is this very training's.
        Ok(())
    }

    /// What is left of the pass; false where somebody asked for the end.
    fn pass(&mut self) -> Result<bool, TrainError> {
        let plan = &self.the.plan;
        let picks = self
            .the
            .task
            .pass(mixed(plan.seed, self.position.pass as u64));
        let total = picks.len();
        if self.position.batch == 0 {
            self.carried = None;
        }
        let left: Vec<_> = picks.into_iter().skip(self.position.batch).collect();
        // Several devices take the batches in turn; each has a loader, because a batch is made on its
        // device.
        let devices = plan.devices.len();
        let loaders: Vec<Batches<T>> = (0..devices)
            .map(|place| {
                let share = left.iter().skip(place).step_by(devices).cloned().collect();
                Batches::new(&self.the.task, share, plan.workers, &plan.devices[place])
            })
            .collect();
        let mut sources: Vec<InOrder<'_, Batch<T>>> = loaders.iter().map(Batches::iter).collect();

        let split = self.position.pass + 1;
        self.tell_train(LearnerEvent::StartSplit {
            epoch_number: split,
            total_items: total,
        });
        while self.position.batch < total && self.position.step < plan.steps {
            self.step(&mut sources, total)?;
            terminal::let_ctrl_c_through();
            let last_of_pass = self.position.batch >= total;
            let step = self.position.step;
            let evaluate = step.is_multiple_of(plan.eval_every) || step == plan.steps;
            if evaluate {
                self.evaluate(split)?;
                // The dashboard takes the evaluation for the end of the pass: it is to count on.
                self.tell_train(LearnerEvent::StartSplit {
                    epoch_number: split,
                    total_items: total,
                });
            }
            if last_of_pass {
                self.position.pass += 1;
                self.position.batch = 0;
                self.carried = None;
            }
            if let Some(error) = self.components.interrupter.error() {
                return Err(TrainError::Learner(error.to_string()));
            }
            let asked = interrupt::asked() || self.components.interrupter.should_stop();
            if evaluate || asked || step.is_multiple_of(plan.checkpoint_every) {
                self.save()?;
            }
            if asked {
                return Ok(false);
            }
            if last_of_pass || self.out_of_patience() {
                break;
            }
        }
        self.tell_train(LearnerEvent::EndSplit(split));
        self.tell_train(LearnerEvent::EndEpoch(split));
        Ok(true)
    }

    /// One optimizer step.
    fn step(
        &mut self,
        sources: &mut [InOrder<'_, Batch<T>>],
        total: usize,
    ) -> Result<(), TrainError> {
        let plan = &self.the.plan;
        let moment = Moment {
            step: self.position.step,
            steps: plan.steps,
            seed: mixed(plan.seed, u64::MAX - self.position.step as u64),
        };
        // Dropout then draws the same numbers after a break as without one.
        plan.devices[0].seed(moment.seed);
        for (place, device) in plan.devices.iter().enumerate() {
            if *device != plan.devices[0] {
                device.seed(mixed(moment.seed, place as u64));
            }
        }
        let model = self.learner.model();
        let mut accumulator = GradientsAccumulator::new();
        let mut targets = 0;
        let mut loss_sum = 0.0;
        let mut last = None;
        for _ in 0..plan.accumulate {
            let Some(round) = self.round(sources, &model, moment)? else {
                break;
            };
            for (gradients, taught) in round {
                targets += taught.targets;
                loss_sum += taught.loss.clone().into_scalar::<f64>() * taught.targets as f64;
                accumulator.accumulate(&model, gradients);
                self.carried = taught.carried.clone();
                self.position.batch += 1;
                last = Some(taught);
            }
        }
        let Some(taught) = last else {
            // The loader gave fewer batches than the task announced.
            self.position.batch = total;
            return Ok(());
        };
        let loss = loss_sum / targets.max(1) as f64;
        let mean = 1.0 / targets.max(1) as f64;
        let mut gradients = gradients::scale(accumulator.grads(), &model, mean, plan.clip_value);
        let norm = gradients::norm(&gradients, &model);
        if !(loss.is_finite() && norm.is_finite()) {
            return Err(self.not_finite(loss, norm));
        }
        if plan.clip > 0.0 && norm > plan.clip {
            gradients = gradients::scale(gradients, &model, plan.clip / norm, None);
        }
        self.learner.lr_step();
        self.learner.optimizer_step(gradients);
        self.position.step += 1;
        self.position.loss_sum += loss;
        self.position.loss_count += 1;

        let progress = Progress::new(self.position.batch, total, Some("batches".to_owned()));
        // The dashboard shows what the lines of the report do: the loss of the whole step, in the task's unit.
        let shown = self.the.task.shown_loss(loss);
        let taught = Taught {
            loss: Tensor::from_data([shown as f32], &taught.loss.device()),
            ..taught
        };
        let item = TrainingItem::new(
            taught,
            progress,
            Some(self.position.step),
            Some(self.learner.lr_current()),
        );
        self.tell_train(LearnerEvent::ProcessedItem(item));
        let rate = self.learner.lr_current().base();
        self.the
            .report
            .step(self.position.step, plan.steps, shown, norm, rate);
        Ok(())
    }

    /// One batch a device: gradients of the sums over their targets.
    fn round(
        &mut self,
        sources: &mut [InOrder<'_, Batch<T>>],
        model: &Student<T::Model>,
        moment: Moment,
    ) -> Result<Option<Vec<(GradientsParams, Taught)>>, TrainError> {
        let mut exercises = Vec::with_capacity(sources.len());
        for (part, source) in sources.iter_mut().enumerate() {
            if let Some(batch) = source.next() {
                exercises.push(Exercise {
                    batch: batch?,
                    carried: self.carried.take(),
                    moment,
                    part,
                });
            }
        }
        if exercises.is_empty() {
            return Ok(None);
        }
        let mut answers = Vec::with_capacity(exercises.len());
        match &self.workers {
            None => {
                for exercise in exercises {
                    let output = self.learner.train_step(exercise);
                    answers.push((output.grads, output.item));
                }
            }
            Some(workers) => {
                let mut sources: Vec<Box<dyn DataLoaderIterator<_>>> =
                    (0..self.the.plan.devices.len())
                        .map(|_| Box::new(One(None)) as Box<dyn DataLoaderIterator<_>>)
                        .collect();
                for (source, exercise) in sources.iter_mut().zip(exercises) {
                    *source = Box::new(One(Some(exercise)));
                }
                let (outputs, _) = workers
                    .step(&mut sources, model)
                    .map_err(|error| TrainError::Learner(error.to_string()))?;
                let main = &self.the.plan.devices[0];
                for output in outputs {
                    let output = output.output;
                    answers.push((output.grads.to_device(main, model), output.item));
                }
                // The devices answer in any order; sums of floats depend on theirs.
                answers.sort_by_key(|(_, taught)| taught.part);
            }
        }
        Ok(Some(answers))
    }

    fn evaluate(&mut self, split: usize) -> Result<(), TrainError> {
        let the = self.the;
        let device = the.plan.devices[0].clone().inner();
        let task = the.task.clone();
        let on = device.clone();
        let examination = Examination {
            evaluate: Arc::new(move |model: &T::Model| task.evaluate(model, &on)),
        };
        let student = self.learner.model().valid();
        let scores = InferenceStep::step(&student, examination).scores?;
        self.tell_valid(LearnerEvent::StartSplit {
            epoch_number: split,
            total_items: 1,
        });
        let marks = Marks {
            scores: Ok(scores.clone()),
        };
        let item = TrainingItem::new(marks, Progress::new(1, 1, None), Some(1), None);
        self.tell_valid(LearnerEvent::ProcessedItem(item));
        self.tell_valid(LearnerEvent::EndSplit(split));

        let mean = self.position.loss_sum / self.position.loss_count as f64;
        let train = the.task.shown_loss(mean);
        self.position.loss_sum = 0.0;
        self.position.loss_count = 0;
        let best = match self.position.best_scores.first() {
            None => true,
            Some(best) => scores[0] < *best || best.is_nan(),
        };
        if best {
            self.position.best_scores = scores.clone();
            self.position.best_step = self.position.step;
            self.position.since_best = 0;
            self.put_aside()?;
            let card = ModelCard {
                scores: the
                    .task
                    .score_names()
                    .iter()
                    .map(|name| (*name).to_owned())
                    .zip(scores.clone())
                    .collect(),
                steps: self.position.step,
                ..the.card.clone()
            };
            let path = the.plan.folder.join("model.safetensors");
            save_model(&path, &card, &the.task.settings(), &student.model)?;
        } else {
            self.position.since_best += 1;
        }
        the.schedule.evaluated(self.position.since_best);
        let point = Point {
            step: self.position.step,
            train,
            scores,
        };
        the.report
            .evaluation(&point, the.task.score_names(), best, self.seconds());
        if let Some(sample) = the.task.sample(&student.model, &device) {
            the.report.sample(&sample);
        }
        self.position.curve.push(point);
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    fn put_aside(&mut self) -> Result<(), TrainError> {
        if !self.put_aside {
            self.the.checkpoints.put_aside()?;
            self.put_aside = true;
            if let Some(text) = &self.the.plan.run_file {
                write_whole(&self.the.plan.folder.join("run.toml"), text.as_bytes())?;
            }
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), TrainError> {
        self.put_aside()?;
        self.position.seconds = self.seconds();
        let checkpointer = self
            .components
            .checkpointer
            .as_mut()
            .expect("the checkpointers are given with the strategy");
        checkpointer.checkpoint(
            &self.learner,
            self.position.step,
            &self.components.event_store,
        );
        let handover = self
            .the
            .handover
            .lock()
            .expect("no thread panics with the lock");
        let gone = |_| TrainError::Learner("a checkpoint's record did not arrive".to_owned());
        let checkpoint = Checkpoint {
            position: self.position.clone(),
            model: handover.model.recv().map_err(gone)?,
            optimizer: handover.optimizer.recv().map_err(gone)?,
            schedule: handover.schedule.recv().map_err(gone)?,
            carried: self.carried.clone().map(take_apart),
        };
        self.the.checkpoints.save(checkpoint)
    }

    /// Keeps the weights from before the step that went wrong.
    fn not_finite(&self, loss: f64, norm: f64) -> TrainError {
        let path = last_good(&self.the.plan.folder);
        let card = ModelCard {
            steps: self.position.step,
            ..self.the.card.clone()
        };
        let model = self.learner.model().valid().model;
        if let Err(error) = save_model(&path, &card, &self.the.task.settings(), &model) {
            return error;
        }
        TrainError::NotFinite {
            step: self.position.step + 1,
            loss,
            norm,
            kept: path,
        }
    }

    fn tell_train(&mut self, event: LearnerEvent<Taught>) {
        let told = self.components.event_processor.process_train(event);
        self.components.interrupter.fail_on_error(told);
    }

    fn tell_valid(&mut self, event: LearnerEvent<Marks>) {
        let told = self.components.event_processor.process_valid(event);
        self.components.interrupter.fail_on_error(told);
    }
}

/// A loader of one batch or none: how a batch gets into burn-train's step over several devices.
struct One<B>(Option<B>);

impl<B> Iterator for One<B> {
    type Item = Result<B, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl<B> DataLoaderIterator<B> for One<B> {
    fn progress(&self) -> Progress {
        Progress::new(1, 1, None)
    }
}

/// One seed of two numbers (the finalizer of SplitMix64, Steele et al. 2014).
pub(super) fn mixed(seed: u64, number: u64) -> u64 {
    let mut z = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
