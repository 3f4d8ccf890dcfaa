//! What a training has to have been begun with to be gone on with.

use core::fmt::Write;

use super::plan::Plan;
use super::sum::Sum;
use super::{LearnArgs, Task};

/// The settings that make the weights what they are, a line each.
pub(super) fn fingerprint<T: Task>(
    task: &T,
    args: &LearnArgs,
    plan: &Plan,
    network: &str,
) -> String {
    let settings = serde_json::to_string(&task.settings()).expect("settings are plain data");
    let mut lines = vec![format!("task {}", T::NAME), format!("seed {}", plan.seed)];
    // What differs first is what is told: data comes before what follows from it, such as the steps of a pass.
    match args.data.as_slice() {
        [] => lines.push(format!("content of the examples {}", content(task))),
        data => lines.extend_from_slice(data),
    }
    let examples = task.examples().len();
    lines.extend([
        format!("network {network}"),
        format!("steps {}", plan.steps),
        format!("examples {examples} in {} batches a pass", plan.batches),
        format!("batch size {}", args.batch_size),
        format!("schedule {:?}", args.schedule_kind()),
        format!("weight decay {}", args.weight_decay),
        format!("clipping {} {:?}", plan.clip, plan.clip_value),
        format!("accumulated batches {}", plan.accumulate),
        format!("devices {}", plan.devices.len()),
        format!("evaluation every {}", plan.eval_every),
        format!("patience {:?}", plan.patience),
        format!("settings {settings}"),
    ]);
    lines.join("\n")
}

/// The most examples that are looked at.
const LOOKED_AT: usize = 256;

/// A sum over what the examples are: all of them, or so many that are spread evenly, since some tasks make
/// far more out of their data than they have.
fn content<T: Task>(task: &T) -> String {
    let mut sum = Sum::default();
    let examples = task.examples();
    for index in (0..examples.len()).step_by(examples.len().div_ceil(LOOKED_AT).max(1)) {
        // One that cannot be read stops the training when it is its turn.
        if let Ok(example) = examples.get(index) {
            let _ = write!(sum, "{example:?}");
        }
    }
    sum.text()
}
