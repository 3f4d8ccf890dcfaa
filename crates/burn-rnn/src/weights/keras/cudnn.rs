//! The layout that `CuDNNLSTM` and `CuDNNGRU` had, which their weights still have in files.
//!
//! The conversion is that of `preprocess_weights_for_loading` in Keras 2: a gate's kernel is `k.T.reshape(k.shape, order='F')`, its
//! recurrent kernel `k.T`. The biases of both sides stand one after the other.

/// Which kernel it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    /// From the input, `[d_input, gates · d_hidden]`.
    Input,
    /// From the hidden state, `[d_hidden, gates · d_hidden]`.
    Recurrent,
}

/// The side of the squares that are turned one after the other, so that what is read and what is written stay in the cache.
const TILE: usize = 32;

/// A kernel `[rows, gates · d_hidden]` in the usual layout, out of the elements of `size` bytes of one in cuDNN's.
pub(super) fn usual(
    bytes: &[u8],
    kernel: Kernel,
    [rows, d_hidden, gates]: [usize; 3],
    size: usize,
) -> Vec<u8> {
    let columns = gates * d_hidden;
    let mut usual = vec![0; bytes.len()];
    let tiles = |length: usize| {
        let starts = (0..length).step_by(TILE);
        starts.map(move |start| start..(start + TILE).min(length))
    };
    for gate in 0..gates {
        let place = |row: usize, column: usize| (row * columns + gate * d_hidden + column) * size;
        for row_tile in tiles(rows) {
            for unit_tile in tiles(d_hidden) {
                for unit in unit_tile {
                    for row in row_tile.clone() {
                        let from = match kernel {
                            // The gate's block, read row by row, is the matrix `[d_hidden, rows]` that cuDNN has.
                            Kernel::Input => {
                                let index = unit * rows + row;
                                place(index / d_hidden, index % d_hidden)
                            }
                            Kernel::Recurrent => place(unit, row),
                        };
                        let to = place(row, unit);
                        usual[to..to + size].copy_from_slice(&bytes[from..from + size]);
                    }
                }
            }
        }
    }
    usual
}
