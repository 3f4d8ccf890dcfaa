//! A declaration checked against what the equations do, and where everything of a step has its place.

use super::Definition;
use super::declaration::{Declaration, ParameterKind, Source, Width};
use super::record::{Operation, Record};

/// The most operations and reads of a stage that the backward pass takes apart without a loop.
pub(crate) const MOST_ENTRIES: usize = 64;
/// The most stages of a step.
pub(crate) const MOST_STAGES: usize = 6;
/// The most masks.
pub(crate) const MOST_MASKS: usize = 6;
/// The most sums of a cell.
pub(crate) const MOST_SUMS: usize = 12;
/// The most vectors that are carried from step to step.
pub(crate) const MOST_STATES: usize = 8;
/// The most values that stages leave for later ones.
pub(crate) const MOST_TEMPS: usize = 12;
/// The most rows of per-unit parameters and scalars.
pub(crate) const MOST_VECTORS: usize = 12;
/// The most reductions.
pub(crate) const MOST_REDUCTIONS: usize = 8;
/// The most operands of a scan.
pub(crate) const MOST_OPERANDS: usize = 24;

/// Where everything of a step has its place, for any sizes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) declaration: Declaration,
    /// What each stage does.
    pub(crate) records: Vec<Record>,
    pub(crate) stages: Vec<StagePlan>,
    pub(crate) sums: Vec<SumPlan>,
    pub(crate) states: Vec<StatePlan>,
    pub(crate) temps: Vec<TempPlan>,
    pub(crate) rows: Vec<RowPlan>,
    /// The number of sums of each width that are there.
    pub(crate) positions: [usize; 2],
    /// The number of values a unit that are kept for the backward pass, by width, beside states and temps.
    pub(crate) slots: [usize; 2],
    /// The blocks of `w_input`, each with the sum that it goes into.
    pub(crate) inputs: Vec<usize>,
    /// The blocks of the bias, each with its sum.
    pub(crate) biases: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct StagePlan {
    pub(crate) width: Width,
    /// The sums that are there, in the order of their slots.
    pub(crate) sums: Vec<usize>,
    pub(crate) first_slot: usize,
    pub(crate) products: Vec<ProductPlan>,
    /// Whether it reads what other units of an earlier stage have left.
    pub(crate) waits: bool,
    /// The reductions of temps that it leaves.
    pub(crate) reduces: Vec<usize>,
    /// The reductions that it reads.
    pub(crate) reduced: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct SumPlan {
    pub(crate) there: bool,
    pub(crate) width: Width,
    /// Its place among the slots of its width, where its gradient goes.
    pub(crate) slot: usize,
    /// Its place among the sums of its width in a panel.
    pub(crate) position: usize,
    /// Its block of the bias.
    pub(crate) bias: Option<usize>,
    /// Whether a product goes into it.
    pub(crate) recurrent: bool,
}

/// A vector that is carried from step to step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatePlan {
    /// The tensor that holds it, and its place there.
    pub(crate) tensor: usize,
    pub(crate) block: usize,
    pub(crate) width: Width,
    pub(crate) initial: f32,
    pub(crate) there: bool,
    /// Whether a product reads it.
    pub(crate) is_source: bool,
    /// Whether the equations of any stage read it.
    pub(crate) is_read: bool,
    /// Whether what is set may take the place of what was before.
    pub(crate) in_place: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct TempPlan {
    pub(crate) width: Width,
    pub(crate) saved: SavedTemp,
}

/// Where the backward pass finds a temp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SavedTemp {
    /// In memory of its own.
    Own,
    /// Where the function is kept that gave it.
    Slot(usize),
    /// Nobody reads it there.
    Nowhere,
}

/// A row of per-unit parameters, or a scalar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowPlan {
    /// The parameter and its row there; none where the row is not there.
    pub(crate) parameter: usize,
    pub(crate) row: Option<usize>,
    pub(crate) scalar: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ProductPlan {
    pub(crate) parameter: usize,
    pub(crate) heads: Option<usize>,
    pub(crate) source: Source,
    pub(crate) source_width: Width,
    pub(crate) row_block: usize,
    pub(crate) blocks: Vec<usize>,
    pub(crate) sums: Vec<usize>,
    /// The place of the first sum; those of the others follow.
    pub(crate) position: usize,
}

