//! A cell and its parameters in the order in which the steps read them.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::definition::{Plan, ProductPlan, StagePlan, Width};
use crate::machine::buffer::Buffer;
use crate::machine::level::Level;
use crate::machine::threads::Load;
use crate::product::cache::{self, Key, Owner};
use crate::product::layout::Layout;
use crate::product::panels::{Blocks, Panels};
use crate::tuning::WORTH_A_BARRIER;

use super::forward::{Scratch, load, step};
use super::kernel::Kernel;
use super::operands::Operands;
use super::sizes::Sizes;

/// A cell and its parameters in the order in which the steps read them.
pub(crate) struct Prepared {
    pub(crate) kernel: Arc<dyn Kernel>,
    pub(crate) level: Level,
    /// By width.
    pub(crate) layouts: [Layout; 2],
    pub(crate) padded: [usize; 2],
    /// The input side of all sums that have one.
    pub(crate) input: Option<Arc<Panels>>,
    /// By stage and product, one after the other.
    products: SmallVec<[Arc<Panels>; 4]>,
    /// `[panel][inputs · units]`.
    pub(crate) bias: Buffer,
    /// The rows of per-unit parameters and the scalars, `[rows, padded]`.
    pub(crate) rows: Buffer,
    /// The load of one step, which decides how a run is shared.
    pub(crate) load: Load,
    pub(crate) scratch: Scratch,
}

impl Prepared {
    /// The parameters of `operands`. What has an owner is packed once as long as it is not changed.
    pub(crate) fn new(
        kernel: &Arc<dyn Kernel>,
        level: Level,
        sizes: &Sizes,
        operands: &Operands<&[f32]>,
        owners: Option<&Operands<Owner>>,
    ) -> Self {
        let plan = kernel.plan();
        let threads = rayon::current_num_threads();
        // Those that might share the units.
        let sharing = if step(plan, sizes) < WORTH_A_BARRIER {
            1
        } else {
            threads
        };
        let layouts = Width::ALL.map(|width| {
            Layout::new(
                level.lanes(),
                plan.widest_product[width as usize],
                sizes.width(width),
                sizes.batch,
                sharing,
            )
        });
        let padded = Width::ALL.map(|width| layouts[width as usize].padded(sizes.width(width)));
        let pack = |operand: usize, blocks: Blocks<'_>, width: Width| {
            let units = layouts[width as usize].units();
            let lanes = level.lanes();
            match owners.and_then(|owners| owners.get(operand)) {
                Some(owner) => cache::panels(owner, Key::new(&blocks, units), || {
                    Panels::new(blocks, units, lanes)
                }),
                None => Arc::new(Panels::new(blocks, units, lanes)),
            }
        };
        let layout = layouts[Width::Hidden as usize];
        let in_order = &plan.inputs_by_position;
        let input = operands.get(plan.w_input()).map(|data| {
            let blocks = Blocks {
                data,
                of: plan.inputs.len(),
                first_row: 0,
                rows: sizes.d_input,
                width: sizes.d_hidden,
                blocks: in_order,
                heads: None,
            };
            pack(plan.w_input(), blocks, Width::Hidden)
        });
        let mut products = SmallVec::new();
        for stage in &plan.stages {
            for product in &stage.products {
                let operand = plan.parameter(product.parameter);
                let blocks = blocks(plan, product, sizes, operands);
                products.push(pack(operand, blocks, stage.width));
            }
        }
        Self {
            kernel: kernel.clone(),
            level,
            layouts,
            padded,
            input,
            products,
            bias: panel_order(plan, sizes, operands, in_order, layout),
            rows: rows(plan, sizes, operands, padded[Width::Hidden as usize]),
            load: load(plan, sizes, &layouts, sizes.d_input),
            scratch: Scratch::new(plan, sizes.batch, padded, threads),
        }
    }

    /// The floats of all parameters.
    pub(crate) fn floats(&self) -> usize {
        let panels = self.input.iter().chain(&self.products);
        self.bias.len() + self.rows.len() + panels.map(|panels| panels.len()).sum::<usize>()
    }

    /// The panels of the products of a stage.
    pub(crate) fn products(&self, stage: &StagePlan) -> &[Arc<Panels>] {
        &self.products[stage.first_product..][..stage.products.len()]
    }
}

/// The weights of a product.
pub(crate) fn blocks<'a>(
    plan: &Plan,
    product: &'a ProductPlan,
    sizes: &Sizes,
    operands: &'a Operands<&[f32]>,
) -> Blocks<'a> {
    let operand = plan.parameter(product.parameter);
    let rows = sizes.width(product.source_width);
    Blocks {
        data: operands.get(operand).expect("matrices are checked"),
        of: plan.matrices[product.parameter].map_or(0, |matrix| matrix.blocks),
        first_row: product.row_block * rows,
        rows,
        width: sizes.width(plan.sums[product.sums[0]].width),
        blocks: &product.blocks,
        heads: product.heads,
    }
}

/// The bias in the order of the panels, zeros where there is none.
fn panel_order(
    plan: &Plan,
    sizes: &Sizes,
    operands: &Operands<&[f32]>,
    in_order: &[usize],
    layout: Layout,
) -> Buffer {
    let d_hidden = sizes.d_hidden;
    let units = layout.units();
    let width = in_order.len() * units;
    let mut to = Buffer::zeros(width * layout.panels(d_hidden));
    let Some(bias) = operands.get(plan.bias()) else {
        return to;
    };
    if width == 0 {
        return to;
    }
    for (panel, to) in to.chunks_exact_mut(width).enumerate() {
        let first = panel * units;
        let n = units.min(d_hidden - first);
        for (to, &block) in to.chunks_exact_mut(units).zip(in_order) {
            if let Some(block) = plan.sums[plan.inputs[block]].bias {
                to[..n].copy_from_slice(&bias[block * d_hidden + first..][..n]);
            }
        }
    }
    to
}

/// The rows of per-unit parameters and the scalars, padded; zeros where they are not there.
pub(crate) fn rows(
    plan: &Plan,
    sizes: &Sizes,
    operands: &Operands<&[f32]>,
    padded: usize,
) -> Buffer {
    let mut to = Buffer::zeros(plan.rows.len() * padded);
    for (row, to) in plan.rows.iter().zip(to.chunks_exact_mut(padded.max(1))) {
        let (Some(from), Some(index)) = (operands.get(plan.parameter(row.parameter)), row.row)
        else {
            continue;
        };
        if row.scalar {
            to.fill(from[index]);
        } else {
            let d_hidden = sizes.d_hidden;
            to[..d_hidden].copy_from_slice(&from[index * d_hidden..][..d_hidden]);
        }
    }
    to
}
