//! What regularizers do to states and temps after the equations, in tensor operations.

use burn::tensor::Tensor;

use crate::definition::{Kept, Plan};

/// Makes the copies of what a stage has left that products read.
pub(super) fn temps(
    plan: &Plan,
    stage: usize,
    masks: &[Option<Tensor<2>>],
    temps: &mut [Option<Tensor<2>>],
) {
    for (temp, copied) in plan.rules.temps() {
        if plan.declaration.temps[temp].stage == stage {
            temps[copied.to] = masked(&temps[temp], &masks[copied.mask]);
        }
    }
}

/// Keeps shares of the states before the step, and makes the copies that products read.
pub(super) fn states(
    plan: &Plan,
    masks: &[Option<Tensor<2>>],
    before: &[Option<Tensor<2>>],
    set: &mut [Option<Tensor<2>>],
) {
    for (state, rule) in plan.rules.states() {
        let share = match rule.kept {
            Kept::Nothing => None,
            Kept::Masked(mask) => masks[mask].clone(),
            Kept::Share(share) => set[state].as_ref().map(|set| set.full_like(share)),
        };
        if let (Some(share), Some(now), Some(was)) = (share, &set[state], &before[state]) {
            let written = now.clone() * (-share.clone() + 1.0);
            set[state] = Some(written + share * was.clone());
        }
        if let Some(copied) = rule.copy {
            set[copied.to] = masked(&set[state], &masks[copied.mask]);
        }
    }
}

/// A state or temp times a mask.
fn masked(values: &Option<Tensor<2>>, mask: &Option<Tensor<2>>) -> Option<Tensor<2>> {
    match (values, mask) {
        (Some(values), Some(mask)) => Some(values.clone() * mask.clone()),
        (values, _) => values.clone(),
    }
}