impl Plan {
    /// The plan of a definition.
    ///
    /// # Panics
    ///
    /// Where the definition declares something else than its equations do.
    pub(crate) fn new<D: Definition>(definition: &D) -> Self {
        let declaration = definition.declare();
        let records: Vec<Record> = (0..declaration.stages.len())
            .map(|stage| Record::of(definition, stage))
            .collect();
        let name = core::any::type_name::<D>();
        let stages = declaration.stages.len();
        assert!(
            stages == D::STAGES && stages <= MOST_STAGES,
            "{name}: it declares {stages} stages, STAGES is {}; at most {MOST_STAGES} are possible",
            D::STAGES
        );
        let checked = check(&declaration, &records);
        checked.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        Self::place(declaration, records)
    }

    fn place(declaration: Declaration, records: Vec<Record>) -> Self {
        let stages = declaration.stages.clone();
        let products = products(&declaration);
        let mut sums: Vec<SumPlan> = Vec::new();
        let (mut inputs, mut biases) = (Vec::new(), Vec::new());
        for (index, sum) in declaration.sums.iter().enumerate() {
            let recurrent = products.iter().any(|p| p.sums.contains(&index));
            let mut bias = None;
            if sum.there && sum.input {
                inputs.push(index);
                if sum.bias {
                    bias = Some(biases.len());
                    biases.push(index);
                }
            }
            sums.push(SumPlan {
                there: sum.there,
                width: stages[sum.stage],
                slot: 0,
                position: 0,
                bias,
                recurrent,
            });
        }
        // In this order those with an input side stand side by side, and those with a recurrent side.
        let mut positions = [0; 2];
        for (with_input, recurrent) in [(true, false), (true, true), (false, true), (false, false)]
        {
            for (sum, declared) in sums.iter_mut().zip(&declaration.sums) {
                if sum.there && declared.input == with_input && sum.recurrent == recurrent {
                    let next = &mut positions[sum.width as usize];
                    sum.position = *next;
                    *next += 1;
                }
            }
        }
        let states = states(&declaration, &products, &records);
        let mut slots = [0; 2];
        let mut plans = Vec::new();
        let mut kept_slots = Vec::new();
        for (index, (&width, record)) in stages.iter().zip(&records).enumerate() {
            let of_stage: Vec<usize> = (0..sums.len())
                .filter(|&sum| sums[sum].there && declaration.sums[sum].stage == index)
                .collect();
            let first_slot = slots[width as usize];
            for (slot, &sum) in of_stage.iter().enumerate() {
                sums[sum].slot = first_slot + slot;
            }
            let is_kept = |operation: &&Operation| matches!(operation, Operation::Kept(..));
            let kept = record.operations.iter().filter(is_kept).count();
            slots[width as usize] += kept.max(of_stage.len());
            kept_slots.push(first_slot);
            let reads = |of: fn(&Operation) -> Option<usize>| -> Vec<usize> {
                let mut all: Vec<usize> = record.operations.iter().filter_map(of).collect();
                all.sort_unstable();
                all.dedup();
                all
            };
            let reduced = reads(|operation| match operation {
                Operation::Reduced(index) => Some(*index),
                _ => None,
            });
            let reductions = declaration.reductions.iter().enumerate();
            let reduces = reductions
                .filter(|(_, temp)| declaration.temps[**temp].stage == index)
                .map(|(reduction, _)| reduction)
                .collect();
            plans.push(StagePlan {
                width,
                sums: of_stage,
                first_slot,
                products: Vec::new(),
                waits: !reduced.is_empty(),
                reduces,
                reduced,
            });
        }
        for product in products {
            let stage = declaration.sums[product.sums[0]].stage;
            plans[stage].waits |= matches!(product.source, Source::Temp(_));
            plans[stage].products.extend(runs(product, &sums));
        }
        let temps = temps(&declaration, &plans, &records, &kept_slots);
        let mut rows = Vec::new();
        for (parameter, declared) in declaration.parameters.iter().enumerate() {
            match &declared.kind {
                ParameterKind::Matrix { .. } => {}
                ParameterKind::Vectors { there, .. } => {
                    let mut next = 0;
                    for &there in there {
                        rows.push(RowPlan {
                            parameter,
                            row: there.then_some(next),
                            scalar: false,
                        });
                        next += usize::from(there);
                    }
                }
                ParameterKind::Scalars { count } => rows.extend((0..*count).map(|row| RowPlan {
                    parameter,
                    row: Some(row),
                    scalar: true,
                })),
            }
        }
        Self {
            stages: plans,
            sums,
            states,
            temps,
            rows,
            positions,
            slots,
            inputs,
            biases,
            records,
            declaration,
        }
    }

