//! The engine of `burn-rnn`: runs any definition of a recurrent cell over sequences. It knows no cell by name.
//!
//! Users need `burn-rnn` alone, which has the parts of this crate that a cell of one's own is written with; what is
//! public here is for that crate and for tests, and may change.
//!
//! # Map
//!
//! Each folder uses those below it and none above.
//!
//! | folder | what is in it |
//! |---|---|
//! | `burn` | the seam to Burn: a scan over its tensors, as an operation that Flex and NdArray have and autodiff differentiates, or as the reference, made of tensor operations |
//! | `pass` | through time: forward, backward, in segments, step by step; the point-wise passes that are compiled for each definition |
//! | [`definition`] | what a cell is: what it declares, its equations over numbers of any kind, and the plan made of both |
//! | `product` | products of a step (panels of weights, tiles of sums), and over all steps |
//! | `machine` | vectors and their functions, levels of instructions, threads and barriers, memory |
//! | `tuning` | every measured constant, with the machine and the figure that set it |
//!
//! # One tensor's way
//!
//! [`scan`] takes tensors as [`Inputs`], in the order of a [`Declaration`](definition::Declaration). On Flex and NdArray in `f32` they
//! become slices (`burn/extension.rs`). `pass/scan.rs` packs the weights into panels (`pass/prepared.rs`, `product/panels.rs`), decides who
//! computes what (`machine/threads.rs`) and has each thread run its rows and units (`pass/worker.rs`) through time (`pass/forward/through_time.rs`): the
//! input sides of a chunk of steps as one product (`pass/forward/input.rs`), then for each step and stage the products of a panel (`product/tile.rs`) and the
//! equations over the panel's units (`pass/lane.rs`). What functions of sums give is kept by step (`pass/memory.rs`). Back again
//! (`burn/autodiff.rs`), `pass/backward/through_time.rs` runs the steps from the last to the first: the equations' derivative (`pass/derivative.rs`, `pass/tape.rs`) leaves the
//! gradients of the sums where the kept values were, a transposed product takes them to the states before; `pass/gradients.rs` makes the
//! gradients of the weights and of the input of them, in one product each over all steps.
//!
//! Everything that depends on a definition is in two functions a stage, `lane.rs` and `derivative.rs`, which are compiled where the definition
//! is; the rest is compiled once for each level of instructions and calls them through an object ([`Engine`]).
//!
//! # Memory
//!
//! Where no gradient will come back, nothing is kept. Where one will, a step keeps for each sequence and hidden unit
//!
//! | cell | floats | bytes |
//! |---|---|---|
//! | simple | output + state = 2 | 8 |
//! | LSTM | gates (4) + 2 states = 6 | 24 |
//! | coupled LSTM | gates (3) + 2 states = 5 | 20 |
//! | LSTM with full peepholes | gates (4) + cell state, twice + hidden = 7 | 28 |
//! | LSTM with full gate recurrence | gates (4) + 5 states = 9 | 36 |
//! | GRU, either reset | gates (3) + product or reset state + state = 5 | 20 |
//!
//! # Threads
//!
//! Threads share the sequences and need nothing of each other, or share the units and wait for each other at every step. A panic in one
//! reaches the caller as a panic. After `fork` a child has none of the threads that its parent started: do not run scans on both sides.

mod burn;
pub mod definition;
mod machine;
mod pass;
mod product;
mod tuning;

pub use self::burn::{
    Inputs, ScanResults, apply, is_on_cpu, scan, steps, time_parts, time_steps,
    with_reference as reference,
};
pub use machine::level::Level;
pub use pass::{Engine, MaskShape, Steps, Timing, release_memory};
