//! What is carried from step to step and from stage to stage.

use crate::definition::declaration::{Declaration, Source};
use crate::definition::record::{Operation, Record};
use crate::definition::regularized::{Kept, Rules};

use super::{ProductPlan, SavedTemp, StagePlan, StatePlan, TempPlan};

pub(super) fn states(
    declaration: &Declaration,
    products: &[ProductPlan],
    records: &[Record],
    rules: &Rules,
) -> Vec<StatePlan> {
    let mut states = Vec::new();
    for (tensor, declared) in declaration.states.iter().enumerate() {
        let mut block = 0;
        for &there in &declared.vectors {
            let index = states.len();
            // What happens when, by stage and place there.
            let at = |is: &dyn Fn(&Operation) -> bool| -> Vec<(usize, usize)> {
                let stages = records.iter().enumerate();
                let of = |(stage, record): (usize, &Record)| {
                    let places = record.operations.iter().enumerate();
                    let there = places.filter(|(_, operation)| is(operation));
                    there.map(|(place, _)| (stage, place)).collect::<Vec<_>>()
                };
                stages.flat_map(of).collect()
            };
            let reads = at(&|operation| *operation == Operation::State(index));
            let sets = at(
                &|operation| matches!(operation, Operation::SetState(state, _) if *state == index),
            );
            let is_kept = rules.states[index].kept != Kept::Nothing;
            let is_source = products
                .iter()
                .any(|product| product.source == Source::State(index));
            states.push(StatePlan {
                tensor,
                block,
                width: declared.width,
                initial: declared.initial,
                there,
                is_source,
                is_read: !reads.is_empty(),
                in_place: !is_source && !is_kept && reads.last() <= sets.first(),
            });
            block += usize::from(there);
        }
    }
    states
}

pub(super) fn temps(
    declaration: &Declaration,
    stages: &[StagePlan],
    records: &[Record],
    kept_slots: &[usize],
) -> Vec<TempPlan> {
    let mut temps = Vec::new();
    for (index, temp) in declaration.temps.iter().enumerate() {
        let record = &records[temp.stage];
        let is_source = stages
            .iter()
            .flat_map(|stage| &stage.products)
            .any(|product| product.source == Source::Temp(index));
        let is_read = records
            .iter()
            .any(|record| record.operations.contains(&Operation::Temp(index)));
        let set = record
            .operations
            .iter()
            .find_map(|operation| match operation {
                Operation::SetTemp(set, value) if *set == index => Some(*value),
                _ => None,
            });
        let slot = set.and_then(|value| {
            let kept = |operation: &Operation| matches!(operation, Operation::Kept(..));
            kept(&record.operations[value]).then(|| {
                let before = record.operations[..value].iter();
                kept_slots[temp.stage] + before.filter(|operation| kept(operation)).count()
            })
        });
        temps.push(TempPlan {
            width: stages[temp.stage].width,
            saved: match slot {
                // The gradients of the sums take the place of what is kept, but the gradient of a matrix reads the source later.
                Some(slot) if !is_source => SavedTemp::Slot(slot),
                _ if is_source || is_read => SavedTemp::Own,
                _ => SavedTemp::Nowhere,
            },
        });
    }
    temps
}