    /// The number of sums that one product goes into at most: what panels are made for.
    pub(crate) fn widest_product(&self, width: Width) -> usize {
        let stages = self.stages.iter().filter(|stage| stage.width == width);
        let widest = stages
            .flat_map(|stage| &stage.products)
            .map(|product| product.sums.len())
            .max();
        let alone = match width {
            Width::Hidden => self.inputs.len(),
            Width::Output => 1,
        };
        widest.unwrap_or(alone).max(1)
    }

    /// The place of the first tensor of a state among the operands.
    pub(crate) const STATES: usize = 1;

    /// The place of `w_input` among the operands; the bias follows, and the parameters in their order.
    pub(crate) fn w_input(&self) -> usize {
        Self::STATES + self.declaration.states.len()
    }

    pub(crate) fn bias(&self) -> usize {
        self.w_input() + 1
    }

    pub(crate) fn parameter(&self, index: usize) -> usize {
        self.w_input() + 2 + index
    }

    pub(crate) fn mask(&self, index: usize) -> usize {
        self.parameter(self.declaration.parameters.len()) + index
    }

    /// The number of operands.
    pub(crate) fn operands(&self) -> usize {
        self.mask(self.declaration.masks.len())
    }

    /// The number of blocks of a matrix.
    pub(crate) fn blocks(&self, parameter: usize) -> usize {
        let products = self.stages.iter().flat_map(|stage| &stage.products);
        let blocks = products
            .filter(|product| product.parameter == parameter)
            .flat_map(|product| &product.blocks)
            .max();
        blocks.map_or(0, |last| last + 1)
    }

    /// The number of blocks of rows of a matrix, each as long as the source of its product.
    pub(crate) fn row_blocks(&self, parameter: usize) -> usize {
        let products = self.stages.iter().flat_map(|stage| &stage.products);
        let rows = products
            .filter(|product| product.parameter == parameter)
            .map(|product| product.row_block + 1);
        rows.max().unwrap_or(0)
    }
}

/// The products of all matrices, with their blocks.
fn products(declaration: &Declaration) -> Vec<ProductPlan> {
    let mut all = Vec::new();
    for (parameter, declared) in declaration.parameters.iter().enumerate() {
        let ParameterKind::Matrix { heads, products } = &declared.kind else {
            continue;
        };
        let mut next = 0;
        for product in products {
            let sums = product.sums.iter().copied();
            let sums: Vec<usize> = sums.filter(|&sum| declaration.sums[sum].there).collect();
            let first = product.block.unwrap_or(next);
            let blocks: Vec<usize> = (first..first + sums.len()).collect();
            next = first + sums.len();
            let source_width = match product.source {
                Source::State(state) => state_of(declaration, state).1,
                Source::Temp(temp) => declaration.stages[declaration.temps[temp].stage],
            };
            let is_there = match product.source {
                Source::State(state) => state_of(declaration, state).2,
                Source::Temp(_) => true,
            };
            if is_there && !sums.is_empty() {
                all.push(ProductPlan {
                    parameter,
                    heads: *heads,
                    source: product.source,
                    source_width,
                    row_block: product.row_block,
                    blocks,
                    sums,
                    position: 0,
                });
            }
        }
    }
    all
}

