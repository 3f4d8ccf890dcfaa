//! Products over all time steps, by the `gemm` library.

/// A row-major matrix, or with [`transposed`](Matrix::transposed) its transpose.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// The columns from `first` on of a dense matrix with rows of `row_stride` floats.
    pub(crate) fn columns(
        data: &'a [f32],
        rows: usize,
        row_stride: usize,
        first: usize,
        columns: usize,
    ) -> Self {
        let data = &data[first.min(data.len())..];
        let end = (rows * row_stride + columns).saturating_sub(row_stride);
        assert!(
            rows == 0 || end <= data.len(),
            "a matrix reaches beyond its data"
        );
        Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    /// A dense matrix.
    pub(crate) fn dense(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::columns(data, rows, columns, 0, columns)
    }

    /// The transpose.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// `out = a · b`, into the columns from `first` on of rows of `row_stride` floats.
pub(crate) fn multiply(
    out: &mut [f32],
    row_stride: usize,
    first: usize,
    a: Matrix<'_>,
    b: Matrix<'_>,
) {
    assert_eq!(a.columns, b.rows, "a product of matrices that do not fit");
    let (m, n, k) = (a.rows, b.columns, a.columns);
    if m == 0 || n == 0 {
        return;
    }
    assert!(
        (m - 1) * row_stride + first + n <= out.len(),
        "a product reaches beyond its result"
    );
    let threads = if m * n * k < WORTH_A_THREAD {
        gemm::Parallelism::None
    } else {
        gemm::Parallelism::Rayon(0)
    };
    // SAFETY: the strides of `a` and `b` stay inside their data, as their constructors check, and those of `out` as
    // is checked above; `out` is borrowed mutably and so apart from both.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr().add(first),
            1,
            row_stride as isize,
            false,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            0.0f32,
            1.0f32,
            false,
            false,
            false,
            threads,
        );
    }
}

/// The multiplications from which on the product is shared among threads.
const WORTH_A_THREAD: usize = 1 << 19;
