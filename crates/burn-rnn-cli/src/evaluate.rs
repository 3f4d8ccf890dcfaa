//! `burn-rnn eval`: the held-out figures of a saved model.

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn_rnn_train::{SavedArgs, TrainError, one_line, printable, say};
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
    let task = tasks::card(&file)?;
    // The data of a training is measured on where it is named.
    let lacks_data = args.data.is_none() && task.has_own_data(&card);
    let hint = format!(
        "though the model learnt from {}: give such data with --data",
        task.input
    );
    let scores = tasks::evaluate(file, args.data.as_deref(), &device);
    let scores = scores.map_err(|error| match lacks_data {
        true => TrainError::Model {
            path: args.saved.model.clone(),
            reason: format!(
                "measured on data that the program has, {hint}: {}",
                one_line(&error)
            ),
        },
        false => error,
    })?;
    // In the order of the names, as a model file has them and a training prints them.
    let scores: BTreeMap<String, f64> = scores.into_iter().collect();
    if args.saved.json {
        return say(serde_json::json!({
            "task": card.task,
            "network": card.network,
            "model": args.saved.model.to_string_lossy(),
            "data": args.data.as_ref().map(|data| data.to_string_lossy()),
            "scores": scores,
        }));
    }
    let data = match &args.data {
        Some(path) => path.display().to_string(),
        None if lacks_data => format!("data that the program has, {hint}"),
        None => "data that the program has".to_owned(),
    };
    say(printable(&format!("{}: {}", card.task, card.network)))?;
    say(printable(&format!("Measured on {data}")))?;
    for (name, score) in scores {
        say(format_args!("  {:32} {score:>10.4}", printable(&name)))?;
    }
    Ok(())
}
