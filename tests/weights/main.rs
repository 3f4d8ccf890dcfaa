//! Weights in and out: files of PyTorch, Keras and ONNX, and modules of Burn's own.

#[allow(dead_code)] // Other programs use the rest.
#[path = "../compare.rs"]
mod compare;
#[allow(dead_code)]
#[path = "../fixture.rs"]
mod fixture;

mod burn_nn;
mod mutations;
mod pytorch;
mod pytorch_answers;
mod pytorch_hostile;
mod pytorch_loading;
