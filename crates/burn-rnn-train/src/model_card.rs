//! What a model file says of a model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::any_number;

/// What stands beside the weights, whatever the task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The task, as on the command line.
    pub task: String,
    /// One line that says what the network is, for lists.
    pub network: String,
    /// The held-out scores of these weights, by name.
    #[serde(with = "any_number")]
    pub scores: BTreeMap<String, f64>,
    /// The optimizer steps made.
    pub steps: usize,
    /// Where the random numbers started.
    pub seed: u64,
    /// The command that trained it.
    pub command: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_are_no_finite_numbers_come_back() {
        let scores = [
            ("a", f64::INFINITY),
            ("b", f64::NEG_INFINITY),
            ("c", f64::NAN),
            ("d", 0.1),
        ];
        let card = ModelCard {
            scores: scores.map(|(name, score)| (name.to_owned(), score)).into(),
            ..ModelCard::default()
        };
        let text = serde_json::to_string(&card).unwrap();
        let read: ModelCard = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{read:?}"), format!("{card:?}"));
    }
}
