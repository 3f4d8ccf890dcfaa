//! From options to a trained model.

use core::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::AdamWConfig;
use burn::tensor::{Device, Tensor};
use burn::train::metric::{LearningRateMetric, LossMetric};
use burn::train::{CustomLearningStrategy, SupervisedTraining, TrainingStrategy};
use sha2::{Digest, Sha256};

use super::checkpoint::{Checkpoints, Point};
use super::curve::draw_curve;
use super::dashboard::{ScoreMetric, Silence};
use super::idle::NoBatches;
use super::lock::Lock;
use super::report::{Report, To};
use super::schedule::Schedule;
use super::strategy::{Always, End, Giver, Handover, Loop, Plan, mixed};
use super::student::Student;
use super::terminal;
use super::{LearnArgs, Learnable, Task};
use crate::device::several;
use crate::limits::check_memory;
use crate::model_file::hexadecimal;
use crate::options::default_folder;
use crate::{ModelCard, ModelFile, TrainError, device, save_model, say};

/// A finished training.
pub struct Outcome<T: Task> {
    /// The model with the best held-out score, without automatic differentiation.
    pub model: T::Model,
    /// Where the model is.
    pub device: Device,
    /// What stands beside the weights.
    pub settings: T::Settings,
    /// Where the model file is and pictures go.
    pub folder: PathBuf,
    /// What the model file says of it.
    pub card: ModelCard,
    /// What was seen at the evaluations.
    pub curve: Vec<Point>,
    /// The seconds that the training took, those before a break included.
    pub seconds: f64,
    json: bool,
}

impl<T: Task> Outcome<T> {
    /// The model's file.
    pub fn path(&self) -> PathBuf {
        self.folder.join("model.safetensors")
    }

    /// Writes the final figures into the model file beside the held-out scores, and prints them, as a
    /// table or, with `--json`, as one object.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn report(&self, figures: &[(&str, f64)]) -> Result<(), TrainError> {
        let mut card = self.card.clone();
        for (name, value) in figures {
            card.scores.insert((*name).to_owned(), *value);
        }
        save_model(&self.path(), &card, &self.settings, &self.model)?;
        if self.json {
            return say(serde_json::json!({
                "task": card.task,
                "network": card.network,
                "parameters": self.model.num_params(),
                "steps": card.steps,
                "seed": card.seed,
                "seconds": self.seconds,
                "scores": card.scores,
                "model": self.path(),
            }));
        }
        say(format_args!(
            "\n{}: {}, {} parameters, the model of step {}; {:.0} s.",
            card.task,
            card.network,
            self.model.num_params(),
            card.steps,
            self.seconds
        ))?;
        for (name, value) in &card.scores {
            say(format_args!("  {name:32} {value:>10.4}"))?;
        }
        say(format_args!("Model: {}", self.path().display()))
    }
}

