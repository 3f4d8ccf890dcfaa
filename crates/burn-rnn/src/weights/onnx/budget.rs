//! How much memory reading may take.

use core::cell::Cell;

use crate::weights::error::{WeightsError, WeightsErrorKind};

/// What reading may take beside the file, whatever its size: small files have graphs, too. Half of the 16 MiB that are promised, since what
/// is taken is counted without what keeps it.
pub(super) const ALLOWANCE: u64 = 8 << 20;

/// The memory that networks and constants made of a file may take: three times the file, which lies in memory itself.
///
/// Without it a small file could concatenate a tensor with itself a million times, or name it in a million nodes.
pub(super) struct Budget {
    limit: Cell<u64>,
    taken: Cell<u64>,
}

impl Budget {
    /// For a file of so many bytes, whose graph has taken some.
    pub(super) fn of(length: u64, taken: u64) -> Self {
        let limit = length.saturating_mul(3).saturating_add(ALLOWANCE);
        Self {
            limit: Cell::new(limit),
            taken: Cell::new(taken),
        }
    }

    /// Raises the limit for a file beside the first, none of which lies in memory itself.
    pub(super) fn add_file(&self, length: u64) {
        let limit = self.limit.get().saturating_add(length.saturating_mul(3));
        self.limit.set(limit);
    }

    /// Takes so many bytes.
    pub(super) fn take(&self, bytes: u64) -> Result<(), WeightsError> {
        let taken = self.taken.get().saturating_add(bytes);
        self.taken.set(taken);
        if taken <= self.limit.get() {
            return Ok(());
        }
        Err(WeightsErrorKind::TooLarge {
            what: "what the graph makes of its weights".into(),
            given: taken,
            limit: self.limit.get(),
        }
        .into())
    }
}
