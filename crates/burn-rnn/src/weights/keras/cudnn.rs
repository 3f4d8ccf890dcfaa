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

/// A kernel `[rows, gates · d_hidden]` in the usual layout, out of the elements of `size` bytes of one in cuDNN's.
pub(super) fn usual(
    bytes: &[u8],
    kernel: Kernel,
    [rows, d_hidden, gates]: [usize; 3],
    size: usize,
) -> Vec<u8> {
    let columns = gates * d_hidden;
    let mut usual = Vec::with_capacity(bytes.len());
    for row in 0..rows {
        for gate in 0..gates {
            for unit in 0..d_hidden {
                // The gate's block, read row by row, is the matrix `[d_hidden, rows]` that cuDNN has.
                let (from_row, from_column) = match kernel {
                    Kernel::Input => {
                        let index = unit * rows + row;
                        (index / d_hidden, index % d_hidden)
                    }
                    Kernel::Recurrent => (unit, row),
                };
                let from = (from_row * columns + gate * d_hidden + from_column) * size;
                usual.extend_from_slice(&bytes[from..from + size]);
            }
        }
    }
    usual
}
