//! What a training has to have been begun with to be gone on with.

use core::fmt::Write;
use core::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use super::plan::Plan;
use super::{LearnArgs, Task};

/// The settings that make the weights what they are, a line each.
pub(super) fn fingerprint<T: Task>(
    task: &T,
    args: &LearnArgs,
    plan: &Plan,
    network: &str,
) -> String {
    let settings = serde_json::to_string(&task.settings()).expect("settings are plain data");
    let mut lines = vec![
        format!("task {}", T::NAME),
        format!("network {network}"),
        format!("seed {}", plan.seed),
        format!("steps {}", plan.steps),
        format!(
            "examples {} in {} batches a pass",
            task.examples().len(),
            plan.batches
        ),
        format!("batch size {}", args.batch_size),
        format!("schedule {:?}", args.schedule_kind()),
        format!("weight decay {}", args.weight_decay),
        format!("clipping {} {:?}", plan.clip, plan.clip_value),
        format!("accumulated batches {}", plan.accumulate),
        format!("devices {}", plan.devices.len()),
        format!("evaluation every {}", plan.eval_every),
        format!("patience {:?}", plan.patience),
        format!("settings {settings}"),
    ];
    match args.data.as_slice() {
        [] => lines.push(format!("content of the examples {}", content(task))),
        data => lines.extend_from_slice(data),
    }
    lines.join("\n")
}

/// The most examples that are looked at.
const LOOKED_AT: usize = 256;

/// A sum over what the examples are: all of them, or so many that are spread evenly, since some tasks make
/// far more out of their data than they have.
fn content<T: Task>(task: &T) -> String {
    let mut sum = Sum(Sha256::new());
    let examples = task.examples();
    for index in (0..examples.len()).step_by(examples.len().div_ceil(LOOKED_AT).max(1)) {
        // One that cannot be read stops the training when it is its turn.
        if let Ok(example) = examples.get(index) {
            let _ = write!(sum, "{example:?}");
        }
    }
    sum.text()
}

/// A sum of data as a fingerprint has it.
pub(super) fn sum_of(data: &impl Hash) -> String {
    let mut sum = Sum(Sha256::new());
    data.hash(&mut sum);
    sum.text()
}

/// A sum that is the same whatever Rust's own hashers become.
struct Sum(Sha256);

impl Sum {
    fn text(&self) -> String {
        format!("{:016x}", self.finish())
    }
}

impl Hasher for Sum {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        u64::from_le_bytes(digest[..8].try_into().expect("the sum has 32 bytes"))
    }
}

impl Write for Sum {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.update(text);
        Ok(())
    }
}
