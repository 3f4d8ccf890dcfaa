//! `burn-rnn inspect`: what is in a model file.

use std::path::PathBuf;

use burn_rnn_train::{ModelFile, TrainError, model_card};
use clap::Args;

use crate::tasks;

/// The options of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A model file, or the folder that a training wrote with --out
    pub model: PathBuf,
    /// One JSON object in place of the tables
    #[arg(long)]
    pub json: bool,
    /// The model card in Markdown in place of the tables
    #[arg(long, conflicts_with = "json")]
    pub card: bool,
}

/// Prints task, network, scores, parameters and sizes.
pub fn inspect(args: &InspectArgs) -> Result<(), TrainError> {
    let file = ModelFile::open(&args.model)?;
    if args.card {
        let place = args.model.display().to_string();
        print!("{}", model_card(tasks::card(&file)?, &file, &place));
        return Ok(());
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
        println!(
            "{}",
            serde_json::json!({
                "card": card,
                "parameters": list,
                "elements": total,
                "bytes": file.size(),
                "sha256": file.checksum(),
            })
        );
        return Ok(());
    }
    println!("task        {}", card.task);
    println!("network     {}", card.network);
    println!("trained     {} steps, seed {}", card.steps, card.seed);
    println!("command     {}", card.command);
    println!("sha256      {}", file.checksum());
    println!("size        {} bytes, {total} parameters", file.size());
    for (name, score) in &card.scores {
        println!("score       {name}: {score:.4}");
    }
    let widest = parameters.iter().map(|(name, ..)| name.len()).max();
    let width = widest.unwrap_or(0).max(9);
    println!(
        "\n{:width$}  {:>14}  {:>10}",
        "parameter", "shape", "elements"
    );
    for (name, shape, count) in &parameters {
        let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
        println!("{name:width$}  {:>14}  {count:>10}", shape.join(" × "));
    }
    Ok(())
}
