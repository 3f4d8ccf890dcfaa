//! A program whose process may be one of several.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use burn_rnn_ranks::{Communicator, NoMpi, start};

use crate::exit::code;
use crate::standard_output::{be_quiet, be_quiet_no_more};
use crate::{TrainError, exit_code, one_line, warn};

/// What a program's `main` returns, in place of [`exit_code`], where `mpirun` may have started it: runs it with the
/// communicator of this process, which goes to [`LearnArgs::over`](crate::learn::LearnArgs::over).
///
/// Rank 0 alone prints. A rank that goes wrong by itself ends all others, wherever they are, and one line says why.
pub fn exit_code_over(
    run: impl FnOnce(Arc<dyn Communicator>) -> Result<(), TrainError>,
) -> ExitCode {
    let ranks = match start() {
        Ok(ranks) => ranks,
        Err(error) => {
            if let NoMpi::NotBuilt { rank, .. } = error {
                sleep(turn(rank));
            }
            return exit_code(|| Err(error.into()));
        }
    };
    if ranks.rank() > 0 {
        be_quiet();
    }
    match run(ranks.clone()) {
        Err(error) if ranks.size() > 1 && !all_know(&error) => {
            sleep(turn(ranks.rank()));
            be_quiet_no_more();
            let place = match ranks.rank() {
                0 => String::new(),
                rank => format!("rank {rank} on {}: ", ranks.host()),
            };
            warn(format_args!("error: {place}{}", one_line(&error)));
            ranks.end_all(code(&error))
        }
        ended => exit_code(|| ended),
    }
}

/// Whether an error comes of something that all ranks saw at the same step: all end by themselves then.
fn all_know(error: &TrainError) -> bool {
    matches!(
        error,
        TrainError::OtherRank | TrainError::Interrupted { .. } | TrainError::NotFinite { .. }
    )
}

/// How long a rank waits with its line: those before it that have the same to say end this one meanwhile.
fn turn(rank: usize) -> Duration {
    match rank {
        0 => Duration::ZERO,
        rank => Duration::from_millis(1000 + 20 * rank.min(100) as u64),
    }
}
