//! The values and gradients of every cell and wrapper, against PyTorch, ONNX, authors' code, finite differences and the
//! reference, and what the library refuses. Every test runs on every backend whose feature is on, through one body:
//! `cargo test -p burn-rnn --test suite`, and for other backends `cargo test -p burn-rnn-tests --features ndarray,wgpu --test other_backends`.

mod ablations;
mod any_options;
mod backends;
mod cells;
mod collector;
mod compare;
mod drawn;
mod every_cell;
mod fixture;
mod fused;
mod gradients;
mod hoisting;
mod initialization;
mod knobs;
mod lengths;
mod lengths_readouts;
mod misuse;
mod onnx;
mod parameters;
mod pytorch;
mod pytorch_equations;
mod records;
mod refusals;
mod regularization;
mod shapes;
mod starts_and_skips;
mod streams;
mod streams_chunks;
mod streams_head;
mod streams_sessions;
mod streams_snapshots;
mod wrappers;

/// Calls `run` as it is and with the fused operators switched off.
fn reference_and_fused(run: impl Fn()) {
    run();
    burn_rnn::reference(run);
}
