//! `burn-rnn list`: the models of a folder.

use std::path::{Path, PathBuf};

use burn_rnn_train::{ModelFile, TrainError, built_in, cell, one_line, open_model, say, warn};
use clap::Args;

/// The options of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The folder with the models; those that the program has built in if not given
    pub folder: Option<PathBuf>,
    /// One JSON array in place of the table
    #[arg(long)]
    pub json: bool,
}

/// Prints a line for each model: task, network, size, scores, the command that trained it.
pub fn list(args: &ListArgs) -> Result<(), TrainError> {
    let mut paths = Vec::new();
    match &args.folder {
        None => paths.extend(built_in().map(Path::to_owned)),
        Some(folder) => find(folder, &mut paths).map_err(|source| TrainError::Read {
            path: folder.clone(),
            expected: "a folder with models: name one, or none for those that are built in",
            source,
        })?,
    }
    paths.sort();
    let mut models = Vec::new();
    let mut bad = Vec::new();
    for path in paths {
        match open_model(&path) {
            Ok(file) => models.push((path, file)),
            Err(error) => bad.push(error),
        }
    }
    let last = match bad.pop() {
        None => Ok(()),
        Some(last) => Err(last),
    };
    for error in bad {
        warn(format_args!("error: {}", one_line(&error)));
    }
    if args.json {
        let list: Vec<_> = models
            .iter()
            .map(|(path, file)| {
                serde_json::json!({ "model": path.to_string_lossy(), "card": file.card, "bytes": file.size() })
            })
            .collect();
        say(serde_json::Value::from(list))?;
    } else if !models.is_empty() {
        say(table(&models))?;
    }
    // The last bad one is the program's error; the others were told before.
    last
}

/// The characters of a cell at most.
const LONGEST: usize = 1000;

/// The scores of a row at most.
const SCORES: usize = 2;

/// A row a model, the columns as wide as they have to be.
fn table(models: &[(PathBuf, ModelFile)]) -> String {
    let heads = [
        "model",
        "task",
        "network",
        "parameters",
        "size",
        "score",
        "trained by",
    ];
    let mut rows = vec![heads.map(str::to_owned)];
    for (path, file) in models {
        let parameters: usize = file.parameters().iter().map(|(_, _, count)| count).sum();
        let place = match path.file_name() == Some("model.safetensors".as_ref()) {
            true => path.parent().unwrap_or(path),
            false => path,
        };
        // Those of baselines have a comma in their names; `inspect` shows them all.
        let scores = file.card.scores.iter();
        let scores = scores.filter(|(name, _)| !name.contains(','));
        let scores: Vec<_> = scores
            .take(SCORES)
            .map(|(name, score)| format!("{} {score:.4}", cell(name, LONGEST)))
            .collect();
        rows.push([
            cell(&place.display().to_string(), LONGEST),
            cell(&file.card.task, LONGEST),
            cell(&file.card.network, LONGEST),
            parameters.to_string(),
            format!("{:.0} kB", file.size() as f64 / 1000.0),
            scores.join(", "),
            cell(&file.card.command, LONGEST),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..heads.len()).filter_map(width).collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            3 | 4 => format!("{cell:>width$}"),
            _ => format!("{cell:width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// All model files within a folder but those that a later training put aside. Links to folders are not followed: they may lead
/// back.
fn find(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            let put_aside = name == "previous" || name.starts_with("previous-");
            if !put_aside && !entry.file_type()?.is_symlink() {
                find(&path, paths)?;
            }
        } else if path
            .extension()
            .is_some_and(|ending| ending == "safetensors")
        {
            paths.push(path);
        }
    }
    Ok(())
}
