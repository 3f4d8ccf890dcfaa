//! A declaration compared with what the equations do.

use crate::definition::declaration::{Declaration, ParameterKind, Source, Width};
use crate::definition::limits::{
    MOST_ENTRIES, MOST_MASKS, MOST_OPERANDS, MOST_REDUCTIONS, MOST_STATES, MOST_SUMS, MOST_TEMPS,
    MOST_VECTORS,
};
use crate::definition::record::{Operation, Record};
use crate::definition::regularized::Rules;

/// Compares what is declared with what the equations do.
pub(super) fn check(
    declaration: &Declaration,
    records: &[Record],
    rules: &Rules,
) -> Result<(), String> {
    let states = declaration.state_count();
    let kinds = declaration
        .parameters
        .iter()
        .map(|parameter| &parameter.kind);
    let rows: usize = kinds.map(ParameterKind::rows).sum();
    let operands =
        declaration.states.len() + declaration.parameters.len() + declaration.masks.len() + 3;
    for (what, count, most) in [
        ("sums", declaration.sums.len(), MOST_SUMS),
        ("states", states, MOST_STATES),
        ("temps", declaration.temps.len(), MOST_TEMPS),
        ("rows and scalars", rows, MOST_VECTORS),
        ("masks", declaration.masks.len(), MOST_MASKS),
        ("reductions", declaration.reductions.len(), MOST_REDUCTIONS),
        ("operands", operands, MOST_OPERANDS),
    ] {
        if count > most {
            return Err(format!(
                "it declares {count} {what}, at most {most} are possible"
            ));
        }
    }
    if states == 0 {
        return Err("it declares no state: state 0 is the output".into());
    }
    check_declared(declaration)?;
    let mut sums_read = vec![false; declaration.sums.len()];
    let mut states_set = vec![0; states];
    let mut temps_set = vec![0; declaration.temps.len()];
    for (stage, record) in records.iter().enumerate() {
        let width = declaration.stages[stage];
        for operation in &record.operations {
            let of = |what: &str, index: usize, count: usize| {
                if index < count {
                    Ok(())
                } else {
                    Err(format!(
                        "stage {stage} names {what} {index}, but {count} are declared"
                    ))
                }
            };
            match *operation {
                Operation::Sum(index) => {
                    of("sum", index, declaration.sums.len())?;
                    let sum = declaration.sums[index];
                    if sum.stage != stage || !sum.there {
                        return Err(format!(
                            "stage {stage} reads sum {index}, which is declared for stage {}{}",
                            sum.stage,
                            if sum.there { "" } else { " and not there" },
                        ));
                    }
                    sums_read[index] = true;
                }
                Operation::State(index) | Operation::SetState(index, _) => {
                    of("state", index, states)?;
                    let (of_state, there) = declaration.carried(index);
                    if of_state != width || !there {
                        return Err(format!(
                            "stage {stage} is of {width:?} units; state {index} is {}",
                            if there {
                                format!("of {of_state:?} units")
                            } else {
                                "not there".into()
                            },
                        ));
                    }
                    if matches!(operation, Operation::SetState(..)) {
                        states_set[index] += 1;
                    }
                }
                Operation::Temp(index) => {
                    of("temp", index, declaration.temps.len())?;
                    let made = declaration.temps[index].stage;
                    if made >= stage || declaration.stages[made] != width {
                        return Err(format!(
                            "stage {stage} reads temp {index} of stage {made}: it has to be an earlier one of the same width"
                        ));
                    }
                }
                Operation::SetTemp(index, _) => {
                    of("temp", index, declaration.temps.len())?;
                    let made = declaration.temps[index].stage;
                    if made != stage {
                        return Err(format!(
                            "stage {stage} sets temp {index}, which is declared for stage {made}"
                        ));
                    }
                    temps_set[index] += 1;
                }
                Operation::Reduced(index) => {
                    of("reduction", index, declaration.reductions.len())?;
                    let made = declaration.temps[declaration.reductions[index]].stage;
                    if made >= stage {
                        return Err(format!(
                            "stage {stage} reads reduction {index} of a temp of stage {made}: it has to be an earlier one"
                        ));
                    }
                }
                Operation::Vector(index) => {
                    of("row", index, rows)?;
                    if width == Width::Output {
                        return Err(format!("stage {stage} is of output units and has no rows"));
                    }
                }
                Operation::Mask(index) => {
                    of("mask", index, declaration.masks.len())?;
                    let of_mask = declaration.masks[index].width;
                    if of_mask != width {
                        return Err(format!(
                            "stage {stage} is of {width:?} units; mask {index} is of {of_mask:?} units"
                        ));
                    }
                }
                _ => {}
            }
        }
        let entries = record.entries;
        if entries > MOST_ENTRIES {
            return Err(format!(
                "stage {stage} has {entries} operations and reads, at most {MOST_ENTRIES} are possible: cut it in two"
            ));
        }
    }
    for (index, sum) in declaration.sums.iter().enumerate() {
        if sum.there && !sums_read[index] {
            return Err(format!("sum {index} is declared and never read"));
        }
        if sum.input && declaration.stages[sum.stage] == Width::Output {
            return Err(format!(
                "sum {index} has an input side in a stage of output units"
            ));
        }
    }
    for (index, &count) in states_set.iter().enumerate() {
        if declaration.carried(index).1 && count != 1 && !rules.is_copied_state(index) {
            return Err(format!(
                "state {index} is set {count} times in a step, not once"
            ));
        }
    }
    for (index, &count) in temps_set.iter().enumerate() {
        if count != 1 && !rules.is_copied_temp(index) {
            return Err(format!(
                "temp {index} is set {count} times in a step, not once"
            ));
        }
    }
    check_products(declaration)
}

