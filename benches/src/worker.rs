//! The process that runs the contestants written in Rust: this program, started once more, so that
//! the threads' number is set before any library reads it, and so that a crash costs one case.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::contestant::Contestant;
use crate::contestants::{self, Task};
use crate::protocol::{Reply, Request};
use crate::{resident, sgemm};

/// The only argument that makes the program a worker.
pub const ARGUMENT: &str = "answer-requests";

/// Answers requests from standard input until it ends.
pub fn serve() {
    let mut tasks = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let reply = match serde_json::from_str(&line) {
            Ok(request) => {
                let answered = catch_unwind(AssertUnwindSafe(|| answer(request, &mut tasks)));
                answered.unwrap_or_else(|panic| Err(message(panic.as_ref())))
            }
            Err(error) => Err(format!("{line:?} is no request: {error}")),
        };
        let reply = reply.unwrap_or_else(|error| Reply {
            error: Some(error),
            ..Reply::default()
        });
        let text = serde_json::to_string(&reply).expect("a reply is plain data");
        if writeln!(std::io::stdout(), "{text}").is_err() {
            return;
        }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let line = text.and_then(|text| text.lines().next());
    format!("panicked: {}", line.unwrap_or("without a message"))
}

type Tasks = HashMap<&'static str, Task>;

fn answer(request: Request, tasks: &mut Tasks) -> Result<Reply, String> {
    let mut reply = Reply::default();
    match request {
        Request::Hello => {
            reply.versions = contestants::versions();
            reply.absent = contestants::absent();
        }
        Request::Prepare {
            contestant,
            case,
            lengths,
        } => {
            let mut task = contestants::prepare(contestant, &case, &lengths)?;
            task();
            tasks.insert(contestant.title(), task);
        }
        Request::Run {
            contestant,
            warm_up,
            repeat,
        } => {
            let task = tasks
                .get_mut(contestant.title())
                .ok_or("was not prepared before it was run")?;
            for _ in 0..warm_up {
                task();
            }
            reply.seconds = timed(repeat, task);
        }
        Request::Drop => tasks.clear(),
        Request::Memory { contestant, case } => {
            reply.bytes = memory(contestant, case)?;
        }
        Request::Sgemm {
            size,
            threads,
            repeat,
        } => reply.seconds = sgemm::seconds(size, threads, repeat)?,
    }
    Ok(reply)
}

/// The seconds of each of `repeat` runs.
pub fn timed(repeat: usize, mut run: impl FnMut()) -> Vec<f64> {
    let mut seconds = Vec::with_capacity(repeat);
    for _ in 0..repeat {
        let start = Instant::now();
        run();
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds
}

/// Growth of the resident memory over one training step, the first of its shape in this process.
fn memory(contestant: Contestant, case: crate::case::Case) -> Result<f64, String> {
    let mut tiny = case;
    tiny.shape = crate::case::Shape::new(2, 3, 4, 8);
    // Threads, lazily made tables and code are there before the measurement.
    contestants::prepare(contestant, &tiny, &[])?();
    let mut task = contestants::prepare(contestant, &case, &[])?;
    let before = resident::now()?;
    resident::forget_peak()?;
    task();
    Ok(resident::peak()? - before)
}
