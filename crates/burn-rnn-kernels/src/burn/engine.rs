//! Which of the two implementations of a scan runs: the fused operators or the reference.

use std::cell::Cell;
use std::sync::OnceLock;

/// The environment variable that asks for the reference in a whole process.
const VARIABLE: &str = "BURN_RNN_ENGINE";

thread_local! {
    static REFERENCE: Cell<bool> = const { Cell::new(false) };
}

/// Calls `run` with the fused operators switched off on this thread, so that every scan in it is made of
/// plain tensor operations that the backend differentiates: for comparing the two.
///
/// For a whole process the environment variable `BURN_RNN_ENGINE=reference`, read once, does the same;
/// `fused` is the default, also where it says something else, with a line on standard error.
///
/// # Panics
///
/// Where `run` does; the operators are on again then.
pub fn reference<R>(run: impl FnOnce() -> R) -> R {
    /// Puts back what was set before, in a panic too.
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            REFERENCE.set(self.0);
        }
    }

    let _restore = Restore(REFERENCE.replace(true));
    run()
}

/// Whether the reference is asked for, by [`reference`] or the environment.
pub(crate) fn is_reference() -> bool {
    static PROCESS: OnceLock<bool> = OnceLock::new();
    REFERENCE.get()
        || *PROCESS.get_or_init(|| {
            let asked = std::env::var_os(VARIABLE).unwrap_or_default();
            let known = asked.is_empty() || asked == "fused" || asked == "reference";
            if !known {
                eprintln!(
                    "warning: {VARIABLE} is {asked:?}, expected reference or fused: using fused"
                );
            }
            asked == "reference"
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_asked_for_within_the_call_alone() {
        let before = is_reference();
        reference(|| {
            assert!(reference(is_reference));
            assert!(is_reference());
        });
        let panicked = std::panic::catch_unwind(|| reference(|| panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(is_reference(), before);
    }
}
