//! Series classification: from a whole series of several channels to one label.
//!
//! [`SeriesTask`] is what the shared loop trains, a [`SequenceClassifier`](crate::classes::SequenceClassifier); [`ChannelDrops`] tells
//! which channels it needs; [`command`] is the command line.

pub mod command;
mod data;
mod drops;
mod settings;
mod task;

pub use data::{HeldOut, SeriesArgs, SeriesParts};
pub use drops::ChannelDrops;
pub use settings::SeriesSettings;
pub use task::SeriesTask;
