//! Weights in and out: files of PyTorch, Keras and ONNX, and modules of Burn's own.

#[path = "../compare.rs"]
mod compare;
#[path = "../fixture.rs"]
mod fixture;

mod burn_nn;
mod keras;
mod keras_2;
mod keras_hostile;
mod mutations;
mod onnx;
mod onnx_graphs;
mod onnx_hostile;
mod onnx_write;
mod pytorch;
mod pytorch_answers;
mod pytorch_hostile;
mod pytorch_loading;
