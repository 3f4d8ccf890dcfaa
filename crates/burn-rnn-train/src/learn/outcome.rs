//! A finished training.

use std::path::PathBuf;

use burn::module::Module;
use burn::tensor::Device;

use super::{Point, RanksReport, Task};
use crate::{ModelCard, TrainError, save_model, say};

/// A finished training.
pub struct Outcome<T: Task> {
    /// The model with the best held-out score, without automatic differentiation.
    pub model: T::Model,
    /// Where the model is.
    pub device: Device,
    /// What stands beside the weights.
    pub settings: T::Settings,
    /// Where the model file is and pictures go.
    pub folder: PathBuf,
    /// What the model file says of it.
    pub card: ModelCard,
    /// What was seen at the evaluations.
    pub curve: Vec<Point>,
    /// The seconds that the training took, those before a break included.
    pub seconds: f64,
    /// What it cost that several ranks trained together.
    pub ranks: Option<RanksReport>,
    /// Where `--patience` ended it: the step, of how many.
    pub(super) early_end: Option<(usize, usize)>,
    pub(super) json: bool,
}

impl<T: Task> Outcome<T> {
    /// The model's file.
    pub fn path(&self) -> PathBuf {
        self.folder.join("model.safetensors")
    }

    /// Writes the final figures into the model file beside the held-out scores, and prints them, as a
    /// table or, with `--json`, as one object.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn report(&self, figures: &[(&str, f64)]) -> Result<(), TrainError> {
        let mut card = self.card.clone();
        for (name, value) in figures {
            card.scores.insert((*name).to_owned(), *value);
        }
        save_model(&self.path(), &card, &self.settings, &self.model)?;
        if self.json {
            let mut object = serde_json::json!({
                "task": card.task,
                "network": card.network,
                "parameters": self.model.num_params(),
                "steps": card.steps,
                "seed": card.seed,
                "seconds": self.seconds,
                // Also those that are infinite or no numbers, as a model file has them.
                "scores": serde_json::to_value(&card).expect("a card is plain data")["scores"],
                "model": self.path().to_string_lossy(),
            });
            if let Some(ranks) = &self.ranks {
                object["ranks"] = serde_json::to_value(ranks).expect("numbers are plain data");
            }
            return say(object);
        }
        say(format_args!(
            "\n{}: {}, {} parameters, the model of step {}; {:.0} s.",
            card.task,
            card.network,
            self.model.num_params(),
            card.steps,
            self.seconds
        ))?;
        if let Some(ranks) = &self.ranks {
            say(ranks)?;
        }
        if let Some((end, steps)) = self.early_end {
            say(format_args!(
                "Ended early by --patience, after step {end} of {steps}: no evaluation since step {} was better.",
                card.steps
            ))?;
        }
        for (name, value) in &card.scores {
            say(format_args!("  {name:32} {value:>10.4}"))?;
        }
        say(format_args!("Model: {}", self.path().display()))
    }
}

/// Figures whose names stand for themselves, as those of a saved model are given.
pub(crate) fn owned(figures: Vec<(&'static str, f64)>) -> Vec<(String, f64)> {
    let figures = figures.into_iter();
    figures
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
