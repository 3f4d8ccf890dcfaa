//! What a training does, with all defaults resolved.

use std::path::PathBuf;

use burn::tensor::Device;

use super::LearnArgs;
use crate::TrainError;
use crate::device::several;
use crate::options::default_folder;

/// What a training does, with all defaults resolved.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) steps: usize,
    /// The batches of a pass over the examples.
    pub(super) batches: usize,
    /// The steps of a pass over the examples.
    pub(super) steps_of_pass: usize,
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

/// More are no machine's: each has a copy of the model, and a thread.
const MOST_DEVICES: usize = 64;
/// More only wait for each other.
const MOST_WORKERS: usize = 256;

impl Plan {
    /// The plan of a training of `task`, whose first pass has so many batches.
    pub(super) fn new(
        task: &str,
        args: &LearnArgs,
        main: &Device,
        batches: usize,
    ) -> Result<Self, TrainError> {
        validate(args)?;
        let steps_of_pass = batches.div_ceil(args.accumulate.saturating_mul(args.devices));
        if steps_of_pass == 0 {
            return Err(TrainError::setting(
                "the number of training examples",
                "0",
                "at least one",
            ));
        }
        let devices = several(main, args.devices);
        let epochs = args.epochs.saturating_mul(steps_of_pass);
        Ok(Self {
            steps: args.steps.unwrap_or(epochs),
            batches,
            steps_of_pass,
            eval_every: args.eval_every.unwrap_or(steps_of_pass),
            checkpoint_every: args.checkpoint_every,
            patience: args.patience,
            clip: args.clip,
            clip_value: args.clip_value,
            accumulate: args.accumulate,
            workers: args.workers,
            seed: args.seed,
            devices: devices.into_iter().map(Device::autodiff).collect(),
            folder: args.out.clone().unwrap_or_else(|| default_folder(task)),
            resume: args.resume,
            run_file: args.run_file.clone(),
        })
    }
}

fn validate(args: &LearnArgs) -> Result<(), TrainError> {
    TrainError::check_counts(&[
        ("--epochs", args.epochs),
        ("--steps", args.steps.unwrap_or(1)),
        ("--batch-size", args.batch_size),
        ("--accumulate", args.accumulate),
        ("--eval-every", args.eval_every.unwrap_or(1)),
        ("--patience", args.patience.unwrap_or(1)),
        ("--checkpoint-every", args.checkpoint_every),
    ])?;
    TrainError::check_positive(&[
        ("--lr", args.lr),
        ("--clip-value", args.clip_value.unwrap_or(1.0)),
    ])?;
    TrainError::check_at_most(MOST_DEVICES, &[("--devices", args.devices)])?;
    // Without one the batches are prepared between the steps.
    TrainError::check_at_most(MOST_WORKERS, &[("--workers", args.workers.max(1))])?;
    TrainError::check_not_negative(&[
        ("--final-lr", args.final_lr.unwrap_or(0.0)),
        ("--weight-decay", args.weight_decay),
        ("--clip", args.clip),
    ])?;
    match args.seeds {
        1 => Ok(()),
        // Whoever calls the loop by himself, and not by `each_seed`.
        seeds => Err(TrainError::setting("--seeds", seeds, "1 here")),
    }
}
