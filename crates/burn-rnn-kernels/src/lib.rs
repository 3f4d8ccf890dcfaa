//! Fused sequence operators for recurrent networks: forward and hand-written back-propagation
//! through time on the CPU; [`Steps`] runs one step after another of a cell that is ready.
//!
//! [`forward`] runs a cell over a batch of sequences and [`backward`] gives the gradients of everything
//! that it read, on plain slices of `f32`. Weights are packed into the order in which a SIMD product
//! reads them ([`Level`] says which instructions), each thread takes a part of the batch through the whole of time
//! without waiting for another, and a step is one product and one point-wise pass. Nothing is kept
//! where no backward pass will come; where one will, a step keeps for each sequence and hidden unit
//!
//! | cell | floats | bytes |
//! |---|---|---|
//! | simple | output + hidden = 2 | 8 |
//! | LSTM | gates (4) + cell + hidden = 6 | 24 |
//! | LSTM with full peepholes | gates (4) + cell, twice + hidden = 7 | 28 |
//! | LSTM with full gate recurrence | gates (4) + sigmoid gates of the step before (3) + cell + hidden = 9 | 36 |
//! | LSTM with both | 10 | 40 |
//! | coupled LSTM | gates (3) + cell + hidden = 5 | 20 |
//! | GRU | gates (3) + recurrent side of the candidate + hidden = 5 | 20 |

#[cfg(any(feature = "flex", feature = "ndarray"))]
mod autodiff;
mod backward;
mod buffer;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod cpu_backend;
mod engine;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod extension;
mod forward;
mod gate_recurrence;
mod gru;
mod gru_reset_before;
mod kept;
mod level;
mod lstm;
mod lstm_full_peephole;
mod matrix;
mod one_product;
#[cfg(test)]
mod oracle;
mod panels;
mod point_wise;
mod pool;
mod ready;
mod row;
mod run;
mod scan;
mod segments;
mod simple;
mod spec;
mod step;
mod steps;
mod team;
mod threads;
mod tile;
mod vector;
mod weights;

pub use engine::reference;
pub use kept::Owner;
pub use level::Level;
pub use pool::release_memory;
pub use run::{backward, forward};
pub use scan::{ScanResults, ScanTensors, scan, steps};
pub use segments::{Segments, backward_in_segments, forward_in_segments};
pub use spec::{
    Activation, CellSpec, GateSource, Gradients, GruSpec, LstmSpec, Operands, OutputGradients,
    Outputs, Owners, ParameterGradients, Peephole, Saved, Sizes, Wanted,
};
pub use steps::Steps;
