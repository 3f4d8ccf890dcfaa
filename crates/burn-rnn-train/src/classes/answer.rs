//! What a classifier says of a sequence.

use serde_json::{Map, Value, json};

use crate::{TrainError, say_done};

/// Prints the labels of one sequence, the likeliest first, as a line after `name`; those of less than 0.1 % are left out. With `json`,
/// an object with `key`, `label` and `probabilities`, none is.
///
/// # Errors
///
/// As [`say_done`].
pub(crate) fn say_answer(
    json: bool,
    key: &str,
    name: &str,
    labels: &[String],
    probabilities: &[f32],
) -> Result<(), TrainError> {
    let mut ranked: Vec<(&String, f32)> =
        labels.iter().zip(probabilities.iter().copied()).collect();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let all: Map<String, Value> = ranked
        .iter()
        .map(|(label, probability)| ((*label).clone(), json!(probability)))
        .collect();
    let shown: Vec<String> = ranked
        .iter()
        .enumerate()
        .filter(|(rank, (_, probability))| *rank == 0 || *probability >= 0.001)
        .map(|(_, (label, probability))| format!("{label} {:.1} %", probability * 100.0))
        .collect();
    say_done(
        json,
        json!({key: name, "label": ranked[0].0, "probabilities": all}),
        format_args!("{name}: {}", shown.join(", ")),
    )
}
