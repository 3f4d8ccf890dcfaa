//! The weights of a product in tensor operations.

use burn::backend::DispatchTensor;
use burn::tensor::Tensor;

use crate::definition::{Plan, ProductPlan};
use crate::pass::{Operands, Sizes};

use super::reference::tensor;

/// The blocks of a matrix that a product goes into.
pub(super) enum Weights {
    Dense(Tensor<2>),
    Heads(Tensor<3>),
}

impl Weights {
    pub(super) fn new(
        plan: &Plan,
        product: &ProductPlan,
        operands: &Operands<DispatchTensor>,
        sizes: &Sizes,
    ) -> Self {
        let operand = plan.parameter(product.parameter);
        let of = plan.matrices[product.parameter].map_or(0, |matrix| matrix.blocks);
        let columns = sizes.width(plan.sums[product.sums[0]].width);
        let rows = sizes.width(product.source_width);
        if let Some(heads) = product.heads {
            let whole: Tensor<3> = tensor(operands, operand).expect("matrices are checked");
            return Self::Heads(join(whole, 2, columns / heads, of, &product.blocks));
        }
        let mut whole: Tensor<2> = tensor(operands, operand).expect("matrices are checked");
        if whole.dims()[0] != rows {
            whole = whole.narrow(0, product.row_block * rows, rows);
        }
        Self::Dense(join(whole, 1, columns, of, &product.blocks))
    }

    /// The products of so many sums, side by side.
    pub(super) fn multiply(&self, source: Tensor<2>, sums: usize) -> Tensor<2> {
        match self {
            Self::Dense(weights) => source.matmul(weights.clone()),
            Self::Heads(weights) => {
                let [heads, rows, columns] = weights.dims();
                let [batch, _] = source.dims();
                let source = source.reshape([batch, heads, rows]).swap_dims(0, 1);
                let result = source.matmul(weights.clone()); // [heads, batch, sums · columns of a head]
                let result = result.reshape([heads, batch, sums, columns / sums]);
                let result = result.permute([1, 2, 0, 3]);
                result.reshape([batch, columns * heads])
            }
        }
    }
}

/// Blocks of columns in another order; the whole where it is all of them in theirs.
fn join<const D: usize>(
    whole: Tensor<D>,
    dim: usize,
    columns: usize,
    of: usize,
    blocks: &[usize],
) -> Tensor<D> {
    let follow = blocks.windows(2).all(|pair| pair[1] == pair[0] + 1);
    if follow && blocks.len() == of {
        whole
    } else if follow {
        whole.narrow(dim, blocks[0] * columns, blocks.len() * columns)
    } else {
        let cut = |&block: &usize| whole.clone().narrow(dim, block * columns, columns);
        Tensor::cat(blocks.iter().map(cut).collect(), dim)
    }
}
