//! A cell of a user's own, with nothing but what the library shows to its users. It is the MGU (Zhou et al. 2016), which the
//! library has as well: what is defined outside has to be as fast as what is defined inside.
//!
//! ```text
//! f_t = σ(W_f x_t + U_f h_{t-1} + b_f)
//! g_t = tanh(W_g x_t + U_g (f_t ⊙ h_{t-1}) + b_g)
//! h_t = h_{t-1} + f_t ⊙ (g_t − h_{t-1})
//! ```

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use burn_rnn::definition::{Declaration, Definition, Engine, Product, Stage, Value};
use burn_rnn::{
    CellOptions, CellShape, ConfigError, DefinedCell, GateRole, HiddenState, Parameters,
    RecurrentConfig,
};
use serde::{Deserialize, Serialize};

/// The configuration, as of the library's own cells.
pub type OwnConfig = RecurrentConfig<OwnOptions>;

/// The parameters; blocks of columns: forget gate, candidate.
#[derive(Module, Debug)]
pub struct OwnCell {
    w_input: Param<Tensor<2>>,
    bias: Option<Param<Tensor<1>>>,
    w_hidden: Param<Tensor<2>>,
}

/// There is nothing to choose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OwnOptions {}

const ROLES: [GateRole; 2] = [GateRole::Write, GateRole::Other];

impl CellOptions for OwnOptions {
    type Cell = OwnCell;

    fn validate(&self, shape: &CellShape) -> Result<(), ConfigError> {
        shape.initialization.validate(&ROLES, shape.bias)
    }

    fn init(&self, shape: &CellShape, device: &Device) -> OwnCell {
        let (draw, hidden) = (&shape.initialization, shape.d_hidden);
        OwnCell {
            w_input: draw.input_weights(shape.d_input, hidden, ROLES.len(), device),
            bias: shape.bias.then(|| draw.bias(hidden, &ROLES, device)),
            w_hidden: draw.recurrent_weights(hidden, ROLES.len(), device),
        }
    }
}

impl DefinedCell for OwnCell {
    type State = HiddenState;

    fn d_input(&self) -> usize {
        self.w_input.lazy_shape()[0]
    }

    fn d_hidden(&self) -> usize {
        self.w_hidden.lazy_shape()[0]
    }

    fn engine(&self) -> Engine {
        Engine::of(Equations)
    }

    fn parameters(&self, to: &mut Parameters) {
        to.add(&self.w_input);
        to.add_optional(self.bias.as_ref());
        to.add(&self.w_hidden);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Equations;

/// The state.
const HIDDEN: usize = 0;
/// A sum and, once the first stage has computed it, a temp.
const FORGET: usize = 0;
/// A sum.
const CANDIDATE: usize = 1;
/// A temp: `f ⊙ h`, which the second product reads.
const KEPT: usize = 1;

impl Definition for Equations {
    const STAGES: usize = 2;

    fn declare(&self) -> Declaration {
        let products = [
            Product::of_state(HIDDEN).into_sums([FORGET]),
            Product::of_temp(KEPT).into_sums([CANDIDATE]),
        ];
        Declaration::stages(Self::STAGES)
            .state()
            .input(0)
            .input(1)
            .temp(0)
            .temp(0)
            .matrix("w_hidden", products)
    }

    #[inline(always)]
    fn stage<S: Stage>(&self, index: usize, at: &S) {
        let hidden = at.state(HIDDEN);
        if index == 0 {
            let forget = at.sum(FORGET).sigmoid();
            at.set_temp(FORGET, forget);
            at.set_temp(KEPT, forget * hidden);
        } else {
            let change = at.sum(CANDIDATE).tanh() - hidden;
            at.set_state(HIDDEN, at.temp(FORGET).mul_add(change, hidden));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Distribution, Tolerance};
    use burn_rnn::{Cell, MguConfig};

    use super::*;

    #[test]
    fn it_computes_what_the_mgu_of_the_library_computes() {
        let device = Device::flex();
        let library = MguConfig::new(3, 5).init_cell(&device);
        let own = OwnCell {
            w_input: library.w_input.clone(),
            bias: library.bias.clone(),
            w_hidden: library.w_hidden.clone(),
        };
        let input = Tensor::<3>::random([2, 7, 3], Distribution::Default, &device);
        let (expected, _) = library.scan(input.clone(), library.zero_state(2));
        let (output, _) = own.scan(input, own.zero_state(2));
        let tolerance = Tolerance::<f32>::absolute(1e-6);
        output
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), tolerance);
    }
}
