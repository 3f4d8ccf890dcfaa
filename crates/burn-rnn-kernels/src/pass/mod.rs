//! Through time, forwards and backwards.

mod backward;
mod forward;
mod gradients;
mod kernel;
mod lane;
mod memory;
mod operands;
mod prepared;
mod scan;
mod tape;
mod timing;
