//! `burn-rnn eval`: the held-out figures of a saved model.

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn_rnn_train::{SavedArgs, TrainError, printable, say};
use clap::Args;

use crate::tasks;

/// The options of `eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// The model.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// The file or folder that its training took; what the task generates or has built in if not given
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

/// Prints the figures: as a table, or with `--json` as an object with `task`, `network`, `model`, `data` and `scores`.
pub fn evaluate(args: &EvalArgs) -> Result<(), TrainError> {
    let (file, device) = args.saved.open()?;
    let card = file.card.clone();
    let scores = tasks::evaluate(file, args.data.as_deref(), &device)?;
    if args.saved.json {
        let scores: BTreeMap<String, f64> = scores.into_iter().collect();
        return say(serde_json::json!({
            "task": card.task,
            "network": card.network,
            "model": args.saved.model.to_string_lossy(),
            "data": args.data.as_ref().map(|data| data.to_string_lossy()),
            "scores": scores,
        }));
    }
    say(printable(&format!("{}: {}", card.task, card.network)))?;
    for (name, score) in scores {
        say(format_args!("  {:32} {score:>10.4}", printable(&name)))?;
    }
    Ok(())
}
