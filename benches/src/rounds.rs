//! Timing in turns: every contestant of a case is prepared, then all are timed round by round, so that
//! what else the machine does meets all of them alike.

use std::time::Duration;

use crate::case::{Case, Mode};
use crate::contestant::{Contestant, Side};
use crate::process::{Launch, Process};
use crate::protocol::Request;
use crate::record::{Entry, Row};
use crate::statistics::{median, quantile};

/// How long is measured.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Turns of every contestant.
    pub rounds: usize,
    /// A contestant that was timed for so long is done after three turns.
    pub seconds: f64,
    /// Steps of a stream a turn.
    pub steps: usize,
}

/// A turn of short runs lasts at least so long.
const TURN: f64 = 0.02;
/// Threads of the one before that still spin have gone to sleep after this: OpenMP's do so for ten
/// milliseconds after PyTorch has finished.
const PAUSE: Duration = Duration::from_millis(25);
const LEAST_ROUNDS: usize = 3;

/// The processes, started when they are first needed and again after a crash.
#[derive(Debug)]
pub struct Processes {
    launch: Launch,
    rust: Option<Process>,
    python: Option<Process>,
}

impl Processes {
    /// None yet.
    pub fn new(launch: Launch) -> Self {
        Self {
            launch,
            rust: None,
            python: None,
        }
    }

    /// Asks the process of a side.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, or the answer is an error.
    pub fn ask(&mut self, side: Side, request: Request) -> Result<crate::protocol::Reply, String> {
        let slot = match side {
            Side::Rust => &mut self.rust,
            Side::Python => &mut self.python,
        };
        let process = match slot {
            Some(process) => process,
            None => slot.insert(self.launch.start(side)?),
        };
        let answer = process.ask(request);
        if answer.is_err() && !process.is_alive() {
            *slot = None;
        }
        answer
    }

    /// Asks a process that nothing was asked before and that ends afterwards.
    ///
    /// # Errors
    ///
    /// As [`ask`](Processes::ask).
    pub fn ask_fresh(
        &self,
        side: Side,
        request: Request,
    ) -> Result<crate::protocol::Reply, String> {
        self.launch.start(side)?.ask(request)
    }

    fn drop_prepared(&mut self) {
        let alive = [
            (Side::Rust, self.rust.is_some()),
            (Side::Python, self.python.is_some()),
        ];
        for (side, alive) in alive {
            if alive {
                // A process that dies here is started again for the next case.
                let _ = self.ask(side, Request::Drop);
            }
        }
    }
}

struct Runner {
    contestant: Contestant,
    note: Option<String>,
    repeat: usize,
    warm_up: usize,
    rounds: usize,
    seconds: Vec<f64>,
    failure: Option<String>,
}

impl Runner {
    fn is_done(&self, patience: &Patience) -> bool {
        let spent: f64 = self.seconds.iter().sum();
        let enough = self.rounds >= LEAST_ROUNDS && spent >= patience.seconds;
        self.failure.is_some() || self.rounds >= patience.rounds || enough
    }
}

/// Times all contestants of a case. Who fails is left out and named in `left_out`.
pub fn race(
    case: Case,
    contestants: &[Contestant],
    processes: &mut Processes,
    patience: &Patience,
    left_out: &mut Vec<String>,
) -> Row {
    let mut runners: Vec<Runner> = Vec::new();
    for &contestant in contestants {
        let mut runner = Runner {
            contestant,
            note: None,
            repeat: 1,
            warm_up: 0,
            rounds: 0,
            seconds: Vec::new(),
            failure: None,
        };
        if let Err(failure) = prepare(&mut runner, case, processes, patience) {
            runner.failure = Some(failure);
        }
        runners.push(runner);
    }
    let mut round = 0;
    while runners.iter().any(|runner| !runner.is_done(patience)) {
        // Nobody always follows the same one.
        let first = round % runners.len();
        runners.rotate_left(first);
        for runner in &mut runners {
            if !runner.is_done(patience) {
                turn(runner, processes);
            }
        }
        runners.rotate_right(first);
        round += 1;
    }
    processes.drop_prepared();
    let mut entries = Vec::new();
    for runner in runners {
        match runner.failure {
            Some(failure) => {
                left_out.push(format!("{case}: {}: {failure}", runner.contestant.title()));
            }
            None => entries.push(entry(runner.contestant, &runner.seconds, runner.note)),
        }
    }
    Row { case, entries }
}

fn prepare(
    runner: &mut Runner,
    case: Case,
    processes: &mut Processes,
    patience: &Patience,
) -> Result<(), String> {
    let contestant = runner.contestant;
    let side = contestant.side();
    let lengths = match case.mode {
        Mode::TrainLengths => crate::lengths::uniform(case.shape.batch, case.shape.time),
        _ => Vec::new(),
    };
    let request = Request::Prepare {
        contestant,
        case,
        lengths,
    };
    let reply = processes.ask(side, request)?;
    runner.note = reply.note;
    let mut trial = |warm_up, repeat| {
        let request = Request::Run {
            contestant,
            warm_up,
            repeat,
        };
        processes.ask(side, request)
    };
    if case.mode == Mode::Step {
        runner.repeat = patience.steps;
        runner.warm_up = patience.steps / 10;
        trial(patience.steps, 1)?;
    } else {
        let once = median(&trial(0, 1)?.seconds);
        if once < TURN {
            runner.repeat = (TURN / once).ceil().clamp(1.0, 100.0) as usize;
            // The others have had the caches meanwhile; a short run alone would mostly refill them.
            runner.warm_up = 1;
        }
    }
    Ok(())
}

fn turn(runner: &mut Runner, processes: &mut Processes) {
    std::thread::sleep(PAUSE);
    let request = Request::Run {
        contestant: runner.contestant,
        warm_up: runner.warm_up,
        repeat: runner.repeat,
    };
    match processes.ask(runner.contestant.side(), request) {
        Ok(reply) => runner.seconds.extend(reply.seconds),
        Err(failure) => runner.failure = Some(failure),
    }
    runner.rounds += 1;
}

/// The peak memory of every contestant, each in a process of its own.
pub fn weigh(
    case: Case,
    contestants: &[Contestant],
    processes: &Processes,
    left_out: &mut Vec<String>,
) -> Row {
    let mut entries = Vec::new();
    for &contestant in contestants {
        let request = Request::Memory { contestant, case };
        match processes.ask_fresh(contestant.side(), request) {
            Ok(reply) => entries.push(entry(contestant, &[reply.bytes], None)),
            Err(failure) => left_out.push(format!("{case}: {}: {failure}", contestant.title())),
        }
    }
    Row { case, entries }
}

fn entry(contestant: Contestant, values: &[f64], note: Option<String>) -> Entry {
    Entry {
        contestant,
        median: median(values),
        lower_quartile: quantile(values, 0.25),
        upper_quartile: quantile(values, 0.75),
        p99: quantile(values, 0.99),
        runs: values.len(),
        note,
    }
}
