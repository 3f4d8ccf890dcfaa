//! The innermost product: a few rows times one panel, the sums in registers.

use pulp::{Simd, WithSimd};

use crate::vector::{load, store};
use crate::weights::PanelAt;

/// `out = init + a · panel` for a few rows of `a`.
///
/// Every pointer is to row-major floats, rows `*_stride` floats apart; the rows of `init` and `out` are as
/// wide as the panel, and the two may be the same memory.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    /// The length of the sums: the rows of the panel and the columns of `a`.
    pub(crate) depth: usize,
    pub(crate) a: *const f32,
    pub(crate) a_stride: usize,
    pub(crate) panel: PanelAt,
    pub(crate) init: *const f32,
    pub(crate) init_stride: usize,
    pub(crate) out: *mut f32,
    pub(crate) out_stride: usize,
}

impl Tile {
    /// The same tile `rows` further down.
    #[inline(always)]
    fn down(mut self, rows: usize) -> Self {
        self.a = self.a.wrapping_add(rows * self.a_stride);
        self.init = self.init.wrapping_add(rows * self.init_stride);
        self.out = self.out.wrapping_add(rows * self.out_stride);
        self
    }

    /// The product for `rows` rows, in tiles of about the same height.
    ///
    /// # Safety
    ///
    /// The tile's pointers must be valid for `rows` rows, `a` for `depth` columns, the panel for `depth` rows and
    /// the others for `vectors` vectors (one to four, six or eight).
    #[inline(always)]
    pub(crate) unsafe fn multiply<S: Simd>(self, simd: S, rows: usize, vectors: usize) {
        let registers = if S::REGISTER_COUNT >= 32 { 24 } else { 12 };
        let most = (registers / vectors).min(MOST_ROWS);
        let tiles = rows.div_ceil(most);
        let mut done = 0;
        for tile in 0..tiles {
            let end = rows * (tile + 1) / tiles;
            // SAFETY: as promised by the caller for these rows.
            unsafe { self.down(done).dispatch(simd, end - done, vectors) };
            done = end;
        }
    }

    #[inline(always)]
    unsafe fn dispatch<S: Simd>(self, simd: S, rows: usize, vectors: usize) {
        macro_rules! call {
            ($($rows:literal x $vectors:literal),*) => {
                match (rows, vectors) {
                    $(($rows, $vectors) => simd.vectorize(Sums::<$rows, $vectors>(self)),)*
                    _ => unreachable!("a tile of {rows} × {vectors}"),
                }
            };
        }
        call!(
            1 x 1, 2 x 1, 3 x 1, 4 x 1, 5 x 1, 6 x 1, 7 x 1, 8 x 1,
            1 x 2, 2 x 2, 3 x 2, 4 x 2, 5 x 2, 6 x 2, 7 x 2, 8 x 2,
            1 x 3, 2 x 3, 3 x 3, 4 x 3, 5 x 3, 6 x 3, 7 x 3, 8 x 3,
            1 x 4, 2 x 4, 3 x 4, 4 x 4, 5 x 4, 6 x 4,
            1 x 6, 2 x 6, 3 x 6, 4 x 6,
            1 x 8, 2 x 8, 3 x 8
        )
    }
}

/// The most rows of a tile.
const MOST_ROWS: usize = 8;

/// Wider panels are for a few rows, where weights come from far for each use.
const MOST_VECTORS_OF_MANY_ROWS: usize = 4;

/// How many floats before their use weights of a few rows are asked for: processors do so too, but not as early, and stop
/// where a page of memory ends.
const FETCHED_AHEAD: usize = 256;

/// Asks for a cache line, which need not be there.
#[inline(always)]
fn fetch(at: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint for any address.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// A tile whose sums all have a register.
struct Sums<const ROWS: usize, const VECTORS: usize>(Tile);

impl<const ROWS: usize, const VECTORS: usize> WithSimd for Sums<ROWS, VECTORS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let tile = self.0;
        let lanes = S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        // SAFETY: `Tile::multiply`, the only caller, promises valid pointers for these rows and vectors.
        unsafe {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = load(simd, tile.init.add(row * tile.init_stride + vector * lanes));
                }
            }
            let mut panel = tile.panel.start;
            for k in 0..tile.depth {
                let weights: [S::f32s; VECTORS] = core::array::from_fn(
                    #[inline(always)]
                    |vector| {
                        let weights = panel.wrapping_add(vector * tile.panel.vector_stride);
                        if VECTORS > MOST_VECTORS_OF_MANY_ROWS {
                            fetch(weights.wrapping_add(FETCHED_AHEAD));
                        }
                        load(simd, weights)
                    },
                );
                for (row, sums) in sums.iter_mut().enumerate() {
                    let a = simd.splat_f32s(*tile.a.add(row * tile.a_stride + k));
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum = simd.mul_add_e_f32s(a, weight, *sum);
                    }
                }
                panel = panel.wrapping_add(tile.panel.row_stride);
            }
            for (row, sums) in sums.iter().enumerate() {
                for (vector, sum) in sums.iter().enumerate() {
                    store(
                        simd,
                        tile.out.add(row * tile.out_stride + vector * lanes),
                        *sum,
                    );
                }
            }
        }
    }
}
