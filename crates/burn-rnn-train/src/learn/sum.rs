//! Sums of data.

use core::fmt::Write;
use core::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

/// The sum of data, as a fingerprint has it.
pub(super) fn sum_of(data: &impl Hash) -> String {
    let mut sum = Sum::default();
    data.hash(&mut sum);
    sum.text()
}

/// A sum that is the same whatever Rust's own hashers become.
#[derive(Default)]
pub(super) struct Sum(Sha256);

impl Sum {
    pub(super) fn text(&self) -> String {
        format!("{:016x}", self.finish())
    }
}

impl Hasher for Sum {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        u64::from_le_bytes(digest[..8].try_into().expect("the sum has 32 bytes"))
    }
}

impl Write for Sum {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.update(text);
        Ok(())
    }
}
