//! The weights of a run as its backward steps read them.

use crate::definition::{Plan, Width};
use crate::machine::buffer::Buffer;
use crate::machine::level::Level;
use crate::pass::operands::Operands;
use crate::pass::prepared::{blocks, rows};
use crate::pass::sizes::Sizes;
use crate::product::layout::Layout;
use crate::product::panels::Panels;

/// The weights of a run as its backward steps read them.
pub(crate) struct Transposed {
    pub(super) layouts: [Layout; 2],
    pub(super) padded: [usize; 2],
    /// By stage and product; several where the columns of a product's blocks are not side by side, with the place of the first.
    pub(super) products: Vec<Vec<Vec<(usize, Panels)>>>,
    pub(super) rows: Buffer,
}

impl Transposed {
    pub(crate) fn layouts(&self) -> &[Layout; 2] {
        &self.layouts
    }

    pub(crate) fn new(
        plan: &Plan,
        level: Level,
        sizes: &Sizes,
        operands: &Operands<&[f32]>,
    ) -> Self {
        let lanes = level.lanes();
        let threads = rayon::current_num_threads();
        let layouts =
            Width::ALL.map(|width| Layout::new(lanes, 1, sizes.width(width), sizes.batch, threads));
        let padded = Width::ALL.map(|width| layouts[width as usize].padded(sizes.width(width)));
        let products = plan.stages.iter().map(|stage| {
            let products = stage.products.iter().map(|product| {
                let units = layouts[product.source_width as usize].units();
                let all = blocks(plan, product, sizes, operands);
                if product.heads.is_none() {
                    return vec![(0, Panels::transposed(all, units, lanes))];
                }
                let each = product.blocks.iter().enumerate().map(|(index, block)| {
                    let mut one = all;
                    one.blocks = core::slice::from_ref(block);
                    (index, Panels::transposed(one, units, lanes))
                });
                each.collect()
            });
            products.collect()
        });
        Self {
            layouts,
            padded,
            products: products.collect(),
            rows: rows(plan, sizes, operands, padded[Width::Hidden as usize]),
        }
    }
}
