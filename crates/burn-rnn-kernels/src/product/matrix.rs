//! Products over all time steps.

use crate::machine::level::Level;
use crate::machine::threads::{Shared, members, spread};
use crate::tuning::LEAST_SHARE;

use super::library;

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

/// Adds `a · b` to the part of `out` that begins at `first`, of rows of `row_stride` floats.
pub(crate) fn multiply(
    level: Level,
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
    // Each thread takes some rows or some columns, whichever there are more of.
    let by_rows = m > n;
    let long = if by_rows { m } else { n };
    let members = members(m * n * k, long / LEAST_SHARE);
    let to = Shared::new(&mut out[first..]);
    spread(members, &|index| {
        let cut = |index: usize| match index {
            0 => 0,
            index if index == members => long,
            index => (long * index / members).next_multiple_of(VECTOR),
        };
        let (from, end) = (cut(index), cut(index + 1));
        let (m, n, row, column) = if by_rows {
            (end - from, n, from, 0)
        } else {
            (m, end - from, 0, from)
        };
        // SAFETY: the strides of `a` and `b` stay inside their data, as their constructors check, and those of `out` as
        // is checked above; `out` is borrowed mutably and so apart from both, and the parts are apart from each other.
        unsafe {
            library::add_product(
                level,
                (m, n, k),
                (to.at(row * row_stride + column), row_stride),
                (
                    a.data.as_ptr().add(row * a.row_stride),
                    a.row_stride,
                    a.column_stride,
                ),
                (
                    b.data.as_ptr().add(column * b.column_stride),
                    b.row_stride,
                    b.column_stride,
                ),
            );
        }
    });
}

/// The floats of the widest vector: no part begins inside one.
const VECTOR: usize = 16;
