//! The vector instructions that the contestants are held to, by environment variables that their libraries read.

use clap::ValueEnum;

use crate::contestant::Side;

/// A set of vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Simd {
    /// Nobody uses more than AVX2, ONNX Runtime aside, which cannot be told
    Avx2,
    /// This library does without vector instructions of its own; the others are left as they are
    Portable,
}

impl Simd {
    /// The variables of a side's process.
    pub fn environment(self, side: Side) -> &'static [(&'static str, &'static str)] {
        match (self, side) {
            (Self::Avx2, Side::Rust) => &[("BURN_RNN_SIMD", "avx2")],
            (Self::Portable, Side::Rust) => &[("BURN_RNN_SIMD", "portable")],
            // oneDNN, PyTorch's own operators, and the products of matrices.
            (Self::Avx2, Side::Python) => &[
                ("ONEDNN_MAX_CPU_ISA", "AVX2"),
                ("ATEN_CPU_CAPABILITY", "avx2"),
                ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
            ],
            (Self::Portable, Side::Python) => &[],
        }
    }

    /// For the reader of the tables.
    pub fn told(self) -> &'static str {
        match self {
            Self::Avx2 => "instructions: at most AVX2; ONNX Runtime takes the best it finds",
            Self::Portable => {
                "instructions: burn-rnn's portable code; the others take the best they find"
            }
        }
    }
}
