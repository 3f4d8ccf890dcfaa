//! The training loop that all tasks share, on burn-train's `Learner`.
//!
//! A [`Task`] gives examples, a model that is [`Learnable`] and held-out scores; [`learn`] trains it as
//! [`LearnArgs`] say. Checkpoints are whole files with a checksum; a training that was killed goes on
//! with `--resume` to the same weights as one that was not.

#[cfg(test)]
mod alone;
mod args;
mod batches;
mod bits;
mod checkpoint;
mod curve;
mod dashboard;
mod gradients;
mod idle;
mod interrupt;
mod lock;
mod network_args;
mod report;
mod run;
mod schedule;
mod strategy;
mod student;
mod task;
mod terminal;

#[cfg(test)]
pub(crate) use alone::alone;
pub use args::{LearnArgs, ScheduleName};
pub use checkpoint::Point;
pub use network_args::{InitializationName, List, NetworkArgs};
use run::last_good;
pub(crate) use run::owned;
pub use run::{Outcome, begun, learn};
pub use schedule::ScheduleKind;
pub use task::{Learnable, Lesson, Moment, Task};
