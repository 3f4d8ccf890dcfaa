//! One session: who is there, how fast the machine is, and then case by case.

use std::io::IsTerminal;
use std::time::Instant;

use crate::case::Mode;
use crate::cli::Cli;
use crate::contestant::{Contestant, Side};
use crate::protocol::Request;
use crate::record::{Record, Sgemm};
use crate::rounds::{Processes, race, weigh};
use crate::sgemm;

const SGEMM_SIZE: usize = 1536;
const SGEMM_RUNS: usize = 5;
/// Above this load something else runs.
const BUSY: f64 = 0.5;

/// Measures all that the command line asks for.
///
/// # Errors
///
/// Where a contestant's process cannot be started at all, or the record cannot be written. A
/// contestant that fails in a case is left out there.
pub fn measure(cli: &Cli) -> Result<Record, String> {
    let launch = cli.launch();
    let mut record = Record::default();
    record.session.push(machine(launch.threads));
    record
        .session
        .extend(launch.simd.map(|simd| simd.told().to_owned()));
    record.session.extend(load());
    let mut absent = Vec::new();
    let sides = [Side::Rust, Side::Python];
    let sides = &sides[..if launch.python.is_some() { 2 } else { 1 }];
    if launch.python.is_none() {
        let reason = "not asked for; name a Python that has it with --python";
        absent.push((Contestant::PyTorch, reason.to_owned()));
        absent.push((Contestant::OnnxRuntime, reason.to_owned()));
    } else if launch.compile {
        let line = "PyTorch's loops: the fastest of eager, TorchScript and torch.compile";
        record.session.push(line.to_owned());
    } else {
        let line = "PyTorch's loops: the faster of eager and TorchScript, torch.compile left out";
        record.session.push(line.to_owned());
    }
    let mut processes = Processes::new(launch.clone());
    for &side in sides {
        let reply = processes.ask(side, Request::Hello)?;
        record.session.extend(reply.versions);
        absent.extend(reply.absent);
    }
    for (contestant, reason) in &absent {
        record
            .left_out
            .push(format!("{}: {reason}", contestant.title()));
        eprintln!("{} is left out: {reason}", contestant.title());
    }
    let patience = cli.patience();
    let (modes, cells) = (cli.modes(), cli.cells());
    let cases = cli.selection().cases(&modes, &cells);
    let start = Instant::now();
    peak(sides, &mut processes, launch.threads, &mut record);
    for (index, &case) in cases.iter().enumerate() {
        progress(index, cases.len(), start, &case.to_string());
        let there = |contestant: &Contestant| {
            contestant.can(&case) && absent.iter().all(|(other, _)| other != contestant)
        };
        let contestants: Vec<_> = Contestant::ALL.into_iter().filter(there).collect();
        let known = record.left_out.len();
        let row = if case.mode == Mode::Memory {
            weigh(case, &contestants, &processes, &mut record.left_out)
        } else {
            let left_out = &mut record.left_out;
            race(case, &contestants, &mut processes, &patience, left_out)
        };
        record.rows.push(row);
        for line in &record.left_out[known..] {
            eprintln!("left out: {line}");
        }
        if let Some(path) = &cli.json {
            record.write(path)?;
        }
    }
    // Once more: a machine that was busy at the start may be free now.
    peak(sides, &mut processes, launch.threads, &mut record);
    if let Some(path) = &cli.json {
        record.write(path)?;
    }
    let seconds = start.elapsed().as_secs();
    eprintln!(
        "{} cases in {} min {} s",
        cases.len(),
        seconds / 60,
        seconds % 60
    );
    Ok(record)
}

/// The best rate of every library, on one thread and on all.
fn peak(sides: &[Side], processes: &mut Processes, threads: usize, record: &mut Record) {
    let mut counts = vec![1, threads];
    counts.dedup();
    for threads in counts {
        for &side in sides {
            let library = match side {
                Side::Rust => "Burn's matmul on Flex (gemm)",
                Side::Python => "PyTorch's mm",
            };
            let request = Request::Sgemm {
                size: SGEMM_SIZE,
                threads,
                repeat: SGEMM_RUNS,
            };
            // Without PyTorch there is one library fewer; that it is not there has been said.
            let Ok(reply) = processes.ask(side, request) else {
                continue;
            };
            let best = reply.seconds.iter().copied().fold(f64::INFINITY, f64::min);
            let gflops = sgemm::flops(SGEMM_SIZE) / best / 1e9;
            let same = |known: &&mut Sgemm| known.library == library && known.threads == threads;
            match record.sgemm.iter_mut().find(same) {
                Some(known) => known.gflops = known.gflops.max(gflops),
                None => record.sgemm.push(Sgemm {
                    library: library.to_owned(),
                    threads,
                    gflops,
                }),
            }
        }
    }
}

fn machine(threads: usize) -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information
        .lines()
        .find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = model.unwrap_or("unknown processor");
    format!("{model}, {cores} cores; {threads} threads for every contestant; f32")
}

/// What else the machine did, counted before this session adds to it.
fn load() -> Option<String> {
    let load = std::fs::read_to_string("/proc/loadavg").ok()?;
    let minute: f64 = load.split(' ').next()?.parse().ok()?;
    if minute > BUSY {
        eprintln!(
            "warning: the machine is busy (load {minute}, expected below {BUSY}): contestants with several threads \
             suffer most from that; measure again when it is idle"
        );
    }
    Some(format!(
        "load before the session: {minute} (mean of a minute)"
    ))
}

/// A line that the next one replaces on a terminal, and now and then a line in a log.
fn progress(index: usize, cases: usize, start: Instant, case: &str) {
    let line = format!(
        "{} of {cases}, {} s: {case}",
        index + 1,
        start.elapsed().as_secs()
    );
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[2K{line}\r");
    } else {
        eprintln!("{line}");
    }
}
