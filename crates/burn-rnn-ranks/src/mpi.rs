//! Ranks that `mpirun` started.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::datatype::Equivalence;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
// Its methods beside those of the trait of the same name here.
use mpi::traits::{Communicator as _, CommunicatorCollectives as _, Root as _};

use crate::started::NoMpi;
use crate::{Alone, Communicator, LostRank};

/// The ranks of an MPI program. MPI ends with it.
///
/// MPI's own answer to a lost rank stays as it is: `mpirun` ends all others, so that no method here returns
/// [`LostRank`].
pub struct Mpi {
    // One thread at a time talks: that is what MPI was started for.
    universe: Mutex<Universe>,
    rank: usize,
    size: usize,
}

/// The values that are summed at once: the messages of a ring stay long, and the second buffer small.
const BUCKET: usize = 1 << 20;
/// The bytes of a message; MPI counts with 31 bits.
const MESSAGE: usize = 1 << 26;
/// Between two looks at whether all have come.
const NAP: Duration = Duration::from_millis(1);

/// MPI, or a rank by itself where nobody `launched` it.
pub(crate) fn started(launched: bool) -> Result<Arc<dyn Communicator>, NoMpi> {
    match launched {
        true => Ok(Arc::new(Mpi::new().ok_or(NoMpi::StartedTwice)?)),
        false => Ok(Arc::new(Alone)),
    }
}

impl Mpi {
    /// Starts MPI; nothing where it has been started. A process without a launcher is the only rank.
    pub fn new() -> Option<Self> {
        let (universe, _) = mpi::initialize_with_threading(Threading::Serialized)?;
        let world = universe.world();
        let number = |number: i32| usize::try_from(number).expect("MPI counts from 0");
        let (rank, size) = (number(world.rank()), number(world.size()));
        Some(Self {
            universe: Mutex::new(universe),
            rank,
            size,
        })
    }

    fn universe(&self) -> MutexGuard<'_, Universe> {
        // Whoever panicked with it has ended all.
        self.universe
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn sum_of<V: Equivalence + Clone>(&self, values: &mut [V]) {
        let world = self.universe().world();
        let mut sums = Vec::new();
        for bucket in values.chunks_mut(BUCKET) {
            sums.clear();
            sums.extend_from_slice(bucket);
            world.all_reduce_into(bucket, &mut sums[..], SystemOperation::sum());
            bucket.clone_from_slice(&sums);
        }
    }
}

impl core::fmt::Debug for Mpi {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "rank {} of {}", self.rank, self.size)
    }
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn host(&self) -> String {
        let name = mpi::environment::processor_name();
        name.unwrap_or_else(|_| "a machine without a name".to_owned())
    }

    fn sum(&self, values: &mut [f32]) -> Result<(), LostRank> {
        self.sum_of(values);
        Ok(())
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<(), LostRank> {
        self.sum_of(values);
        Ok(())
    }

    fn broadcast(&self, mut bytes: Vec<u8>) -> Result<Vec<u8>, LostRank> {
        let world = self.universe().world();
        let root = world.process_at_rank(0);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        for message in bytes.chunks_mut(MESSAGE) {
            root.broadcast_into(message);
        }
        Ok(bytes)
    }

    fn wait(&self) -> Result<(), LostRank> {
        let mut barrier = self.universe().world().immediate_barrier();
        while let Err(pending) = barrier.test() {
            barrier = pending;
            std::thread::sleep(NAP);
        }
        Ok(())
    }

    fn end_all(&self, code: u8) -> ! {
        SimpleCommunicator::world().abort(code.into())
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        // The others wait for this rank somewhere else than at MPI's end.
        if std::thread::panicking() {
            self.end_all(101);
        }
    }
}
