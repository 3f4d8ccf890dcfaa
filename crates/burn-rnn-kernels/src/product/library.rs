//! Products of large matrices, by the `gemm` library, with the instructions of a level.

use crate::machine::level::Level;

/// Adds `a · b`, `[m, k]` times `[k, n]`, to a row-major matrix, given with the distance of its rows; those of `a` and `b` come with the
/// distances of their rows and columns.
///
/// The library takes the best instructions that the machine has; where the level is a lesser one, its function for that is called.
///
/// # Safety
///
/// The pointers must be valid for these sizes and distances, and the result apart from both.
pub(crate) unsafe fn add_product(
    level: Level,
    (m, n, k): (usize, usize, usize),
    (out, out_row): (*mut f32, usize),
    (a, a_row, a_column): (*const f32, usize, usize),
    (b, b_row, b_column): (*const f32, usize, usize),
) {
    let distance = |floats: usize| floats as isize;
    // SAFETY: as promised by the caller.
    unsafe {
        if level.is_best() {
            return gemm::gemm(
                m,
                n,
                k,
                out,
                1,
                distance(out_row),
                true,
                a,
                distance(a_column),
                distance(a_row),
                b,
                distance(b_column),
                distance(b_row),
                1.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
        // These write columns: the transpose of both sides.
        macro_rules! call {
            ($kernels:path, $simd:expr) => {{
                use $kernels as kernels;
                const N: usize = kernels::LANES;
                gemm_common::gemm::gemm_basic_generic::<
                    _,
                    f32,
                    N,
                    { kernels::MR_DIV_N * N },
                    { kernels::NR },
                    { kernels::MR_DIV_N },
                    { kernels::H_M },
                    { kernels::H_N },
                >(
                    $simd,
                    n,
                    m,
                    k,
                    out,
                    distance(out_row),
                    1,
                    true,
                    b,
                    distance(b_row),
                    distance(b_column),
                    a,
                    distance(a_row),
                    distance(a_column),
                    1.0,
                    1.0,
                    false,
                    false,
                    false,
                    |a, b, c| a * b + c,
                    &kernels::UKR,
                    &kernels::H_UKR,
                    false,
                    gemm::Parallelism::None,
                )
            }};
        }
        #[cfg(target_arch = "x86_64")]
        if level.has_avx2()
            && let Some(simd) = gemm_common::simd::V3::try_new()
        {
            return call!(avx2, simd);
        }
        call!(portable, gemm_common::simd::Scalar)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    pub(super) use gemm_f32::microkernel::fma::f32::{H_M, H_N, H_UKR, MR_DIV_N, NR, UKR};

    pub(super) const LANES: usize = 8;
}

mod portable {
    pub(super) use gemm_f32::microkernel::scalar::f32::{H_M, H_N, H_UKR, MR_DIV_N, NR, UKR};

    pub(super) const LANES: usize = 1;
}
