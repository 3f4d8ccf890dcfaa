//! The products of a step.

use crate::definition::declaration::{Declaration, ParameterKind, Source};

use super::{MatrixPlan, ProductPlan, StagePlan, SumPlan, Width};

/// The products of all matrices, with their blocks.
pub(super) fn products(declaration: &Declaration) -> Vec<ProductPlan> {
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
                Source::State(state) => declaration.carried(state).0,
                Source::Temp(temp) => declaration.stages[declaration.temps[temp].stage],
            };
            let is_there = match product.source {
                Source::State(state) => declaration.carried(state).1,
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
                    starts: false,
                });
            }
        }
    }
    all
}

/// A product in parts whose sums are side by side.
pub(super) fn runs(product: ProductPlan, sums: &[SumPlan]) -> Vec<ProductPlan> {
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

/// The shapes of all matrices.
pub(super) fn matrices(declaration: &Declaration, stages: &[StagePlan]) -> Vec<Option<MatrixPlan>> {
    let mut all = vec![None; declaration.parameters.len()];
    for stage in stages {
        for product in &stage.products {
            let matrix = all[product.parameter].get_or_insert(MatrixPlan {
                row_blocks: 0,
                source_width: product.source_width,
                blocks: 0,
                width: stage.width,
                heads: product.heads,
            });
            matrix.row_blocks = matrix.row_blocks.max(product.row_block + 1);
            let last = product.blocks.iter().max();
            matrix.blocks = matrix.blocks.max(last.map_or(0, |last| last + 1));
        }
    }
    all
}

/// By width, the number of sums that one product goes into at most; without a product, those with an input side.
pub(super) fn widest(stages: &[StagePlan], inputs: usize) -> [usize; 2] {
    Width::ALL.map(|width| {
        let stages = stages.iter().filter(|stage| stage.width == width);
        let products = stages.flat_map(|stage| &stage.products);
        let widest = products.map(|product| product.sums.len()).max();
        let alone = match width {
            Width::Hidden => inputs,
            Width::Output => 1,
        };
        widest.unwrap_or(alone).max(1)
    })
}
