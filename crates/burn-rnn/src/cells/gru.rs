//! The gated recurrent unit.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::gru_equations::{ResetAfter, ResetBefore};
use super::gru_norm::{GruNorm, NormalizedGru};
use super::gru_options::{GruOptions, Reset};
use super::pre_activation::{Chosen, Known, Sigmoid, Tanh};
use crate::definition::Engine;
use crate::gates::{GateParameters, both_biases};
use crate::{Activation, DefinedCell, HiddenState, Parameters, Recurrent, RecurrentConfig};

/// The gated recurrent unit of Cho et al. (2014):
///
/// ```text
/// r_t = σ(W_r [h_{t-1}, x_t] + b_r)
/// z_t = σ(W_z [h_{t-1}, x_t] + b_z)
/// h~  = tanh(W_n x_t + b_n + r_t ⊙ (U_n h_{t-1} + b_hidden))    reset after the product
/// h~  = tanh(W_n x_t + U_n (r_t ⊙ h_{t-1}) + b_n)               reset before the product
/// h_t = (1 − z_t) h_{t-1} + z_t h~
/// ```
///
/// `z` is the paper's: at one it overwrites the state. PyTorch, Keras and ONNX write
/// `h_t = z h_{t-1} + (1 − z) h~`; their update gate's parameters are these with the sign turned.
///
/// The parameters are fused, one block of `d_hidden` columns a gate in the order reset, update, new;
/// [`gate`](GruCell::gate) cuts one out by name.
#[derive(Module, Debug)]
pub struct GruCell {
    /// From the input, `[d_input, 3 · d_hidden]`.
    pub w_input: Param<Tensor<2>>,
    /// From the hidden state, `[d_hidden, 3 · d_hidden]`.
    pub w_hidden: Param<Tensor<2>>,
    /// The biases, `[3 · d_hidden]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// With the reset after the product: the bias inside it, `[d_hidden]`; PyTorch's last block of
    /// `bias_hh`. With [`GruOptions::bias_hidden`] all of PyTorch's `bias_hh`, `[3 · d_hidden]`, whose other blocks are
    /// added to `bias`.
    pub bias_hidden: Option<Param<Tensor<1>>>,
    /// The gains of layer normalisation, where there is any.
    pub norm: Option<GruNorm>,
    /// The settings that the cell was made with.
    #[module(skip)]
    pub options: GruOptions,
}

/// A GRU of any number of layers and directions.
pub type Gru = Recurrent<GruCell>;

/// The configuration of [`Gru`].
pub type GruConfig = RecurrentConfig<GruOptions>;

/// A block of a GRU's fused parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GruGate {
    /// `r`: how much of the state the candidate sees.
    Reset,
    /// `z`: how much of the candidate is written.
    Update,
    /// `n` or `h~`: the candidate.
    New,
}

impl GruCell {
    /// The parameters of one gate. The bias inside the reset product is
    /// [`bias_hidden`](GruCell::bias_hidden).
    pub fn gate(&self, gate: GruGate) -> GateParameters {
        GateParameters::cut(
            gate as usize,
            DefinedCell::d_hidden(self),
            self.w_input.val(),
            self.w_hidden.val(),
            self.biases()[0].clone(),
        )
    }

    /// The bias of the gates, and the one inside the reset product.
    fn biases(&self) -> [Option<Tensor<1>>; 2] {
        let (bias, hidden) = (self.bias.as_ref(), self.bias_hidden.as_ref());
        let after = self.options.reset == Reset::AfterProduct;
        if !self.options.bias_hidden {
            let inside = hidden.filter(|_| after).map(Param::val);
            return [bias.map(Param::val), inside];
        }
        if !after {
            return [both_biases(bias, hidden), None];
        }
        let d_hidden = DefinedCell::d_hidden(self);
        let cut = hidden.map(|hidden| {
            let mut hidden = hidden.val();
            if !hidden.dtype().is_float() {
                // Quantized numbers cannot be cut.
                hidden = hidden.dequantize();
            }
            let inside = hidden.clone().narrow(0, 2 * d_hidden, d_hidden);
            let gates = hidden.narrow(0, 0, 2 * d_hidden);
            (Tensor::cat(vec![gates, inside.zeros_like()], 0), inside)
        });
        let (gates, inside) = cut.unzip();
        let bias = bias.map(Param::val).zip(gates);
        [bias.map(|(bias, gates)| bias + gates), inside]
    }
}

impl DefinedCell for GruCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        let GruOptions {
            reset,
            gate_activation,
            candidate_activation,
            clip,
            ..
        } = self.options;
        let functions = (gate_activation, candidate_activation, clip);
        let plain = functions == (Activation::Sigmoid, Activation::Tanh, None);
        let gates = Chosen::new(gate_activation, clip);
        let new = Chosen::new(candidate_activation, clip);
        match reset {
            _ if self.norm.is_some() => Engine::of(NormalizedGru),
            Reset::AfterProduct if plain => Engine::of(ResetAfter::<Sigmoid, Tanh>(Known, Known)),
            Reset::BeforeProduct if plain => Engine::of(ResetBefore::<Sigmoid, Tanh>(Known, Known)),
            Reset::AfterProduct => Engine::of(ResetAfter(gates, new)),
            Reset::BeforeProduct => Engine::of(ResetBefore(gates, new)),
        }
    }

    fn parameters(&self, to: &mut Parameters) {
        let [bias, inside] = self.biases();
        to.add(&self.w_input);
        let Some(norm) = &self.norm else {
            to.add_tensor(bias);
            to.add(&self.w_hidden);
            if self.options.reset == Reset::AfterProduct {
                to.add_tensor(inside);
            }
            return;
        };
        // The bias comes after the normalisation.
        let d_hidden = DefinedCell::d_hidden(self);
        to.add_tensor::<1>(None);
        to.add(&self.w_hidden);
        to.add(&norm.gain_input);
        to.add(&norm.gain_hidden);
        to.add_tensor(bias.map(|bias| bias.reshape([3, d_hidden])));
        to.add_tensor(inside);
    }
}
