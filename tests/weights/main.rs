//! Weights in and out: files of PyTorch, Keras and ONNX, and modules of Burn's own.

#[path = "../compare.rs"]
mod compare;
#[path = "../fixture.rs"]
mod fixture;

mod keras;
mod keras_2;
mod keras_hostile;
mod mutations;
