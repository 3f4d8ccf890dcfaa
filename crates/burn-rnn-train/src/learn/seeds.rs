//! Several models of one task: how much of a figure is luck.

use std::collections::BTreeMap;
use std::path::Path;

use super::LearnArgs;
use super::checkpoints::found;
use crate::options::default_folder;
use crate::{ModelFile, TrainError, say};

/// Trains a model of `task` as `train` does, or with `--seeds` several of consecutive seeds, each in a folder
/// `seed-SEED` of `--out`, and prints mean and standard deviation of the figures that their files have. `learn` finds
/// the options of the loop among those of the task.
///
/// With `--resume` the models that were begun go on, and those after them are begun.
///
/// # Errors
///
/// Those of `train`, and where the number of seeds makes no sense.
pub fn each_seed<A: Clone>(
    task: &str,
    args: &A,
    learn: impl Fn(&mut A) -> &mut LearnArgs,
    train: impl Fn(&A) -> Result<(), TrainError>,
) -> Result<(), TrainError> {
    let all = learn(&mut args.clone()).clone();
    if all.seeds == 1 {
        return train(args);
    }
    let refuse = |expected: &str| TrainError::setting("--seeds", all.seeds, expected);
    let more = all.seeds.checked_sub(1);
    let more = more.ok_or_else(|| refuse("at least 1"))?;
    let last = all.seed.checked_add(more);
    let last = last.ok_or_else(|| refuse("so many that the last seed is below 2^64"))?;
    let out = all.out.clone().unwrap_or_else(|| default_folder(task));
    let folder = |seed: u64| out.join(format!("seed-{seed}"));
    let begun = |seed: u64| !found(&folder(seed)).is_empty();
    let mut scores = Vec::new();
    for seed in all.seed..=last {
        let mut one = args.clone();
        *learn(&mut one) = LearnArgs {
            seed,
            seeds: 1,
            // Where none was begun, the first says so.
            resume: all.resume && (begun(seed) || !begun(all.seed)),
            out: Some(folder(seed)),
            run_file: all
                .run_file
                .as_deref()
                .map(|run| run_of(run, seed, &folder(seed))),
            ..all.clone()
        };
        match train(&one) {
            Err(TrainError::OtherRank) => continue,
            trained => trained?,
        }
        scores.push(ModelFile::open(&folder(seed))?.card.scores);
    }
    match all.ranks.rank() {
        0 => report(task, all.seed, &scores, all.json),
        _ => Err(TrainError::OtherRank),
    }
}

/// The run file of one of several models: what makes this one again.
fn run_of(run: &str, seed: u64, out: &Path) -> String {
    let mut run: toml::Table = run.parse().expect("it was written here");
    let seed = i64::try_from(seed).map_or_else(|_| seed.to_string().into(), toml::Value::from);
    run.insert("seed".to_owned(), seed);
    run.insert("seeds".to_owned(), 1.into());
    run.insert("out".to_owned(), out.to_string_lossy().into_owned().into());
    run.to_string()
}

/// A figure over the seeds.
struct Spread {
    each: Vec<f64>,
    mean: f64,
    /// The standard deviation of a sample.
    deviation: f64,
}

impl Spread {
    fn of(each: Vec<f64>) -> Self {
        let count = each.len() as f64;
        let mean = each.iter().sum::<f64>() / count;
        let squares = each.iter().map(|figure| (figure - mean).powi(2));
        let deviation = (squares.sum::<f64>() / (count - 1.0)).sqrt();
        Self {
            each,
            mean,
            deviation,
        }
    }
}

fn report(
    task: &str,
    first: u64,
    scores: &[BTreeMap<String, f64>],
    json: bool,
) -> Result<(), TrainError> {
    // Those that all models have.
    let names = scores.first().into_iter().flat_map(BTreeMap::keys);
    let names = names.filter(|name| scores.iter().all(|scores| scores.contains_key(*name)));
    let spreads: BTreeMap<&str, Spread> = names
        .map(|name| {
            let each = scores.iter().filter_map(|scores| scores.get(name).copied());
            (name.as_str(), Spread::of(each.collect()))
        })
        .collect();
    let last = first + (scores.len() as u64 - 1);
    if json {
        let figure = |spread: &Spread| {
            serde_json::json!({
                "each": spread.each, "mean": spread.mean, "deviation": spread.deviation,
            })
        };
        let figures: BTreeMap<_, _> = spreads.iter().map(|(name, s)| (name, figure(s))).collect();
        return say(serde_json::json!({
            "task": task, "seeds": (first..=last).collect::<Vec<_>>(), "figures": figures,
        }));
    }
    say(format_args!(
        "\n{task}, seeds {first} to {last}: mean ± standard deviation (each)"
    ))?;
    for (name, spread) in spreads {
        let each: Vec<String> = spread
            .each
            .iter()
            .map(|figure| format!("{figure:.4}"))
            .collect();
        say(format_args!(
            "  {name:32} {:>10.4} ± {:.4}  ({})",
            spread.mean,
            spread.deviation,
            each.join(", ")
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_s_run_file_makes_that_model_alone() {
        let run = run_of(
            "lr = 0.1\nseed = 5\nseeds = 2\nout = \"all\"\n",
            6,
            Path::new("all/seed-6"),
        );
        let run: toml::Table = run.parse().unwrap();
        assert_eq!(run["lr"].as_float(), Some(0.1));
        assert_eq!(
            [&run["seed"], &run["seeds"]].map(toml::Value::as_integer),
            [Some(6), Some(1)]
        );
        assert_eq!(run["out"].as_str(), Some("all/seed-6"));
    }

    #[test]
    fn the_spread_is_that_of_a_sample() {
        let spread = Spread::of(vec![1.0, 2.0, 6.0]);
        assert_eq!(spread.mean, 3.0);
        assert!(
            (spread.deviation - 7f64.sqrt()).abs() < 1e-12,
            "{}",
            spread.deviation
        );
    }
}
