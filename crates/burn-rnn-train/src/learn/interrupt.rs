//! Ctrl-C, and the signals that ask a program to end (TERM, HUP): they end a training after its step.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::terminal;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C, or signal to end, is only noted, and the second ends the program at once.
pub(super) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a handler Ctrl-C ends the program as ever: nothing to tell the user about.
        let _ = ctrlc::set_handler(|| {
            if ASKED.swap(true, Ordering::Relaxed) {
                terminal::restore();
                std::process::exit(130);
            }
        });
    });
}

/// Whether somebody pressed Ctrl-C, or asked for the end.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
