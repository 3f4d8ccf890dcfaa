//! Weights in and out: files of PyTorch, Keras and ONNX, and modules of Burn's own.

#[path = "../compare.rs"]
mod compare;
#[path = "../fixture.rs"]
mod fixture;

mod burn_nn;
mod mutations;
mod pytorch;
mod pytorch_answers;
mod pytorch_hostile;
mod pytorch_loading;
