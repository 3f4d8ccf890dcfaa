//! The engine: runs any definition of a recurrent cell over sequences. It knows no cell by name.

mod burn;
pub mod definition;
mod machine;
mod pass;
mod product;
mod tuning;

pub use self::burn::{Inputs, ScanResults, scan, steps, time_steps, with_reference as reference};
pub use machine::level::Level;
pub use machine::pool::release_memory;
pub use pass::{Engine, Steps, Timing};
