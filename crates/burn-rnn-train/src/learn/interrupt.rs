//! Ctrl-C, and the signals that ask a program to end (TERM, HUP): they end a training after its step, or in the
//! midst of an evaluation.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::terminal;
use crate::warn;

static ASKED: AtomicBool = AtomicBool::new(false);

/// The trainings that listen.
static LISTENING: AtomicUsize = AtomicUsize::new(0);

/// A training that asks by [`asked`] whether it is to end, until this is dropped.
pub(super) struct Listening;

/// From now on the first Ctrl-C, or signal to end, is only noted, and the second ends the program at once, as does the first
/// one that comes while no training listens.
pub(super) fn listen() -> Listening {
    static ONCE: Once = Once::new();
    LISTENING.fetch_add(1, Ordering::Relaxed);
    ONCE.call_once(|| {
        // Without a handler Ctrl-C ends the program as ever: nothing to tell the user about.
        let _ = ctrlc::set_handler(|| {
            let nobody_listens = LISTENING.load(Ordering::Relaxed) == 0;
            if nobody_listens {
                warn("interrupted: the training is at its end and saved; the same command with --resume gives its figures");
            }
            if ASKED.swap(true, Ordering::Relaxed) || nobody_listens {
                terminal::restore();
                std::process::exit(130);
            }
        });
    });
    Listening
}

impl Drop for Listening {
    fn drop(&mut self) {
        if LISTENING.fetch_sub(1, Ordering::Relaxed) == 1 {
            ASKED.store(false, Ordering::Relaxed);
        }
    }
}

/// Whether somebody pressed Ctrl-C, or asked for the end.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
