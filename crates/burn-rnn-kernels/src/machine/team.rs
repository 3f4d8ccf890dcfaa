//! A few threads of our own.
//!
//! Tasks of a work-stealing pool must not wait for each other: two such runs at once would each hold a
//! thread that the other waits for. These threads serve one run at a time. They also stay awake for a
//! moment after a run, because the next is often near: a sleeping thread costs as much to wake as a
//! short sequence to run.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::{self, Thread};
use std::time::Instant;

use super::barrier::OtherThreadPanicked;
use crate::tuning::{AWAKE, PATIENT_TURNS_AT_THE_END, TURNS};

/// Runs `work(0)`, … `work(members - 1)` at the same time, the first on this thread; false where the
/// team is at work for somebody else or threads cannot be started, and then nothing was run.
///
/// # Panics
///
/// Where `work` does, on whichever thread, with the first panic that is not a consequence of another.
pub(crate) fn run(members: usize, work: &(dyn Fn(usize) + Sync)) -> bool {
    let mut team = match TEAM.try_lock() {
        Ok(team) => team,
        // A panic in `work(0)`; the members are as they were.
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return false,
    };
    while team.len() + 1 < members {
        let Some(member) = Member::hire(team.len() + 1) else {
            return false;
        };
        team.push(member);
    }
    let mut task = Task {
        work,
        busy: AtomicUsize::new(members - 1),
        panic: Mutex::new(None),
    };
    let at = (&raw mut task).cast::<Task<'static>>();
    for member in &team[..members - 1] {
        member.give(at);
    }
    // Waits even when `work(0)` panics: the others still read what is borrowed here.
    let own = catch_unwind(AssertUnwindSafe(|| work(0)));
    wait_for_all(&task.busy);
    let others = task
        .panic
        .get_mut()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    drop(team);
    let consequence = |panic: &Box<dyn Any + Send>| panic.is::<OtherThreadPanicked>();
    match (own, others) {
        (Err(own), Some(other)) if consequence(&own) => resume_unwind(other),
        (Err(own), _) => resume_unwind(own),
        (Ok(()), Some(other)) => resume_unwind(other),
        (Ok(()), None) => true,
    }
}

static TEAM: Mutex<Vec<Member>> = Mutex::new(Vec::new());

struct Task<'a> {
    work: &'a (dyn Fn(usize) + Sync),
    /// The members that still read this.
    busy: AtomicUsize,
    /// The panic of a member.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// A thread, and where it finds its tasks; null where there is none.
struct Member {
    thread: Thread,
    inbox: Arc<AtomicPtr<Task<'static>>>,
}

impl Member {
    /// Starts the thread `index`.
    fn hire(index: usize) -> Option<Self> {
        let inbox: Arc<AtomicPtr<Task<'static>>> = Arc::default();
        let own = inbox.clone();
        let serve = move || {
            loop {
                let task = next(&own);
                // SAFETY: `run` leaves a task where it is until `busy` is zero, and this thread is counted there until
                // the last line of this block, after which it does not read the task.
                unsafe {
                    let work = (*task).work;
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(index))) {
                        let slot = &(*task).panic;
                        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
                        if slot
                            .as_ref()
                            .is_none_or(|known| known.is::<OtherThreadPanicked>())
                        {
                            *slot = Some(panic);
                        }
                    }
                    (*task).busy.fetch_sub(1, Ordering::Release);
                }
            }
        };
        let name = format!("burn-rnn-{index}");
        let spawned = thread::Builder::new().name(name).spawn(serve).ok()?;
        Some(Self {
            thread: spawned.thread().clone(),
            inbox,
        })
    }

    fn give(&self, task: *mut Task<'static>) {
        self.inbox.store(task, Ordering::Release);
        self.thread.unpark();
    }
}

/// The next task, when there is one.
fn next(inbox: &AtomicPtr<Task<'static>>) -> *mut Task<'static> {
    let since = Instant::now();
    loop {
        for _ in 0..TURNS {
            if !inbox.load(Ordering::Relaxed).is_null() {
                return inbox.swap(core::ptr::null_mut(), Ordering::Acquire);
            }
            core::hint::spin_loop();
        }
        if since.elapsed() < AWAKE {
            // Whoever else has work for this core goes first.
            thread::yield_now();
        } else {
            thread::park();
        }
    }
}

fn wait_for_all(busy: &AtomicUsize) {
    let mut turns = 0;
    while busy.load(Ordering::Acquire) > 0 {
        turns += 1;
        if turns < PATIENT_TURNS_AT_THE_END {
            core::hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_work_at_the_same_time_and_serve_one_run_at_a_time() {
        let runs = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let here = AtomicUsize::new(0);
                    let work = |_| {
                        here.fetch_add(1, Ordering::AcqRel);
                        while here.load(Ordering::Acquire) < 3 {
                            thread::yield_now();
                        }
                        assert!(!run(2, &|_| ()), "the team is at work");
                    };
                    while !run(3, &work) {
                        thread::yield_now();
                    }
                    runs.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(runs.into_inner(), 4);
    }

    #[test]
    fn a_panic_of_any_member_reaches_the_caller_and_the_team_goes_on() {
        for who in 0..2 {
            let work = |index: usize| assert!(index != who, "on purpose");
            let panicked = loop {
                match catch_unwind(|| run(2, &work)) {
                    Ok(true) => break false,
                    Ok(false) => thread::yield_now(),
                    Err(_) => break true,
                }
            };
            assert!(panicked, "the panic of member {who} was lost");
        }
        while !run(2, &|_| ()) {
            thread::yield_now();
        }
    }

    #[test]
    fn a_sleeping_team_wakes() {
        for _ in 0..3 {
            let sum = AtomicUsize::new(0);
            // Other tests may hold it.
            while !run(2, &|index| {
                sum.fetch_add(index + 1, Ordering::Relaxed);
            }) {
                thread::yield_now();
            }
            assert_eq!(sum.into_inner(), 3);
            thread::sleep(AWAKE * 20);
        }
    }
}
