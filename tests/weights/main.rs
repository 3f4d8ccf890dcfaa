//! Weights in and out: files of PyTorch, Keras and ONNX, and modules of Burn's own.

#[path = "../compare.rs"]
mod compare;
#[path = "../fixture.rs"]
mod fixture;

mod mutations;
mod onnx;
mod onnx_graphs;
mod onnx_hostile;
mod onnx_write;
