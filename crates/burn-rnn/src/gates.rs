//! Gates are blocks of columns in one fused matrix a side.

use burn::module::Param;
use burn::tensor::Tensor;

/// The parameters of one gate, cut out of the fused matrices.
#[derive(Clone, Debug)]
pub struct GateParameters {
    /// From the input, `[d_input, d_hidden]`.
    pub w_input: Tensor<2>,
    /// From the hidden state, `[d_output, d_hidden]`; without a projection `d_output` is `d_hidden`.
    pub w_hidden: Tensor<2>,
    /// The bias, `[d_hidden]`, where the cell has biases; of two the sum.
    pub bias: Option<Tensor<1>>,
}

impl GateParameters {
    /// The gate at position `index` of the fused parameters of `d_hidden` units.
    pub(crate) fn cut(
        index: usize,
        d_hidden: usize,
        w_input: Tensor<2>,
        w_hidden: Tensor<2>,
        bias: Option<Tensor<1>>,
    ) -> Self {
        Self {
            w_input: block(&w_input, index, d_hidden),
            w_hidden: block(&w_hidden, index, d_hidden),
            bias: bias.map(|bias| bias.narrow(0, index * d_hidden, d_hidden)),
        }
    }
}

/// The columns of the block at position `index` among blocks of `width` columns.
pub(crate) fn block(fused: &Tensor<2>, index: usize, width: usize) -> Tensor<2> {
    fused.clone().narrow(1, index * width, width)
}

/// The biases of both sides as the one that equations have: their sum.
pub(crate) fn both_biases(
    bias: Option<&Param<Tensor<1>>>,
    bias_hidden: Option<&Param<Tensor<1>>>,
) -> Option<Tensor<1>> {
    let bias = bias.map(Param::val);
    match bias_hidden.map(Param::val) {
        Some(hidden) => bias.map(|bias| bias + hidden),
        None => bias,
    }
}
