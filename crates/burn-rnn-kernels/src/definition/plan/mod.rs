//! A declaration checked against what the equations do, and where everything of a step has its place.

mod check;
mod products;
mod states;

use super::Definition;
use super::declaration::{Declaration, ParameterKind, Product, Source, Width};
use super::limits::MOST_STAGES;
use super::record::{Operation, Record};
use super::regularized::{Regularizers, Rules, regularize};

/// Where everything of a step has its place, for any sizes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) declaration: Declaration,
    /// What regularizers do.
    pub(crate) rules: Rules,
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
    /// The blocks of `w_input` in the order of the places of their sums.
    pub(crate) inputs_by_position: Vec<usize>,
    /// The blocks of the bias, each with its sum.
    pub(crate) biases: Vec<usize>,
    /// By parameter; none for what is no matrix, or for one that nothing is multiplied with.
    pub(crate) matrices: Vec<Option<MatrixPlan>>,
    /// By width, the number of sums that one product goes into at most: what panels are made for.
    pub(crate) widest_product: [usize; 2],
}

/// The shape of a matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatrixPlan {
    /// The blocks of rows, each as wide as the source of its product.
    pub(crate) row_blocks: usize,
    pub(crate) source_width: Width,
    /// The blocks of columns, each as wide as the sums.
    pub(crate) blocks: usize,
    pub(crate) width: Width,
    pub(crate) heads: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct StagePlan {
    pub(crate) width: Width,
    /// The sums that are there, in the order of their slots.
    pub(crate) sums: Vec<usize>,
    pub(crate) first_slot: usize,
    pub(crate) products: Vec<ProductPlan>,
    /// The number of products of earlier stages.
    pub(crate) first_product: usize,
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
    /// Whether it is the first that comes to the gradient of the state that it reads: it writes what others add to.
    pub(crate) starts: bool,
}

impl Plan {
    /// The plan of a definition.
    ///
    /// # Panics
    ///
    /// Where the definition declares something else than its equations do.
    pub(crate) fn new<D: Definition>(definition: &D, with: Regularizers) -> Self {
        let (declaration, rules) = regularize(definition.declare(), with);
        let records: Vec<Record> = (0..declaration.stages.len())
            .map(|stage| Record::of(definition, stage))
            .collect();
        let name = core::any::type_name::<D>();
        let stages = declaration.stages.len();
        assert!(
            stages <= D::STAGES && stages <= MOST_STAGES,
            "{name}: it declares {stages} stages, STAGES is {}; at most {MOST_STAGES} are possible",
            D::STAGES
        );
        let checked = check::check(&declaration, &records, &rules);
        checked.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        Self::place(declaration, records, rules)
    }

    fn place(declaration: Declaration, records: Vec<Record>, rules: Rules) -> Self {
        let stages = declaration.stages.clone();
        let products = products::products(&declaration);
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
        let states = states::states(&declaration, &products, &records, &rules);
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
                first_product: 0,
                waits: !reduced.is_empty(),
                reduces,
                reduced,
            });
        }
        for product in products {
            let stage = declaration.sums[product.sums[0]].stage;
            plans[stage].waits |= matches!(product.source, Source::Temp(_));
            plans[stage].products.extend(products::runs(product, &sums));
        }
        let mut first_product = 0;
        for stage in &mut plans {
            stage.first_product = first_product;
            first_product += stage.products.len();
        }
        let temps = states::temps(&declaration, &plans, &records, &kept_slots);
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
        let mut inputs_by_position: Vec<usize> = (0..inputs.len()).collect();
        inputs_by_position.sort_by_key(|&block| sums[inputs[block]].position);
        let mut plan = Self {
            matrices: products::matrices(&declaration, &plans),
            widest_product: products::widest(&plans, inputs.len()),
            inputs_by_position,
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
            rules,
            declaration,
        };
        for stage in 0..plan.stages.len() {
            for number in 0..plan.stages[stage].products.len() {
                plan.stages[stage].products[number].starts = plan.starts(stage, number);
            }
        }
        plan
    }

    /// Whether a product is the first that comes to the gradient of the state that it reads, going back.
    fn starts(&self, stage: usize, number: usize) -> bool {
        let products = &self.stages[stage].products;
        let Source::State(state) = products[number].source else {
            return false;
        };
        let StatePlan { is_read, width, .. } = self.states[state];
        let mut rest = self.stages[stage..].iter();
        // The equations write first, but where a stage of another width comes after all of them.
        let after_equations = !is_read || rest.all(|stage| stage.width != width);
        let mut before = products[..number].iter();
        after_equations
            && !self.later_products_read(stage, state)
            && !before.any(|product| product.source == Source::State(state))
    }

    /// Whether a product of a stage after this one reads a state.
    pub(crate) fn later_products_read(&self, stage: usize, state: usize) -> bool {
        let mut products = self.stages[stage + 1..]
            .iter()
            .flat_map(|stage| &stage.products);
        products.any(|product| product.source == Source::State(state))
    }

    /// The parameters that are matrices of which a product reads a state, or what stands for one.
    pub(crate) fn recurrent_matrices(&self) -> impl Iterator<Item = usize> + '_ {
        let parameters = self.declaration.parameters.iter().enumerate();
        let recurrent = parameters.filter(|(_, parameter)| match &parameter.kind {
            ParameterKind::Matrix { products, .. } => products.iter().any(Product::is_recurrent),
            _ => false,
        });
        recurrent.map(|(index, _)| index)
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
}