/// Trains a model for `task` as `args` say, on burn-train's `Learner`: checkpoints, resuming, early
/// stopping, schedules, clipping, accumulation, several devices. `network` is one line that says what
/// the network is.
///
/// The best model is in `model.safetensors` of the folder `--out` as soon as it is the best, and the
/// learning curve in `loss.png` and `loss.svg`.
///
/// # Errors
///
/// Where a setting makes no sense, a file cannot be written, the loss is not finite any more
/// ([`TrainError::NotFinite`]), or somebody interrupted the training ([`TrainError::Interrupted`]); what
/// was saved before stays.
pub fn learn<T: Task>(
    task: &T,
    args: &LearnArgs,
    network: String,
) -> Result<Outcome<T>, TrainError> {
    validate(args)?;
    let main = device(args.device.as_deref())?;
    let devices = several(&main, args.devices);
    let devices: Vec<Device> = devices.into_iter().map(Device::autodiff).collect();
    let first_pass = task.pass(mixed(args.seed, 0));
    let parts = args.accumulate * args.devices;
    let steps_of_pass = first_pass.len().div_ceil(parts);
    if steps_of_pass == 0 {
        return Err(TrainError::Setting {
            name: "the number of training examples",
            given: "0".to_owned(),
            expected: "at least one".to_owned(),
        });
    }
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => default_folder(T::NAME),
    };
    let plan = Plan {
        steps: args.steps.unwrap_or(args.epochs * steps_of_pass),
        eval_every: args.eval_every.unwrap_or(steps_of_pass),
        checkpoint_every: args.checkpoint_every,
        patience: args.patience,
        clip: args.clip,
        clip_value: args.clip_value,
        accumulate: args.accumulate,
        workers: args.workers,
        seed: args.seed,
        devices,
        folder: folder.clone(),
        resume: args.resume,
        run_file: args.run_file.clone(),
    };
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let passes = plan.steps.div_ceil(steps_of_pass);
    let dashboard = !args.plain && !args.json && terminal;
    if dashboard {
        terminal::remember();
    }
    let to = match (dashboard, args.json) {
        (true, _) => To::Nowhere,
        (false, true) => To::Error,
        (false, false) => To::Output,
    };

    let device = &plan.devices[0];
    device.seed(args.seed);
    let model = task.init(device)?;
    check_memory("the number of parameters", &[model.num_params()])?;
    draw_parameters(&model);
    if args.devices > 1 && model.zero_state(1).is_some() {
        return Err(TrainError::Setting {
            name: "--devices",
            given: args.devices.to_string(),
            expected:
                "1: this task carries a state from batch to batch, so a step's batches depend \
                       on each other"
                    .to_owned(),
        });
    }
    let card = ModelCard {
        task: T::NAME.to_owned(),
        network,
        seed: args.seed,
        command: command(),
        ..ModelCard::default()
    };
    let report = Report::new(to);
    report.line(format_args!(
        "{}: {}, {} parameters; {} steps, {} a pass, on {:?}{}.",
        T::NAME,
        card.network,
        model.num_params(),
        plan.steps,
        steps_of_pass,
        main,
        match args.devices {
            1 => String::new(),
            devices => format!(" × {devices}"),
        }
    ));

    // Where there is nothing to go on from, nothing is made.
    let _lock = match plan.resume && !folder.exists() {
        true => None,
        false => Some(Lock::of(&folder)?),
    };
    let schedule = Schedule::new(args.schedule_kind(), plan.steps);
    let optimizer = AdamWConfig::new()
        // Burn's default ε of 1e-5 would make a smaller step than PyTorch's and Kingma & Ba's 1e-8.
        .with_epsilon(1e-8)
        .with_weight_decay(args.weight_decay as f32)
        .init();
    let learner = burn::train::Learner::new(Student { model }, optimizer, schedule.clone());
    let (give_model, take_model) = Giver::pair();
    let (give_optimizer, take_optimizer) = Giver::pair();
    let (give_schedule, take_schedule) = Giver::pair();
    let end = Arc::new(Mutex::new(None));
    let strategy: CustomLearningStrategy<Student<T::Model>> = Arc::new(Loop {
        task: task.clone(),
        checkpoints: Checkpoints::new(
            &folder,
            fingerprint(task, args, &plan, &card.network, first_pass.len()),
        ),
        plan,
        card,
        schedule,
        handover: Mutex::new(Handover {
            model: take_model,
            optimizer: take_optimizer,
            schedule: take_schedule,
        }),
        report,
        end: end.clone(),
    });
    // The loop makes its own batches pass by pass; burn-train asks for loaders all the same.
    let mut training =
        SupervisedTraining::<Student<T::Model>>::new(&folder, NoBatches::arc(), NoBatches::arc())
            .with_training_strategy(TrainingStrategy::Custom(strategy))
            .with_checkpointing_strategy(Always)
            .with_custom_checkpointers(give_model, give_optimizer, give_schedule)
            .with_application_logger(None)
            .with_metric_logger(burn::train::logger::InMemoryMetricLogger::default())
            .num_epochs(passes)
            .label(T::NAME)
            .metric_train_numeric(LossMetric::new())
            .metric_train_numeric(LearningRateMetric::new());
    for (index, name) in task.score_names().iter().enumerate() {
        training = training.metric_valid_numeric(ScoreMetric::new(index, name));
    }
    if !dashboard {
        training = training.renderer(Box::new(Silence));
    }
    let result = training.launch(learner);
    drop(result.renderer);
    let end = end.lock().expect("no thread panics with the lock").take();
    let end = end.expect("the strategy sets it")?;
    let error = result.error.map(|error| error.to_string());
    match (end, error) {
        (_, Some(error)) => Err(TrainError::Learner(error)),
        (End::Interrupted(position), None) => Err(TrainError::Interrupted {
            step: position.step,
            folder,
        }),
        (End::Finished(position), None) => {
            let device = main;
            let file = ModelFile::open(&folder)?;
            let card = file.card.clone();
            let (settings, model) = file.load(T::NAME, &device, |_: &T::Settings, device| {
                task.init(device)
            })?;
            draw_curve(&folder, T::NAME, task.score_names()[0], &position.curve)?;
            Ok(Outcome {
                model,
                device,
                settings,
                folder,
                card,
                curve: position.curve,
                seconds: position.seconds,
                json: args.json,
            })
        }
    }
}

