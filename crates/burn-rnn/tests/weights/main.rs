//! Weights in and out: files of PyTorch, Keras and ONNX, and modules of Burn's own.

#[allow(dead_code)] // Other programs use the rest.
#[path = "../suite/compare.rs"]
mod compare;
#[allow(dead_code)]
#[path = "../suite/fixture.rs"]
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
mod pytorch_trained;
