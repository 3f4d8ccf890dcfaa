//! A few threads of our own, for work whose threads wait for each other.
//!
//! Tasks of a work-stealing pool must not wait for each other: two such runs at once would each hold a
//! thread that the other waits for. These threads serve one run at a time; a second one waits for its
//! turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

/// Runs `work(0)`, … `work(members - 1)` at the same time, the first on this thread; false where
/// threads cannot be started, and then nothing was run. The work must not come back here.
pub(crate) fn run(members: usize, work: &(dyn Fn(usize) + Sync)) -> bool {
    let mut team = TEAM.lock().unwrap_or_else(PoisonError::into_inner);
    while team.len() + 1 < members {
        let Some(member) = hire(team.len() + 1) else {
            return false;
        };
        team.push(member);
    }
    let busy = AtomicUsize::new(members - 1);
    // Waits even when `work(0)` panics: the others still read what is borrowed here.
    let _all_done = AllDone(&busy);
    // SAFETY: the references outlive every use: `AllDone` waits for the last one before this function returns.
    let task = unsafe { Task::new(work, &busy) };
    for member in &team[..members - 1] {
        if member.send(task).is_err() {
            // It cannot be gone: it ends with its sender, and work that panics aborts.
            std::process::abort();
        }
    }
    work(0);
    true
}

static TEAM: Mutex<Vec<Sender<Task>>> = Mutex::new(Vec::new());

#[derive(Clone, Copy)]
struct Task {
    work: &'static (dyn Fn(usize) + Sync),
    busy: &'static AtomicUsize,
}

impl Task {
    /// # Safety
    ///
    /// Both references must stay valid until `busy` is zero.
    unsafe fn new(work: &(dyn Fn(usize) + Sync), busy: &AtomicUsize) -> Self {
        // SAFETY: only lifetimes change, and the caller promises that they are long enough.
        unsafe {
            Self {
                work: core::mem::transmute::<
                    &(dyn Fn(usize) + Sync),
                    &'static (dyn Fn(usize) + Sync),
                >(work),
                busy: core::mem::transmute::<&AtomicUsize, &'static AtomicUsize>(busy),
            }
        }
    }
}

/// Starts the thread `index`.
fn hire(index: usize) -> Option<Sender<Task>> {
    let (sender, receiver) = channel::<Task>();
    let member = move || {
        for task in receiver {
            let busy = task.busy;
            // Those who wait for this one at the next step would wait for ever.
            let abort = AbortOnPanic;
            (task.work)(index);
            core::mem::forget(abort);
            busy.fetch_sub(1, Ordering::Release);
        }
    };
    let name = format!("burn-rnn-{index}");
    let spawned = std::thread::Builder::new().name(name).spawn(member);
    spawned.is_ok().then_some(sender)
}

struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        std::process::abort();
    }
}

struct AllDone<'a>(&'a AtomicUsize);

impl Drop for AllDone<'_> {
    fn drop(&mut self) {
        while self.0.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_work_at_the_same_time_and_runs_take_turns() {
        let runs = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let here = AtomicUsize::new(0);
                    let all_met = run(3, &|_| {
                        here.fetch_add(1, Ordering::AcqRel);
                        while here.load(Ordering::Acquire) < 3 {
                            std::thread::yield_now();
                        }
                    });
                    assert!(all_met);
                    runs.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(runs.into_inner(), 4);
    }
}
