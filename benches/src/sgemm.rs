//! What the machine can multiply at most: the roof that training is held against.

use burn::tensor::{Device, Distribution, Tensor};

use crate::case::{Cell, Shape};
use crate::worker::timed;

/// The seconds of products of two `size × size` matrices on Flex, on so many threads.
///
/// # Errors
///
/// Where the threads cannot be started.
pub fn seconds(size: usize, threads: usize, repeat: usize) -> Result<Vec<f64>, String> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| format!("{threads} threads cannot be started: {error}"))?;
    let device = Device::flex();
    let matrix = || Tensor::<2>::random([size, size], Distribution::Default, &device);
    let (a, b) = (matrix(), matrix());
    // The product takes the threads of the pool that it is called in.
    let product = || {
        std::hint::black_box(a.clone().matmul(b.clone()));
    };
    Ok(pool.install(|| timed(repeat, product)))
}

/// The arithmetic of one such product.
pub fn flops(size: usize) -> f64 {
    2.0 * (size as f64).powi(3)
}

/// The formula of [`training_flops`], for the reader of the tables.
pub const FORMULA: &str = "forward 2·B·T·G·H·(I+H), backward 2·B·T·G·H·(I+2H) \
(dh, dW_hidden, dW_input; no dx), G = 4 gates; point-wise work not counted";

/// The matrix products of one training step of a plain LSTM by [`FORMULA`]; none for other cells.
pub fn training_flops(cell: Cell, shape: &Shape) -> Option<f64> {
    if cell != Cell::Lstm {
        return None;
    }
    let [b, t, i, h] = [shape.batch, shape.time, shape.input, shape.hidden].map(|n| n as f64);
    Some(2.0 * b * t * 4.0 * h * ((i + h) + (i + 2.0 * h)))
}