/// A product in parts whose sums are side by side.
fn runs(product: ProductPlan, sums: &[SumPlan]) -> Vec<ProductPlan> {
    let mut pairs: Vec<(usize, usize)> = product
        .sums
        .iter()
        .copied()
        .zip(product.blocks.iter().copied())
        .collect();
    pairs.sort_by_key(|&(sum, _)| sums[sum].position);
    let mut parts: Vec<ProductPlan> = Vec::new();
    for (sum, block) in pairs {
        let position = sums[sum].position;
        if let Some(part) = parts.last_mut()
            && part.position + part.sums.len() == position
        {
            part.sums.push(sum);
            part.blocks.push(block);
            continue;
        }
        parts.push(ProductPlan {
            sums: vec![sum],
            blocks: vec![block],
            position,
            ..product.clone()
        });
    }
    parts
}

/// The tensor, the width, whether it is there and the start of the state that the equations count as `index`.
fn state_of(declaration: &Declaration, index: usize) -> (usize, Width, bool) {
    let mut next = 0;
    for (tensor, state) in declaration.states.iter().enumerate() {
        if index < next + state.vectors.len() {
            return (tensor, state.width, state.vectors[index - next]);
        }
        next += state.vectors.len();
    }
    panic!("there is no state {index}: {next} are declared");
}

fn states(
    declaration: &Declaration,
    products: &[ProductPlan],
    records: &[Record],
) -> Vec<StatePlan> {
    let mut states = Vec::new();
    for (tensor, declared) in declaration.states.iter().enumerate() {
        let mut block = 0;
        for &there in &declared.vectors {
            let index = states.len();
            let is_read = |record: &Record| record.operations.contains(&Operation::State(index));
            let sets = |record: &Record| {
                let mut operations = record.operations.iter();
                operations.any(|operation| {
                    matches!(operation, Operation::SetState(state, _) if *state == index)
                })
            };
            let set_in = records.iter().position(sets).unwrap_or(0);
            let is_source = products
                .iter()
                .any(|product| product.source == Source::State(index));
            let last_read = records.iter().rposition(is_read).unwrap_or(0);
            states.push(StatePlan {
                tensor,
                block,
                width: declared.width,
                initial: declared.initial,
                there,
                is_source,
                is_read: records.iter().any(is_read),
                in_place: !is_source && last_read <= set_in,
            });
            block += usize::from(there);
        }
    }
    states
}

fn temps(
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

/// Compares what is declared with what the equations do.
fn check(declaration: &Declaration, records: &[Record]) -> Result<(), String> {
    let states: usize = declaration
        .states
        .iter()
        .map(|state| state.vectors.len())
        .sum();
    let rows: usize = declaration
        .parameters
        .iter()
        .map(|parameter| match &parameter.kind {
            ParameterKind::Matrix { .. } => 0,
            ParameterKind::Vectors { there, .. } => there.len(),
            ParameterKind::Scalars { count } => *count,
        })
        .sum();
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
    let mut sums_read = vec![false; declaration.sums.len()];
    let mut states_set = vec![0; states];
    let mut temps_set = vec![0; declaration.temps.len()];
    for (stage, record) in records.iter().enumerate() {
        let width = declaration.stages[stage];
        let mut entries = 0;
        for operation in &record.operations {
            entries += usize::from(!matches!(
                operation,
                Operation::Constant(_)
                    | Operation::Mask(_)
                    | Operation::Units
                    | Operation::SetState(..)
                    | Operation::SetTemp(..)
            ));
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
                    let (_, of_state, there) = state_of(declaration, index);
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
                Operation::Mask(index) => of("mask", index, declaration.masks.len())?,
                _ => {}
            }
        }
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
        if state_of(declaration, index).2 && count != 1 {
            return Err(format!(
                "state {index} is set {count} times in a step, not once"
            ));
        }
    }
    for (index, &count) in temps_set.iter().enumerate() {
        if count != 1 {
            return Err(format!(
                "temp {index} is set {count} times in a step, not once"
            ));
        }
    }
    check_products(declaration)
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
