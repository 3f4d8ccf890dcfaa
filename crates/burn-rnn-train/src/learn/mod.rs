//! The training loop that all tasks share.
//!
//! A [`Task`] gives examples, a model that is [`Learnable`] and held-out scores; [`learn`] trains it as
//! [`LearnArgs`] say. Checkpoints are whole files with a checksum; a training that was killed goes on
//! with `--resume` to the same weights as one that was not.
//!
//! `training` is the loop, on the `learning` that a checkpoint keeps; `step` and `evaluation` are what it
//! does. burn-train draws the `dashboard`; its own loop knows neither a carried state nor a place within
//! an epoch to go on from. `examples/own_task.rs` is a task with a cell of one's own.

#[cfg(test)]
mod alone;
mod args;
mod batches;
mod bits;
mod checkpoint_file;
mod checkpoints;
mod curve;
mod dashboard;
mod evaluation;
mod fingerprint;
mod gradients;
mod interrupt;
mod learning;
mod lock;
mod network_args;
mod outcome;
mod plan;
mod position;
mod ranks;
mod records;
mod report;
mod run;
mod schedule;
mod seeds;
mod step;
mod sum;
mod task;
mod team;
mod terminal;
mod training;
mod view;
#[cfg(test)]
mod wrong_checkpoints;

#[cfg(test)]
pub(crate) use alone::alone;
pub use args::{LearnArgs, ScheduleName};
pub use network_args::{InitializationName, List, NetworkArgs};
pub use outcome::Outcome;
pub(crate) use outcome::owned;
pub use position::Point;
pub use ranks::RanksReport;
pub use run::learn;

pub use seeds::each_seed;
pub use task::{Learnable, Lesson, Moment, NoState, Task};

/// One seed of two numbers (the finalizer of SplitMix64, Steele et al. 2014).
fn mixed(seed: u64, number: u64) -> u64 {
    let mut z = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
