//! Data-parallel training with Burn: several processes, the ranks, each learn from a part of every batch, and add up
//! their gradients.
//!
//! | item | what it is |
//! |---|---|
//! | [`Communicator`] | what ranks do together: sums, a broadcast, waiting for each other |
//! | [`average`] | the step between `backward` and the optimizer: gradients as of all batches together |
//! | [`sum`] | the same before the division, with figures of one's own added up on the way |
//! | [`share_weights`] | all ranks begin with the weights of rank 0 |
//! | [`Part`] | which part of a batch is a rank's |
//! | [`Alone`] | the communicator of a program by itself |
//! | [`Threads`] | ranks that are threads of one process, for tests |
//! | `Mpi` (feature `mpi`) | ranks that `mpirun` started, on one machine or many |
//! | [`start`] | the communicator of this process: `Mpi` under `mpirun`, else `Alone` |
//!
//! The loop is Burn's ordinary one, with one line more:
//!
//! ```
//! use burn::module::Module;
//! use burn::optim::GradientsParams;
//! use burn_rnn_ranks::{Communicator, LostRank, average};
//!
//! fn gradients(
//!     model: &impl Module,
//!     loss: burn::tensor::Tensor<1>, // the mean over this rank's targets
//!     targets: usize,
//!     ranks: &dyn Communicator,
//! ) -> Result<GradientsParams, LostRank> {
//!     let gradients = GradientsParams::from_grads(loss.backward(), model);
//!     average(gradients, model, targets as f64, ranks)
//! }
//! ```

mod alone;
mod communicator;
mod gradients;
#[cfg(feature = "mpi")]
mod mpi;
mod part;
mod started;
mod threads;
mod weights;

pub use alone::Alone;
pub use communicator::{Communicator, LostRank};
pub use gradients::{average, sum};
#[cfg(feature = "mpi")]
pub use mpi::Mpi;
pub use part::Part;
pub use started::{NoMpi, start};
pub use threads::Threads;
pub use weights::{share_weights, weights};
