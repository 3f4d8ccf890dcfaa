//! The two directions of time.

/// The direction in which a sequence is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From the first step to the last; the default.
    #[default]
    Forward,
    /// From the last step to the first. Outputs stand at the step of their input, and the final state is the one after the
    /// first step of the sequence.
    Backward,
}

impl Direction {
    /// The other direction.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}
