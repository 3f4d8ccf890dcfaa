//! What ranks do together.

use core::fmt::Debug;

/// Another rank has ended or cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another rank has ended or cannot be reached")]
pub struct LostRank;

/// Processes that work together, each with a number, its rank.
///
/// Every method but [`rank`](Self::rank), [`size`](Self::size), [`host`](Self::host) and [`end_all`](Self::end_all)
/// has to be called by all ranks, in the same order, and returns when all have called it.
pub trait Communicator: Debug + Send + Sync {
    /// The number of this process, from 0 to `size - 1`.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// The machine that this one is on, as messages name it.
    fn host(&self) -> String;

    /// Replaces each value by its sum over the ranks. All have as many values, and all have the same bits after it.
    ///
    /// # Errors
    ///
    /// Where a rank is lost.
    fn sum(&self, values: &mut [f32]) -> Result<(), LostRank>;

    /// The same in double precision.
    ///
    /// # Errors
    ///
    /// Where a rank is lost.
    fn sum_f64(&self, values: &mut [f64]) -> Result<(), LostRank>;

    /// The bytes of rank 0; what the others give is dropped.
    ///
    /// # Errors
    ///
    /// Where a rank is lost.
    fn broadcast(&self, bytes: Vec<u8>) -> Result<Vec<u8>, LostRank>;

    /// Waits until all have come here, which may take long: at rest, where the other methods may keep a core busy.
    ///
    /// # Errors
    ///
    /// Where a rank is lost.
    fn wait(&self) -> Result<(), LostRank>;

    /// Ends all ranks at once, wherever they are, with this exit code.
    fn end_all(&self, code: u8) -> !;
}
