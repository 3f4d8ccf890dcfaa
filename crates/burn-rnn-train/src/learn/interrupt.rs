//! Ctrl-C, and the signals that ask a program to end (TERM, HUP): they end a training after its step, or in the
//! midst of an evaluation.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, Once};
use std::time::Duration;

use super::checkpoints::found;
use super::terminal;
use crate::warn;

static ASKED: AtomicBool = AtomicBool::new(false);

/// The trainings that listen.
static LISTENING: AtomicUsize = AtomicUsize::new(0);

/// The folder of a training over several ranks.
static SHARED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// How long a rank has for a step when it is told to end. `mpirun` gives it a second.
const STEP: Duration = Duration::from_millis(600);

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
            if let Ok(Some(folder)) = SHARED.lock().as_deref() {
                tell_of_the_checkpoint(folder);
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

/// From now on a signal that comes while ranks wait for one that has ended is answered with where to go on from:
/// their step comes to no end, and `mpirun` does not wait for it.
pub(super) fn shared(folder: &Path) {
    if let Ok(mut shared) = SHARED.lock() {
        *shared = Some(folder.to_owned());
    }
}

fn tell_of_the_checkpoint(folder: &Path) {
    std::thread::sleep(STEP);
    if LISTENING.load(Ordering::Relaxed) == 0 {
        return; // The step came to its end.
    }
    let to_do = match found(folder).first() {
        Some(newest) => format!(
            "the same command with --resume goes on from {}",
            newest.display()
        ),
        None => "there is no checkpoint yet".to_owned(),
    };
    warn(format_args!(
        "error: told to end in the midst of a step, as mpirun tells all ranks when one of them has ended: {to_do}"
    ));
}

/// Whether somebody pressed Ctrl-C, or asked for the end.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
