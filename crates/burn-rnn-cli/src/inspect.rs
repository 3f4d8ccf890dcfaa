//! `burn-rnn inspect`: what is in a model file.

use std::path::PathBuf;

use burn_rnn_train::{TrainError, cell, model_card, open_model, printable, say};
use clap::Args;

use crate::tasks;

/// The options of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A model file, the folder that a training wrote with --out, or a model that the program has built in
    pub model: PathBuf,
    /// One JSON object in place of the tables
    #[arg(long)]
    pub json: bool,
    /// The model card in Markdown in place of the tables
    #[arg(long, conflicts_with = "json")]
    pub card: bool,
}

/// The characters of a parameter's name at most.
const LONGEST: usize = 200;

/// Prints task, network, scores, parameters and sizes.
pub fn inspect(args: &InspectArgs) -> Result<(), TrainError> {
    let file = open_model(&args.model)?;
    if args.card {
        let place = args.model.display().to_string();
        let card = model_card(tasks::card(&file)?, &file, &place);
        return say(card.trim_end());
    }
    let parameters = file.parameters();
    let total: usize = parameters.iter().map(|(_, _, count)| count).sum();
    let card = &file.card;
    if args.json {
        let list: Vec<_> = parameters
            .iter()
            .map(|(name, shape, count)| {
                serde_json::json!({ "name": name, "shape": shape, "elements": count })
            })
            .collect();
        return say(serde_json::json!({
            "card": card,
            "parameters": list,
            "elements": total,
            "bytes": file.size(),
            "sha256": file.checksum(),
        }));
    }
    let mut text = String::new();
    let mut line = |line: core::fmt::Arguments<'_>| {
        text.push_str(&printable(&line.to_string()));
        text.push('\n');
    };
    line(format_args!("task        {}", card.task));
    line(format_args!("network     {}", card.network));
    line(format_args!(
        "trained     {} steps, seed {}",
        card.steps, card.seed
    ));
    line(format_args!("command     {}", card.command));
    line(format_args!("sha256      {}", file.checksum()));
    line(format_args!(
        "size        {} bytes, {total} parameters",
        file.size()
    ));
    for (name, score) in &card.scores {
        line(format_args!("score       {name}: {score:.4}"));
    }
    let names = parameters.iter().map(|(name, ..)| cell(name, LONGEST));
    let names: Vec<String> = names.collect();
    let widest = names.iter().map(|name| name.chars().count()).max();
    let width = widest.unwrap_or(0).max(9);
    line(format_args!(""));
    line(format_args!(
        "{:width$}  {:>14}  {:>10}",
        "parameter", "shape", "elements"
    ));
    for (name, (_, shape, count)) in names.iter().zip(&parameters) {
        let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
        line(format_args!(
            "{name:width$}  {:>14}  {count:>10}",
            shape.join(" × ")
        ));
    }
    say(text.trim_end())
}
