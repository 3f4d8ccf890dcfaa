//! Lines beside the results.

use crate::{printable, warn};

/// Tells the user something, on standard error: standard output has the results.
pub(super) fn remark(line: String) {
    warn(printable(&line));
}