/// What a declaration says by itself: that everything that it names is there.
fn check_declared(declaration: &Declaration) -> Result<(), String> {
    let stages = declaration.stages.len();
    let (sums, temps) = (declaration.sums.len(), declaration.temps.len());
    let of = |what: &str, index: usize, of: &str, count: usize| {
        if index < count {
            return Ok(());
        }
        Err(format!(
            "{what} is of {of} {index}, but {count} are declared"
        ))
    };
    for (index, sum) in declaration.sums.iter().enumerate() {
        of(&format!("sum {index}"), sum.stage, "stage", stages)?;
    }
    for (index, temp) in declaration.temps.iter().enumerate() {
        of(&format!("temp {index}"), temp.stage, "stage", stages)?;
    }
    for (index, &temp) in declaration.reductions.iter().enumerate() {
        of(&format!("reduction {index}"), temp, "temp", temps)?;
        if declaration.reductions[..index].contains(&temp) {
            return Err(format!(
                "temp {temp} is reduced twice: read one reduction twice"
            ));
        }
    }
    for (index, state) in declaration.states.iter().enumerate() {
        if state.vectors_there() == 0 {
            return Err(format!(
                "no vector of the tensor of states {index} is there"
            ));
        }
    }
    if declaration.states[0].vectors.len() != 1 {
        return Err("the first tensor of states is the output: it has one vector".into());
    }
    for parameter in &declaration.parameters {
        let ParameterKind::Matrix { heads, products } = &parameter.kind else {
            continue;
        };
        let what = format!("a product of {}", parameter.name);
        let mut widths = None;
        for product in products {
            let source = match product.source {
                Source::State(state) => {
                    of(&what, state, "state", declaration.state_count())?;
                    declaration.carried(state).0
                }
                Source::Temp(temp) => {
                    of(&what, temp, "temp", temps)?;
                    declaration.stages[declaration.temps[temp].stage]
                }
            };
            for &sum in &product.sums {
                of(&what, sum, "sum", sums)?;
                let width = declaration.stages[declaration.sums[sum].stage];
                if *widths.get_or_insert((source, width)) != (source, width) {
                    return Err(format!(
                        "the products of {} are of several widths",
                        parameter.name
                    ));
                }
            }
            if heads.is_some() && product.row_block > 0 {
                return Err(format!(
                    "{what} has heads and begins at a block of rows: it takes all"
                ));
            }
        }
    }
    Ok(())
}

fn check_products(declaration: &Declaration) -> Result<(), String> {
    for parameter in &declaration.parameters {
        let ParameterKind::Matrix { heads, products } = &parameter.kind else {
            continue;
        };
        let name = parameter.name;
        if *heads == Some(0) {
            return Err(format!("{name} has no heads"));
        }
        for product in products {
            let stages = product.sums.iter().map(|&sum| declaration.sums[sum].stage);
            let stages: Vec<usize> = stages.collect();
            let Some(&stage) = stages.first() else {
                return Err(format!("a product of {name} goes into no sums"));
            };
            if stages.iter().any(|&other| other != stage) {
                return Err(format!(
                    "a product of {name} goes into sums of several stages"
                ));
            }
            if let Source::Temp(temp) = product.source
                && declaration.temps[temp].stage >= stage
            {
                return Err(format!(
                    "a product of {name} for stage {stage} reads temp {temp} of a stage that is not earlier"
                ));
            }
        }
    }
    Ok(())
}
