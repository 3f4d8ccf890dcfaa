//! From options to a trained model.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::AdamWConfig;
use burn::tensor::{Device, Tensor};
use burn_rnn_ranks::{Communicator, Part, share_weights};

use super::checkpoints::{Checkpoints, found};
use super::curve::draw_curve;
use super::dashboard::Dashboard;
use super::fingerprint::fingerprint;
use super::learning::Learning;
use super::lock::Lock;
use super::outcome::Outcome;
use super::plan::Plan;
use super::position::Position;
use super::ranks::{Cost, check_same};
use super::report::{Report, To};
use super::schedule::Schedule;
use super::team::Team;
use super::training::{End, Training, batch_of};
use super::view::{Silent, View};
use super::{LearnArgs, Learnable, Task, mixed, terminal};
use crate::limits::check_memory;
use crate::{CheckpointError, ModelCard, ModelFile, TrainError, device};

/// Trains a model for `task` as `args` say: checkpoints, resuming, early stopping, schedules, clipping,
/// accumulation, several devices. `network` is one line that says what the network is.
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
    let main = device(args.device.as_deref())?;
    let first_pass = task.pass(mixed(args.seed, 0));
    let plan = Plan::new(T::NAME, args, &main, first_pass.len())?;
    let device = &plan.devices[0];
    device.seed(plan.seed);
    let model = task.init(device)?;
    let parameters = model.num_params();
    check_memory("the number of parameters", &[parameters])?;
    draw_parameters(&model);
    let ranks = &*args.ranks;
    let is_first = ranks.rank() == 0;
    let own = own_part(task, &model, &first_pass[0], &plan, ranks)?;
    if is_first && plan.resume && found(&plan.folder).is_empty() {
        // Where there is nothing to go on from, nothing is made.
        return Err(TrainError::Checkpoint {
            path: plan.folder,
            source: CheckpointError::Missing,
        });
    }
    let card = ModelCard {
        task: T::NAME.to_owned(),
        network,
        seed: plan.seed,
        command: command(ranks.size()),
        ..ModelCard::default()
    };
    let settings = || fingerprint(task, args, &plan, &card.network);
    let checkpoints = Checkpoints::new(&plan.folder, settings);
    if ranks.size() > 1 {
        check_same(ranks, checkpoints.settings())?;
    }
    let model = share_weights(model, ranks)?;
    let lock = match is_first {
        true => Some(Lock::of(&plan.folder)?),
        false => None,
    };
    let optimizer = AdamWConfig::new()
        // Burn's default ε of 1e-5 would make a smaller step than PyTorch's and Kingma & Ba's 1e-8.
        .with_epsilon(1e-8)
        .with_weight_decay(args.weight_decay as f32)
        .init();
    let schedule = Schedule::new(args.schedule_kind(), plan.steps);
    let mut training = Training {
        view: view(task, args, &plan, &card, parameters),
        task: own.as_ref().unwrap_or(task),
        plan: &plan,
        card: card.clone(),
        checkpoints,
        lock,
        learning: Learning::new(model, optimizer, schedule),
        team: Team::new(&plan.devices),
        started: Instant::now(),
        seconds_before: 0.0,
        has_room: false,
        ranks,
        shares_rows: own.is_some(),
        asked_together: false,
        cost: Cost::default(),
    };
    let end = training.train()?;
    training.leave()?;
    match end {
        End::Interrupted => Err(TrainError::Interrupted {
            step: training.learning.position.step,
            folder: plan.folder.clone(),
        }),
        End::Finished => {
            let outcome = outcome(task, &plan, main, &training.learning.position, args.json)?;
            let ranks = training.cost.report(ranks.size(), parameters);
            Ok(Outcome { ranks, ..outcome })
        }
    }
}

/// What messages call the ranks.
const RANKS: &str = "the number of ranks";

/// The task with this rank's rows, where it has such; refuses several devices, or ranks, that cannot share a step since
/// the model carries a state.
fn own_part<T: Task>(
    task: &T,
    model: &T::Model,
    first: &[usize],
    plan: &Plan,
    ranks: &dyn Communicator,
) -> Result<Option<T>, TrainError> {
    let own = match ranks.size() {
        1 => None,
        _ => task.part(Part::of(ranks))?,
    };
    let sharing = [
        ("--devices", plan.devices.len()),
        (RANKS, if own.is_some() { 1 } else { ranks.size() }),
    ];
    let Some((name, count)) = sharing.into_iter().find(|(_, count)| *count > 1) else {
        return Ok(own);
    };
    let batch = batch_of(task, first, &plan.devices[0]).map_err(TrainError::Examples)?;
    match model.zero_state(&batch) {
        None => Ok(own),
        Some(_) => Err(TrainError::setting(
            name,
            count,
            "1: this task carries a state from batch to batch, so a step's batches depend \
                       on each other",
        )),
    }
}

/// Lines, with the first of them, or the dashboard where there is a terminal.
fn view<T: Task>(
    task: &T,
    args: &LearnArgs,
    plan: &Plan,
    card: &ModelCard,
    parameters: usize,
) -> Box<dyn View> {
    if args.ranks.rank() > 0 {
        return Box::new(Silent);
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !args.plain && !args.json && terminal {
        terminal::remember();
        let passes = plan.steps.div_ceil(plan.steps_of_pass);
        let dashboard = Dashboard::new(T::NAME, task.score_names(), passes);
        return Box::new(dashboard);
    }
    let mut report = Report::new(match args.json {
        true => To::Error,
        false => To::Output,
    });
    report.line(format_args!(
        "{}: {}, {parameters} parameters; {} steps, {} a pass, on {:?}{}{}.",
        T::NAME,
        card.network,
        plan.steps,
        plan.steps_of_pass,
        plan.devices[0].clone().inner(),
        match args.devices {
            1 => String::new(),
            devices => format!(" × {devices}"),
        },
        match args.ranks.size() {
            1 => String::new(),
            ranks => format!(", {ranks} ranks"),
        }
    ));
    Box::new(report)
}

/// What came of a training that is at its end.
fn outcome<T: Task>(
    task: &T,
    plan: &Plan,
    device: Device,
    position: &Position,
    json: bool,
) -> Result<Outcome<T>, TrainError> {
    let folder = plan.folder.clone();
    let file = ModelFile::open(&folder)?;
    let card = file.card.clone();
    let init = |_: &T::Settings, device: &Device| task.init(device);
    let (settings, model) = file.load(T::NAME, &device, init)?;
    let curve = position.curve.clone();
    draw_curve(&folder, task, &curve)?;
    Ok(Outcome {
        model,
        device,
        settings,
        folder,
        card,
        curve,
        seconds: position.seconds,
        ranks: None,
        early_end: (position.step < plan.steps).then_some((position.step, plan.steps)),
        json,
    })
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

/// The command line as it was typed, without what changes nothing about the model.
fn command(ranks: usize) -> String {
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
    let words = words.join(" ");
    match ranks {
        1 => words,
        ranks => format!("mpirun -n {ranks} {words}"),
    }
}
