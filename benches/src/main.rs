//! `burn-rnn-bench`: burn-rnn side by side with its peers, in one session.
//!
//! Every contestant lives in one of two processes, this program started once more and `peers.py`, which
//! answer the same requests; the clock runs inside of them. See `--help`.

mod bars;
mod case;
mod cli;
mod contestant;
mod contestants;
mod grid;
mod lengths;
mod picture;
mod process;
mod protocol;
mod record;
mod resident;
mod rounds;
mod session;
mod sgemm;
mod simd;
mod statistics;
mod table;
mod worker;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(worker::ARGUMENT) {
        worker::serve();
        return ExitCode::SUCCESS;
    }
    let cli = cli::Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &cli::Cli) -> Result<(), String> {
    let record = if cli.from.is_empty() {
        session::measure(cli)?
    } else {
        record::Record::read(&cli.from)?
    };
    let (modes, cells) = (cli.modes(), cli.cells());
    print!("{}", table::render(&record, &modes, &cells));
    if let Some(path) = &cli.png {
        picture::draw(path, &record, &modes, &cells)?;
    }
    Ok(())
}
