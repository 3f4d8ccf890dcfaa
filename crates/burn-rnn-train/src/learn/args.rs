//! The options of the training loop that all trainers have.

use core::hash::Hash;
use std::path::PathBuf;
use std::sync::Arc;

use burn_rnn_ranks::{Alone, Communicator};
use clap::builder::ArgPredicate;
use clap::{Args, ValueEnum};

use super::schedule::ScheduleKind;
use super::sum::sum_of;

/// How the learning rate goes on, as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScheduleName {
    /// The same rate throughout
    Constant,
    /// Falls along a half cosine to --final-lr
    Cosine,
    /// Rises for the first third, then falls to --final-lr (Smith 2018)
    OneCycle,
    /// Halves when the best score has not improved for three evaluations
    Plateau,
}

/// The options of the training loop.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Training")]
pub struct LearnArgs {
    /// Options from a TOML file, such as the run.toml of an earlier training; those typed here win
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What goes into run.toml beside the model
    #[arg(skip)]
    pub run_file: Option<String>,
    /// The sums of [`with_data`](Self::with_data), a line each
    #[arg(skip)]
    pub data: Vec<String>,
    /// Those that train together; see [`over`](Self::over)
    #[arg(skip = Arc::new(Alone) as Arc<dyn Communicator>)]
    pub ranks: Arc<dyn Communicator>,
    /// The most passes over the examples
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "steps")]
    pub epochs: usize,
    /// The number of optimizer steps, instead of --epochs
    // A task's default number of steps does not hold where --epochs is given.
    #[arg(
        long,
        value_name = "N",
        default_value_if("epochs", ArgPredicate::IsPresent, None)
    )]
    pub steps: Option<usize>,
    /// The number of examples of a batch, on each rank where there are several
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub batch_size: usize,
    /// Adam's learning rate, at its highest
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 0.002,
        allow_negative_numbers = true
    )]
    pub lr: f64,
    /// How the learning rate goes on
    #[arg(long, value_enum, value_name = "KIND", default_value = "cosine")]
    pub schedule: ScheduleName,
    /// The learning rate at the end [default: a hundredth of --lr]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub final_lr: Option<f64>,
    /// AdamW's decoupled weight decay
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub weight_decay: f64,
    /// The norm that all gradients together are clipped to; 0 clips nothing
    #[arg(
        long,
        value_name = "NORM",
        default_value_t = 5.0,
        allow_negative_numbers = true
    )]
    pub clip: f64,
    /// The absolute value that every element of a gradient is clipped to, before the norm
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub clip_value: Option<f64>,
    /// The number of batches whose gradients make one step
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub accumulate: usize,
    /// The number of devices that share a step; each takes a batch of its own
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub devices: usize,
    /// The number of threads that prepare batches
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub workers: usize,
    /// The number of steps between two evaluations [default: a pass over the examples]
    #[arg(long, value_name = "N")]
    pub eval_every: Option<usize>,
    /// Training ends after this number of evaluations without a better score
    #[arg(long, value_name = "N")]
    pub patience: Option<usize>,
    /// The number of steps between two checkpoints; there is one at every evaluation too
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub checkpoint_every: usize,
    /// Goes on from the checkpoint in --out to the same weights as without a break
    #[arg(long)]
    pub resume: bool,
    /// Where the random numbers start: the same seed gives the same model again
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The number of models, of consecutive seeds from --seed, each in a folder of --out, with mean and
    /// standard deviation of their figures; with --json one object a line for each and one for all
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seeds: u64,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Where model, checkpoints, pictures and run.toml go [default: out/TASK]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Plain lines of progress where there would be a dashboard
    #[arg(long)]
    pub plain: bool,
    /// One JSON object on standard output at the end, everything else on standard error
    #[arg(long)]
    pub json: bool,
}

impl LearnArgs {
    /// Trains over ranks, each with batches of --batch-size examples: the task is to be made with the
    /// [`batch_size`](Self::batch_size) that this leaves, that of all together.
    pub fn over(&mut self, ranks: Arc<dyn Communicator>) {
        self.batch_size = self.batch_size.saturating_mul(ranks.size());
        self.ranks = ranks;
    }

    /// The same options, with a sum of a part of the data: with another one `--resume` is refused. Without any sum
    /// some hundred of the [examples](super::Task::examples) are looked at, and nothing that the model is measured on.
    #[must_use]
    pub fn with_data(&self, part: &str, data: &impl Hash) -> Self {
        let mut args = self.clone();
        args.data.push(format!("{part} {}", sum_of(data)));
        args
    }

    /// [`with_data`](Self::with_data) of the three parts.
    #[must_use]
    pub fn with_parts<P: Hash>(&self, train: &P, valid: &P, test: &P) -> Self {
        let args = self.with_data("training part", train);
        let args = args.with_data("validation part", valid);
        args.with_data("test part", test)
    }

    /// How the learning rate goes on.
    pub(super) fn schedule_kind(&self) -> ScheduleKind {
        let last = self.final_lr.unwrap_or(self.lr / 100.0);
        match self.schedule {
            ScheduleName::Constant => ScheduleKind::Constant { rate: self.lr },
            ScheduleName::Cosine => ScheduleKind::Cosine {
                first: self.lr,
                last,
            },
            ScheduleName::OneCycle => ScheduleKind::OneCycle {
                highest: self.lr,
                last,
            },
            ScheduleName::Plateau => ScheduleKind::Plateau { first: self.lr },
        }
    }
}
