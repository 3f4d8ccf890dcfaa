//! Anomalies in series of errors: smoothed, held against a threshold, joined to stretches, scored; and a series with
//! planted ones.

mod events;
mod planted;
mod threshold;

pub use events::{EventScore, PointScore, stretches};
pub use planted::{AnomalyKind, Planted, generate_planted};
pub use threshold::{PeaksOverThreshold, smoothed};
