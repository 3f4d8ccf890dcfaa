//! Gates are blocks of columns in one fused matrix a side.

use burn::tensor::Tensor;

/// The parameters of one gate, cut out of the fused matrices.
#[derive(Clone, Debug)]
pub struct GateParameters {
    /// From the input, `[d_input, d_hidden]`.
    pub w_input: Tensor<2>,
    /// From the hidden state, `[d_hidden, d_hidden]`.
    pub w_hidden: Tensor<2>,
    /// The bias, `[d_hidden]`, where the cell has biases.
    pub bias: Option<Tensor<1>>,
}

impl GateParameters {
    /// The gate at position `index` of the fused parameters.
    pub(crate) fn cut(
        index: usize,
        w_input: Tensor<2>,
        w_hidden: Tensor<2>,
        bias: Option<Tensor<1>>,
    ) -> Self {
        let [d_hidden, _] = w_hidden.dims();
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
