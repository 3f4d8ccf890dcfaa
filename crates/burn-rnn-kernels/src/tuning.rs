//! Every measured constant, with the machine and the figure that set it.
//!
//! "Zen 5" is two cores of an AMD EPYC (Turin) with AVX-512, "Zen 3" two cores of an AMD EPYC (Milan) with AVX2. Sizes are
//! batch × time × input × hidden.

use std::time::Duration;

/// The multiplications of a run from which on a second thread pays for its waking. Zen 5: waking takes about 10 µs, in
/// which a core multiplies this often.
pub(crate) const WORTH_A_THREAD: usize = 1 << 19;

/// The multiplications of a step from which on waiting for each other after it pays. Zen 5: a barrier of two threads takes
/// 0.2 µs.
pub(crate) const WORTH_A_BARRIER: usize = 1 << 15;

/// The floats that a core's own cache holds: 1 MiB on Zen 5 (512 KiB on Zen 3, where half as many measured the same).
pub(crate) const OWN_CACHE: usize = 1 << 18;

/// The sequences a thread below which weights larger than the cache are shared by units. Zen 5, hidden 1024: by
/// units 1.3 × as fast at 16 sequences a thread, as fast at 24.
pub(crate) const FEW_SEQUENCES: usize = 24;

/// The runs that do without barriers after one in which threads lost their cores: a time slice is as long as a hundred runs.
pub(crate) const RUNS_WITHOUT_BARRIERS: usize = 64;

/// The turns that a thread waits at a barrier before it yields its core: longer than a step takes.
pub(crate) const PATIENT_TURNS: usize = 1 << 12;

/// The turns that a thread waits for the others at the end of a run before it yields: they end at about the same time.
pub(crate) const PATIENT_TURNS_AT_THE_END: usize = 1 << 10;

/// How long a thread looks for the next run before it sleeps. Zen 5: a stream's next step comes within 20 µs.
pub(crate) const AWAKE: Duration = Duration::from_micros(100);

/// The turns of waiting between two looks at the clock.
pub(crate) const TURNS: usize = 64;

/// The floats of the input sides that are computed at once: they stay in a core's own cache until they are used. Zen 5,
/// 32×100×128×256: 2^16 is 4 % faster than 2^14 and 2^18.
pub(crate) const CHUNK: usize = 1 << 16;

/// The rows of the input that weights are multiplied with that do not stay in a core's own cache: bringing them costs more then
/// than to leave and bring the products. Zen 5, 20×35×650×650: 1.1 ×.
pub(crate) const ROWS_OF_FAR_WEIGHTS: usize = 96;

/// The sequences up to which panels are twice as wide: so few rows do not fill the registers, and a sum of its own for each of eight
/// vectors hides how long an addition takes. Zen 5, batch 1: 1.9 ×.
pub(crate) const FEW_ROWS: usize = 3;

/// The floats of sums up to which the point-wise pass runs over all panels of a step at once: they are still in the nearest cache, and
/// each call costs as much as ten vectors.
pub(crate) const POINT_WISE_AT_ONCE: usize = 1 << 12;

/// The vectors of a panel of few rows.
pub(crate) const VECTORS_OF_FEW_ROWS: usize = 8;

/// The vectors of a panel of one row where there are 32 registers: three gates get 12 sums for 6, which do not hide how long an
/// addition takes, and a product into one of two gates 8 for 4. Zen 5, 64 × 128: 0.94 × the time for a GRU and for coupled gates.
pub(crate) const VECTORS_OF_ONE_ROW: usize = 16;

/// The vectors of a panel of many rows: with the rows of a tile they fill the registers.
pub(crate) const VECTORS_OF_MANY_ROWS: usize = 4;

/// The floats from which on packing is shared among threads.
pub(crate) const WORTH_A_THREAD_TO_PACK: usize = 1 << 15;

/// The units whose weights are transposed at once, so that the lines written to stay in the nearest cache.
pub(crate) const TRANSPOSED_AT_ONCE: usize = 64;

/// The floats of packed weights that are cached at most, 256 MiB: a model twice as large packs its weights every time.
pub(crate) const MOST_CACHED: usize = 1 << 26;

/// The cells whose prepared parameters are remembered: the layers of the networks that a process runs, by their numbers of sequences.
pub(crate) const MOST_KNOWN: usize = 64;

/// The cache lines from which on a buffer comes from the pool: the allocator is fast with less.
pub(crate) const WORTH_POOLING: usize = 1 << 11;

/// A buffer of the pool that is not used while so many others are returned is freed.
pub(crate) const POOL_PATIENCE: u64 = 256;

/// The number of scratch buffers that a thread keeps: those of one run.
pub(crate) const SCRATCH_BUFFERS: usize = 24;

/// The cache lines of the longest scratch buffer that a thread keeps: a megabyte.
pub(crate) const LONGEST_SCRATCH: usize = 1 << 14;

/// Floats between the rows of the factors of a transposed product, so that rows do not fall on the same sets of the cache.
pub(crate) const STAGGER: usize = 16;

/// The rows or columns of a product over all steps that are worth a thread of their own.
pub(crate) const LEAST_SHARE: usize = 32;
