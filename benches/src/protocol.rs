//! What is asked of the processes that run the contestants, and what they answer: a line of JSON each.

use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::contestant::Contestant;

/// A question.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Request {
    /// Who is there?
    Hello,
    /// Make parameters and input, and warm up.
    Prepare {
        /// Who.
        contestant: Contestant,
        /// What.
        case: Case,
        /// The sequences' lengths; empty where all have all steps.
        #[serde(default)]
        lengths: Vec<usize>,
    },
    /// Run what was prepared.
    Run {
        /// Who.
        contestant: Contestant,
        /// Runs before the clock starts.
        warm_up: usize,
        /// Runs that are timed one by one.
        repeat: usize,
    },
    /// Forget all that was prepared.
    Drop,
    /// The peak memory of one training step; asked of a fresh process.
    Memory {
        /// Who.
        contestant: Contestant,
        /// What.
        case: Case,
    },
    /// Multiply two square matrices.
    Sgemm {
        /// Rows and columns.
        size: usize,
        /// On so many threads.
        threads: usize,
        /// Products that are timed one by one.
        repeat: usize,
    },
}

/// An answer; what the question did not ask for is empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Why there is no answer.
    pub error: Option<String>,
    /// How the contestant runs, where it had a choice.
    pub note: Option<String>,
    /// The time of each run.
    pub seconds: Vec<f64>,
    /// Peak memory.
    pub bytes: f64,
    /// Names and versions of what is there.
    pub versions: Vec<String>,
    /// Who is not there, and why.
    pub absent: Vec<(Contestant, String)>,
}
