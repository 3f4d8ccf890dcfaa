//! `burn-rnn list`: the models of a folder.

use std::path::{Path, PathBuf};

use burn_rnn_train::{ModelFile, TrainError};
use clap::Args;

/// The options of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The folder with the models; the zoo of the repository if not given
    #[arg(default_value = "zoo")]
    pub folder: PathBuf,
    /// One JSON array in place of the table
    #[arg(long)]
    pub json: bool,
}

/// Prints a line for each model: task, network, size, scores, the command that trained it.
pub fn list(args: &ListArgs) -> Result<(), TrainError> {
    let mut paths = Vec::new();
    find(&args.folder, &mut paths).map_err(|error| TrainError::Model {
        path: args.folder.clone(),
        reason: format!(
            "{error}; expected a folder with models, such as the repository's zoo: name it, or go \
             where it is"
        ),
    })?;
    paths.sort();
    let mut models = Vec::new();
    for path in paths {
        let file = ModelFile::open(&path)?;
        models.push((path, file));
    }
    if args.json {
        let list: Vec<_> = models
            .iter()
            .map(|(path, file)| {
                serde_json::json!({ "model": path, "card": file.card, "bytes": file.size() })
            })
            .collect();
        println!("{}", serde_json::Value::from(list));
        return Ok(());
    }
    for (path, file) in models {
        let parameters: usize = file.parameters().iter().map(|(_, _, count)| count).sum();
        println!("{}", path.display());
        println!("  task      {}", file.card.task);
        println!(
            "  network   {}; {parameters} parameters, {:.0} kB",
            file.card.network,
            file.size() as f64 / 1000.0
        );
        let scores = file.card.scores.iter();
        let scores: Vec<_> = scores
            .map(|(name, score)| format!("{name} {score:.4}"))
            .collect();
        println!("  scores    {}", scores.join(", "));
        println!("  trained   burn-rnn {}", file.card.command);
    }
    Ok(())
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, paths)?;
        } else if path
            .extension()
            .is_some_and(|ending| ending == "safetensors")
        {
            paths.push(path);
        }
    }
    Ok(())
}
