//! Which vector instructions the kernels use.

use std::fmt;
use std::sync::OnceLock;

use pulp::WithSimd;

/// A set of vector instructions that this machine has.
///
/// The best one is found at run time; the environment variable `BURN_RNN_SIMD` (`avx512`, `avx2`, `neon`
/// or `portable`), read once, asks for a lesser one, for tests and comparisons.
#[derive(Clone, Copy)]
pub struct Level(Kind);

#[derive(Clone, Copy)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
    Portable,
}

/// The vectors of [`Kind::Portable`]: arrays of eight, which the compiler makes vectors of where it can.
pub(crate) type Portable = pulp::Scalar256b;

/// The environment variable that asks for a level.
const VARIABLE: &str = "BURN_RNN_SIMD";

impl Level {
    /// Every level that this machine has, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(pulp::x86::V4::try_new().map(Kind::Avx512));
            levels.extend(pulp::x86::V3::try_new().map(Kind::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        levels.extend(pulp::aarch64::Neon::try_new().map(Kind::Neon));
        levels.push(Kind::Portable);
        levels.into_iter().map(Self).collect()
    }

    /// The level that is used: the best, or the one that `BURN_RNN_SIMD` asks for. Where it asks for one that this machine has
    /// not, a line on standard error says so, and the best is used.
    pub fn chosen() -> Self {
        static CHOSEN: OnceLock<Level> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let levels = Self::available();
            let Some(asked) = std::env::var_os(VARIABLE).filter(|asked| !asked.is_empty()) else {
                return levels[0];
            };
            let found = levels.iter().find(|level| asked == level.name());
            *found.unwrap_or_else(|| {
                eprintln!(
                    "warning: {VARIABLE} is {asked:?}, but this machine has {levels:?}: using {:?}",
                    levels[0]
                );
                &levels[0]
            })
        })
    }

    /// The name that `BURN_RNN_SIMD` knows it by.
    pub fn name(&self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
            Kind::Portable => "portable",
        }
    }

    /// Whether this machine has no better one.
    pub(crate) fn is_best(self) -> bool {
        static BEST: OnceLock<Level> = OnceLock::new();
        BEST.get_or_init(|| Self::available()[0]).name() == self.name()
    }

    /// Whether it is AVX2.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_avx2(self) -> bool {
        matches!(self.0, Kind::Avx2(_))
    }

    /// The floats of a vector.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => 16,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => 8,
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => 4,
            Kind::Portable => 8,
        }
    }

    /// Runs an operation compiled for this level.
    pub(crate) fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(simd) => pulp::Simd::vectorize(simd, op),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(simd) => pulp::Simd::vectorize(simd, op),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(simd) => pulp::Simd::vectorize(simd, op),
            Kind::Portable => op.with_simd(pulp::Scalar256b),
        }
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
