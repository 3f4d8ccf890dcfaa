//! The innermost product: a few rows times one panel, the sums in registers.

use pulp::{Simd, WithSimd};

use crate::machine::vector::{fma, is_portable, load, store};

/// The tiles of a level: what it has registers for.
struct Shapes {
    /// The vectors of a tile where there are more rows than fit one tile.
    vectors: usize,
    /// The most rows of a tile of one vector, of two, …, of sixteen; none where there are no such tiles.
    rows: [usize; WIDEST],
}

/// The most vectors of a tile.
const WIDEST: usize = 16;

/// With 16 registers. Of rows and vectors a step of a tile holds the fewer in registers and has the others pass
/// through one: `sums + fewer + 1` must fit, and where it is the vectors that are held one more, which the compiler
/// takes to load the next factor early (4 × 3 spills a sum and has half the speed of 3 × 4). Eight sums and more
/// keep two multipliers busy for the four cycles that a sum takes.
const OF_16_REGISTERS: Shapes = Shapes {
    vectors: 4,
    rows: [8, 6, 3, 3, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// With 32 registers, by the same rule.
const OF_32_REGISTERS: Shapes = Shapes {
    vectors: 4,
    rows: [8, 8, 8, 6, 4, 4, 3, 3, 0, 0, 0, 1, 0, 0, 0, 1],
};

/// Of arrays of eight floats, two registers each of the sixteen of SSE2: a product needs one of its own.
const OF_ARRAYS: Shapes = Shapes {
    vectors: 3,
    rows: [5, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Wider tiles have their vectors side by side, so that the addresses need no arithmetic.
const MOST_VECTORS_APART: usize = 4;

/// From so many vectors on a tile asks for weights before their use: with fewer, products of other rows hide the wait.
const VECTORS_FETCHED: usize = 4;

/// How many floats before their use: processors ask by themselves, but not as early, and stop where a page of memory ends. Zen 5, a
/// step of one sequence, 64 × 128: 512 and 1024 take 0.91 × the time of 256 for an LSTM and as long for the others.
const FETCHED_AHEAD: usize = 512;

/// The floats of a cache line.
const LINE: usize = 16;

impl Shapes {
    /// Those of a level; known at compile time.
    #[inline(always)]
    fn of<S: Simd>() -> &'static Self {
        if is_portable::<S>() {
            &OF_ARRAYS
        } else if S::REGISTER_COUNT >= 32 {
            &OF_32_REGISTERS
        } else {
            &OF_16_REGISTERS
        }
    }
}

/// The most vectors of a tile of `rows` rows, or of as many as fit: what a panel is best wide.
#[inline(always)]
pub(crate) fn widest<S: Simd>(rows: usize) -> usize {
    let shapes = Shapes::of::<S>();
    let rows = rows.min(shapes.rows[shapes.vectors - 1]);
    let mut widest = WIDEST;
    while shapes.rows[widest - 1] < rows {
        widest -= 1;
    }
    widest
}

/// A panel and how it lies.
#[derive(Clone, Copy)]
pub(crate) struct PanelAt {
    pub(crate) start: *const f32,
    pub(crate) row_stride: usize,
    pub(crate) vector_stride: usize,
}

/// `out = init + a · panel` for a few rows of `a`.
///
/// Every pointer is to row-major floats, rows `*_stride` floats apart; the rows of `init` and `out` are as
/// wide as the panel, and the two may be the same memory. A sum grows from the panel's first row to its last, so that
/// the numbers do not depend on how the product is cut into tiles.
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
    /// The tile that begins `rows` rows further down and `vectors` vectors of `lanes` floats further right.
    #[inline(always)]
    fn from(mut self, rows: usize, vectors: usize, lanes: usize) -> Self {
        let (start, stride) = (self.panel.start, self.panel.vector_stride);
        self.a = self.a.wrapping_add(rows * self.a_stride);
        self.panel.start = start.wrapping_add(vectors * stride);
        let right = vectors * lanes;
        self.init = self.init.wrapping_add(rows * self.init_stride + right);
        self.out = self.out.wrapping_add(rows * self.out_stride + right);
        self
    }

    /// The product for `rows` rows of `a` and any number of vectors of the panel.
    ///
    /// # Safety
    ///
    /// The tile's pointers must be valid for `rows` rows, `a` for `depth` columns, the panel for `depth` rows and
    /// the others for `vectors` vectors.
    #[inline(always)]
    pub(crate) unsafe fn multiply<S: Simd>(self, simd: S, rows: usize, vectors: usize) {
        let shapes = Shapes::of::<S>();
        let mut most = widest::<S>(rows);
        if self.panel.vector_stride != S::F32_LANES {
            most = most.min(MOST_VECTORS_APART);
        }
        // No divisions: a tile may be as short as one of them.
        let mut left = 0;
        while left < vectors {
            let mut width = most.min(vectors - left);
            while shapes.rows[width - 1] == 0 {
                width -= 1;
            }
            let tallest = shapes.rows[width - 1];
            let mut done = 0;
            while done < rows {
                let height = match rows - done {
                    more if more <= tallest => more,
                    // The last two share what is left.
                    more => tallest.min(more.div_ceil(2)),
                };
                let tile = self.from(done, left, S::F32_LANES);
                // SAFETY: as promised by the caller for these rows and vectors.
                unsafe { tile.dispatch(simd, height, width) };
                done += height;
            }
            left += width;
        }
    }

    #[inline(always)]
    unsafe fn dispatch<S: Simd>(self, simd: S, rows: usize, vectors: usize) {
        macro_rules! call {
            ($($vectors:literal: $($rows:literal)*;)*) => {
                match (rows, vectors) {
                    $($(
                        // Tiles that do not fit are left out where the level is known.
                        ($rows, $vectors) if $rows <= Shapes::of::<S>().rows[$vectors - 1] => {
                            Sums::<$rows, $vectors>(self).run(simd);
                        }
                    )*)*
                    _ => unreachable!("a tile of {rows} × {vectors}"),
                }
            };
        }
        call!(
            1: 1 2 3 4 5 6 7 8;
            2: 1 2 3 4 5 6 7 8;
            3: 1 2 3 4 5 6 7 8;
            4: 1 2 3 4 5 6;
            5: 1 2 3 4;
            6: 1 2 3 4;
            7: 1 2 3;
            8: 1 2 3;
            12: 1;
            16: 1;
        );
    }
}

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

impl<const ROWS: usize, const VECTORS: usize> Sums<ROWS, VECTORS> {
    /// The product, in a function of its own at every level: `vectorize` makes one but for arrays.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        #[inline(never)]
        fn apart<S: Simd>(simd: S, sums: impl WithSimd<Output = ()>) {
            sums.with_simd(simd);
        }
        if is_portable::<S>() {
            apart(simd, self);
        } else {
            simd.vectorize(self);
        }
    }
}

impl<const ROWS: usize, const VECTORS: usize> WithSimd for Sums<ROWS, VECTORS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let tile = self.0;
        let lanes = S::F32_LANES;
        let vector_stride = if VECTORS > MOST_VECTORS_APART {
            lanes
        } else {
            tile.panel.vector_stride
        };
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
                if VECTORS >= VECTORS_FETCHED && !is_portable::<S>() {
                    for vector in (0..VECTORS).step_by(LINE.div_ceil(lanes)) {
                        fetch(panel.wrapping_add(vector * vector_stride + FETCHED_AHEAD));
                    }
                }
                if VECTORS < ROWS {
                    let weights: [S::f32s; VECTORS] = core::array::from_fn(
                        #[inline(always)]
                        |vector| load(simd, panel.wrapping_add(vector * vector_stride)),
                    );
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let factor = simd.splat_f32s(*tile.a.add(row * tile.a_stride + k));
                        for (sum, weight) in sums.iter_mut().zip(weights) {
                            *sum = fma(simd, factor, weight, *sum);
                        }
                    }
                } else {
                    let factors: [S::f32s; ROWS] = core::array::from_fn(
                        #[inline(always)]
                        |row| simd.splat_f32s(*tile.a.add(row * tile.a_stride + k)),
                    );
                    for vector in 0..VECTORS {
                        let weight = load(simd, panel.wrapping_add(vector * vector_stride));
                        for (sums, factor) in sums.iter_mut().zip(factors) {
                            sums[vector] = fma(simd, factor, weight, sums[vector]);
                        }
                    }
                }
                panel = panel.wrapping_add(tile.panel.row_stride);
            }
            for (row, sums) in sums.iter().enumerate() {
                for (vector, sum) in sums.iter().enumerate() {
                    let at = row * tile.out_stride + vector * lanes;
                    store(simd, tile.out.add(at), *sum);
                }
            }
        }
    }
}
