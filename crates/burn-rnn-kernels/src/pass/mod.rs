//! Through time, forwards and backwards.

mod backward;
mod forward;
mod gradients;
mod kernel;
mod lane;
mod memory;
mod operands;
#[cfg(test)]
mod oracle;
mod prepared;
mod scan;
mod tape;
mod timing;
