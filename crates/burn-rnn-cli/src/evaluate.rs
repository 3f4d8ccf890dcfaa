//! `burn-rnn eval`: the held-out figures of a saved model.

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn_rnn_train::{ModelFile, TrainError, device, printable, say};
use clap::Args;

use crate::tasks;

/// The options of `eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// A model file, or the folder that a training wrote with --out
    #[arg(long, value_name = "PATH")]
    pub model: PathBuf,
    /// The file or folder that its training took; what the task generates or has built in if not given
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// The backend, one of those that the program was built with [default: the best of them]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// One JSON object in place of the table
    #[arg(long)]
    pub json: bool,
}

/// Prints the figures.
pub fn evaluate(args: &EvalArgs) -> Result<(), TrainError> {
    let device = device(args.device.as_deref())?;
    let file = ModelFile::open(&args.model)?;
    let card = file.card.clone();
    let scores = tasks::evaluate(file, args.data.as_deref(), &device)?;
    if args.json {
        let scores: BTreeMap<String, f64> = scores.into_iter().collect();
        return say(serde_json::json!({
            "task": card.task,
            "network": card.network,
            "model": args.model,
            "data": args.data,
            "scores": scores,
        }));
    }
    say(printable(&format!("{}: {}", card.task, card.network)))?;
    for (name, score) in scores {
        say(format_args!("  {:32} {score:>10.4}", printable(&name)))?;
    }
    Ok(())
}
