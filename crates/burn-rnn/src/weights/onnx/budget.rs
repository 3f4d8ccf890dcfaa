//! How much memory and work reading may take.

use core::cell::Cell;
use std::rc::Rc;

use crate::weights::error::{WeightsError, WeightsErrorKind};

/// What reading may take beside the file, whatever its size: small files have graphs, too. Half of the 16 MiB that are promised, since what
/// is taken is counted without what keeps it.
pub(super) const ALLOWANCE: u64 = 8 << 20;

/// How often every byte of a file may be looked at, and of another mebibyte. Exporters' graphs need some ten looks.
const MOST_LOOKS: u64 = 64;

/// The memory that networks and constants made of a file may take: three times the file, which lies in memory itself. And the work.
///
/// Without it a small file could concatenate a tensor with itself a million times, or name it in a million nodes.
pub(super) struct Budget {
    limit: Cell<u64>,
    taken: Rc<Cell<u64>>,
    most_work: Cell<u64>,
    work: Cell<u64>,
}

impl Budget {
    /// For a file of so many bytes, whose graph has taken some.
    pub(super) fn of(length: u64, taken: u64) -> Self {
        let budget = Self {
            limit: Cell::new(ALLOWANCE),
            taken: Rc::new(Cell::new(taken)),
            most_work: Cell::new(MOST_LOOKS << 20),
            work: Cell::new(0),
        };
        budget.add_file(length);
        budget
    }

    /// Raises the limits for a file beside the first, none of which lies in memory itself.
    pub(super) fn add_file(&self, length: u64) {
        let add = |limit: &Cell<u64>, times: u64| {
            limit.set(limit.get().saturating_add(length.saturating_mul(times)));
        };
        add(&self.limit, 3);
        add(&self.most_work, MOST_LOOKS);
    }

    /// Takes so many bytes, which have to be written, too.
    pub(super) fn take(&self, bytes: u64) -> Result<(), WeightsError> {
        let taken = self.taken.get().saturating_add(bytes);
        self.taken.set(taken);
        if taken <= self.limit.get() {
            return self.work(bytes);
        }
        Err(WeightsErrorKind::TooLarge {
            what: "what the graph makes of its weights".into(),
            given: taken,
            limit: self.limit.get(),
        }
        .into())
    }

    /// Looks at so many bytes, so that a graph whose paths are many ends, too.
    pub(super) fn work(&self, bytes: u64) -> Result<(), WeightsError> {
        let work = self.work.get().saturating_add(bytes);
        self.work.set(work);
        if work <= self.most_work.get() {
            return Ok(());
        }
        Err(WeightsErrorKind::TooLarge {
            what: "what has to be looked at to find the weights".into(),
            given: work,
            limit: self.most_work.get(),
        }
        .into())
    }

    /// Bytes that were [taken](Budget::take), and are given back when nobody has them any more.
    pub(super) fn own(&self, bytes: Vec<u8>) -> Rc<Own> {
        let taken = self.taken.clone();
        Rc::new(Own { bytes, taken })
    }
}

/// Bytes that were made, and not found in the file.
pub(super) struct Own {
    bytes: Vec<u8>,
    taken: Rc<Cell<u64>>,
}

impl Own {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes for whoever keeps them longer than the budget; they stay taken.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        core::mem::take(&mut self.bytes)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let bytes = self.bytes.len() as u64;
        self.taken.set(self.taken.get().saturating_sub(bytes));
    }
}
