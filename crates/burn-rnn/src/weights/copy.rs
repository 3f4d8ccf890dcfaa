//! Copies blocks of a matrix, turned or not, straight from a file's bytes.

use core::ops::Neg;

use burn::tensor::{Element, bf16, f16};

/// A float type that files have.
pub(super) trait Float: Copy + Default + Neg<Output = Self> + Element {
    /// The bytes of one number.
    const SIZE: usize;

    /// A number out of its little-endian bytes, which are `SIZE`.
    fn from_little_endian(bytes: &[u8]) -> Self;
}

macro_rules! float {
    ($($Float:ty: $size:literal),+) => {$(
        impl Float for $Float {
            const SIZE: usize = $size;

            #[inline(always)]
            fn from_little_endian(bytes: &[u8]) -> Self {
                let mut word = [0; $size];
                word.copy_from_slice(bytes);
                Self::from_le_bytes(word)
            }
        }
    )+};
}

float!(f64: 8, f32: 4, f16: 2, bf16: 2);

/// Where a block lies in a matrix of numbers in rows.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// The index of its first number.
    pub offset: usize,
    /// The numbers from one row to the next.
    pub stride: usize,
}

/// The side of a square that is turned at once. Both a square's rows and its columns are whole cache lines, and the square itself stays in
/// the first-level cache.
const TILE: usize = 32;

/// Copies `rows` × `columns` numbers from bytes, with the sign turned where `negate` says so.
pub(super) fn copy<F: Float>(
    (from, source): (&[u8], Block),
    (to, target): (&mut [F], Block),
    [rows, columns]: [usize; 2],
    negate: bool,
) {
    for row in 0..rows {
        let start = (source.offset + row * source.stride) * F::SIZE;
        let line = &from[start..start + columns * F::SIZE];
        let start = target.offset + row * target.stride;
        read_line(line, &mut to[start..start + columns], negate);
    }
}

/// Copies `rows` × `columns` numbers from bytes to `columns` × `rows`: what is at row r, column c of the source comes to row c, column r.
pub(super) fn transpose<F: Float>(
    (from, source): (&[u8], Block),
    (to, target): (&mut [F], Block),
    [rows, columns]: [usize; 2],
    negate: bool,
) {
    let mut square = [F::default(); TILE * TILE];
    for first_column in (0..columns).step_by(TILE) {
        let width = TILE.min(columns - first_column);
        for first_row in (0..rows).step_by(TILE) {
            let height = TILE.min(rows - first_row);
            for row in 0..height {
                let start = source.offset + (first_row + row) * source.stride + first_column;
                let line = &from[start * F::SIZE..(start + width) * F::SIZE];
                read_line(line, &mut square[row * TILE..row * TILE + width], negate);
            }
            for column in 0..width {
                let start = target.offset + (first_column + column) * target.stride + first_row;
                let line = &mut to[start..start + height];
                for (row, value) in line.iter_mut().enumerate() {
                    *value = square[row * TILE + column];
                }
            }
        }
    }
}

#[inline(always)]
fn read_line<F: Float>(line: &[u8], to: &mut [F], negate: bool) {
    let numbers = line.chunks_exact(F::SIZE).map(F::from_little_endian);
    if negate {
        // A turned sign is one bit, so that turning it twice gives the same number, whatever it is.
        to.iter_mut().zip(numbers).for_each(|(to, x)| *to = -x);
    } else {
        to.iter_mut().zip(numbers).for_each(|(to, x)| *to = x);
    }
}
