//! The contestants that are written in Rust.

mod burn_nn;
#[cfg(feature = "peers")]
mod candle;
mod ours;
mod own;
mod tasks;

use crate::case::Case;
use crate::contestant::Contestant;

/// What is timed: one training step, one forward pass, or one step of a stream.
pub type Task = Box<dyn FnMut()>;

/// Makes parameters and input; without `lengths` all sequences have all steps. A task panics where its output has not the expected shape.
///
/// # Errors
///
/// Where the contestant has not what is asked for.
pub fn prepare(contestant: Contestant, case: &Case, lengths: &[usize]) -> Result<Task, String> {
    match contestant {
        Contestant::Ours => ours::prepare(case, false, lengths),
        Contestant::Padded => ours::prepare(case, false, &[]),
        Contestant::Stream | Contestant::Apart => ours::prepare(case, true, &[]),
        Contestant::PlainLstm => {
            let cell = crate::case::Cell::Lstm;
            ours::prepare(&Case { cell, ..*case }, false, &[])
        }
        Contestant::BurnNn => burn_nn::prepare(case),
        #[cfg(feature = "peers")]
        Contestant::Candle => candle::prepare(case).map_err(|error| error.to_string()),
        _ => Err(format!(
            "{} does not run in this process",
            contestant.title()
        )),
    }
}

/// Names and versions of the libraries.
pub fn versions() -> Vec<String> {
    let wide = if cfg!(feature = "x86-v4") {
        "with"
    } else {
        "without"
    };
    let mut versions = vec![
        format!("burn-rnn {}", env!("CARGO_PKG_VERSION")),
        format!("burn-nn 0.22 on Flex ({wide} AVX-512 in `gemm`)"),
    ];
    if cfg!(feature = "peers") {
        versions.push("candle-nn 0.11".to_owned());
    }
    versions
}

/// Who is not in this build, and why.
pub fn absent() -> Vec<(Contestant, String)> {
    let mut absent = Vec::new();
    if !cfg!(feature = "peers") {
        let reason = "not in this build; add --features peers to cargo's arguments";
        absent.push((Contestant::Candle, reason.to_owned()));
    }
    absent
}
