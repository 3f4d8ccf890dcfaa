//! Formal tasks that test memory and grammar: everything in them is generated, seeded, and its chance
//! level known.
//!
//! | task | what has to be kept in mind | chance level |
//! |---|---|---|
//! | [`EmbeddedReber`] | one symbol, over an inner grammar | [`EmbeddedReber::CHANCE_LOSS`] |
//! | [`AddingProblem`](crate::AddingProblem) | one number | [`AddingProblem::CHANCE_MSE`](crate::AddingProblem::CHANCE_MSE) |
//! | [`CopyMemory`] | a list of symbols in their order | [`CopyMemory::chance_loss`] |
//! | [`TemporalOrder`] | the order of two or three symbols | [`TemporalOrder::chance_loss`] |
//! | [`Parity`] | one bit that every step may turn | [`Parity::CHANCE_LOSS`] |
//!
//! [`MemoryProblem`] is any of the last four with one form of example, and [`FreshExamples`] an endless
//! data set of them.

mod copy_memory;
mod memory;
mod parity;
mod reber;
mod temporal_order;

pub use copy_memory::{CopyBatch, CopyMemory};
pub use memory::{Chance, FreshExamples, MemoryExample, MemoryProblem};
pub use parity::{Parity, ParityBatch};
pub use reber::{EmbeddedReber, REBER_SYMBOLS, ReberWalk, is_reber};
pub use temporal_order::{TemporalOrder, TemporalOrderBatch};