/// Whether a training was begun in a folder and left a checkpoint to go on from.
pub fn begun(folder: &Path) -> bool {
    Checkpoints::new(folder, String::new()).any()
}

/// Figures whose names stand for themselves, as those of a saved model are given.
pub(crate) fn owned(figures: Vec<(&'static str, f64)>) -> Vec<(String, f64)> {
    let figures = figures.into_iter();
    figures
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Burn draws a parameter where it is first used; drawn here, the numbers follow from the seed alone.
fn draw_parameters(model: &impl Module) {
    struct Draw;
    impl ModuleVisitor for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let _ = param.val();
        }
    }
    model.visit(&mut Draw);
}

/// The file that keeps the weights from before a loss that is not finite.
pub(super) fn last_good(folder: &Path) -> PathBuf {
    folder.join("last-good.safetensors")
}

/// The settings that a training must have been begun with to be gone on with, a line each.
fn fingerprint<T: Task>(
    task: &T,
    args: &LearnArgs,
    plan: &Plan,
    network: &str,
    batches: usize,
) -> String {
    let settings = serde_json::to_string(&task.settings()).expect("settings are plain data");
    [
        format!("task {}", T::NAME),
        format!("network {network}"),
        format!("seed {}", plan.seed),
        format!("steps {}", plan.steps),
        format!(
            "examples {} in {batches} batches a pass",
            task.examples().len()
        ),
        format!("batch size {}", args.batch_size),
        format!("schedule {:?}", args.schedule_kind()),
        format!("weight decay {}", args.weight_decay),
        format!("clipping {} {:?}", plan.clip, plan.clip_value),
        format!("accumulated batches {}", plan.accumulate),
        format!("devices {}", plan.devices.len()),
        format!("evaluation every {}", plan.eval_every),
        format!("patience {:?}", plan.patience),
        format!("settings {settings}"),
        format!("content of the examples {}", content(task)),
    ]
    .join("\n")
}

/// A sum over what the examples are: all of them, or so many that are spread evenly, since some tasks make far more out of their data than
/// they have.
fn content<T: Task>(task: &T) -> String {
    struct Sum(Sha256);
    impl core::fmt::Write for Sum {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0.update(text);
            Ok(())
        }
    }
    let mut sum = Sum(Sha256::new());
    let examples = task.examples();
    const MOST: usize = 256;
    for index in (0..examples.len()).step_by(examples.len().div_ceil(MOST).max(1)) {
        // One that cannot be read stops the training when it is its turn.
        if let Ok(example) = examples.get(index) {
            let _ = write!(sum, "{example:?}");
        }
    }
    hexadecimal(sum.0)
}

/// The command line as it was typed, without what changes nothing about the model.
fn command() -> String {
    let quoted = |word: String| match word.contains(char::is_whitespace) {
        true => format!("\"{word}\""),
        false => word,
    };
    // What is not UTF-8 is shown as well as it can be.
    let mut words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let program = words.next().unwrap_or_default();
    let program = Path::new(&program).file_stem();
    let program = program.map(|name| name.to_string_lossy().into_owned());
    let words = words.filter(|word| !["--resume", "--plain", "--json"].contains(&word.as_str()));
    let words: Vec<String> = program.into_iter().chain(words.map(quoted)).collect();
    words.join(" ")
}

fn validate(args: &LearnArgs) -> Result<(), TrainError> {
    TrainError::check_counts(&[
        ("--epochs", args.epochs),
        ("--steps", args.steps.unwrap_or(1)),
        ("--batch-size", args.batch_size),
        ("--accumulate", args.accumulate),
        ("--devices", args.devices),
        ("--eval-every", args.eval_every.unwrap_or(1)),
        ("--patience", args.patience.unwrap_or(1)),
        ("--checkpoint-every", args.checkpoint_every),
    ])?;
    TrainError::check_positive(&[
        ("--lr", args.lr),
        ("--clip-value", args.clip_value.unwrap_or(1.0)),
    ])?;
    let not_negative = [
        ("--final-lr", args.final_lr.unwrap_or(0.0)),
        ("--weight-decay", args.weight_decay),
        ("--clip", args.clip),
    ];
    match not_negative
        .iter()
        .find(|(_, value)| !(*value >= 0.0 && value.is_finite()))
    {
        None => Ok(()),
        Some((name, value)) => Err(TrainError::Setting {
            name,
            given: value.to_string(),
            expected: "a number of at least 0".to_owned(),
        }),
    }
}
