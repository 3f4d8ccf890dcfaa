//! Whether this process is one of several.

use std::sync::Arc;

#[cfg(not(feature = "mpi"))]
use crate::Alone;
use crate::Communicator;

/// One of several ranks, of a program that knows only itself: it would train as often as there are ranks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMpi {
    /// It was built without MPI.
    #[error(
        "this is one of {ranks} ranks of mpirun, and the program was built without MPI: build it with --features mpi, or \
         start it without mpirun"
    )]
    NotBuilt {
        /// How many were started.
        ranks: usize,
        /// The number of this one.
        rank: usize,
    },
    /// MPI was started before, by somebody else.
    #[error("MPI has been started by another part of the program, expected that nobody has")]
    StartedTwice,
}

/// What the launchers of Open MPI, MPICH and its kin tell a rank: its number, and how many there are.
const LAUNCHERS: [[&str; 2]; 3] = [
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
    ["PMI_RANK", "PMI_SIZE"],
    ["MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"],
];

/// The number of this rank and how many there are; nothing where there was no launcher.
fn launched() -> Option<(usize, usize)> {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let launched = |[rank, size]: &[&str; 2]| Some((number(rank)?, number(size)?));
    LAUNCHERS.iter().find_map(launched)
}

/// The communicator of this process: that of the ranks where `mpirun` or the like started it, else
/// [`Alone`](crate::Alone). At the program's start, once.
///
/// # Errors
///
/// Where there are several ranks and the program was built without the feature `mpi`, or MPI has been started.
pub fn start() -> Result<Arc<dyn Communicator>, NoMpi> {
    #[cfg(feature = "mpi")]
    return crate::mpi::started(launched().is_some());
    #[cfg(not(feature = "mpi"))]
    match launched() {
        Some((rank, ranks)) if ranks > 1 => Err(NoMpi::NotBuilt { ranks, rank }),
        _ => Ok(Arc::new(Alone)),
    }
}
