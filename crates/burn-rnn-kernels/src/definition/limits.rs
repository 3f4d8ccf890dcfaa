//! The most that a definition can have: frames and tapes are arrays.

/// The most operations and reads of a stage that the backward pass takes apart without a loop.
pub(crate) const MOST_ENTRIES: usize = 64;
/// The most stages of a step.
pub(crate) const MOST_STAGES: usize = 6;
/// The most masks.
pub(crate) const MOST_MASKS: usize = 8;
/// The most sums of a cell.
pub(crate) const MOST_SUMS: usize = 12;
/// The most vectors that are carried from step to step.
pub(crate) const MOST_STATES: usize = 8;
/// The most values that stages leave for later ones.
pub(crate) const MOST_TEMPS: usize = 16;
/// The most rows of per-unit parameters and scalars.
pub(crate) const MOST_VECTORS: usize = 16;
/// The most reductions.
pub(crate) const MOST_REDUCTIONS: usize = 8;
/// The most operands of a scan.
pub(crate) const MOST_OPERANDS: usize = 32;
