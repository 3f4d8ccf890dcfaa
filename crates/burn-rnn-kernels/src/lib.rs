//! The engine: runs any definition of a recurrent cell over sequences. It knows no cell by name.

pub mod definition;
mod machine;
mod pass;
mod product;
mod tuning;
