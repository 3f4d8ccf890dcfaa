//! Vectors, threads and memory.

pub(crate) mod barrier;
pub(crate) mod buffer;
mod crowd;
pub(crate) mod functions;
pub(crate) mod level;
pub(crate) mod pool;
mod team;
pub(crate) mod threads;
pub(crate) mod vector;
