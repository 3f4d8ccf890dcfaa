//! How fresh parameters are drawn.

use burn::module::{Initializer, Param, ParamId};
use burn::tensor::{Device, Distribution, Shape, Tensor};
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::orthogonal::orthogonal;

/// How the parameters of a recurrent cell are drawn; `device.seed(n)` makes them repeatable.
///
/// Drawing happens when a parameter is first used, as with every Burn module, so that loading
/// weights costs no drawing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Initialization {
    /// Every parameter, biases too, from `U(−1/√d_hidden, 1/√d_hidden)`: PyTorch's rule for
    /// `nn.RNN`, `nn.LSTM` and `nn.GRU`.
    PyTorch,
    /// Input weights uniform after Glorot & Bengio (2010), recurrent weights orthogonal after Saxe
    /// et al. (2013), both gate by gate; biases zero except the forget gate's. The default, with a
    /// forget bias of 1 (Gers et al. 2000; Jozefowicz et al. 2015).
    GlorotOrthogonal {
        /// The bias of the forget gate; only gates named forget gate take it.
        forget_bias: f64,
    },
    /// Weights as [`GlorotOrthogonal`](Initialization::GlorotOrthogonal) and biases after
    /// Tallec & Ollivier (2018), "Can recurrent neural networks warp time?": with
    /// `u ~ log U(1, t_max − 1)` for each unit, the gate that keeps the state gets `u` and the gate
    /// that writes gets `−u` (an LSTM's forget and input gate; a GRU's update gate writes).
    Chrono {
        /// The longest dependency expected, in time steps; at least 3.
        t_max: usize,
    },
}

impl Default for Initialization {
    fn default() -> Self {
        Self::GlorotOrthogonal { forget_bias: 1.0 }
    }
}

/// What a gate does to the state, which is what decides about its bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateRole {
    /// At one it keeps the state: an LSTM's forget gate.
    Keep,
    /// At one it overwrites the state: an LSTM's input gate, a GRU's update gate.
    Write,
    /// Neither: candidates, output and reset gates, and the simple cell.
    Other,
}

impl Initialization {
    /// Refuses what a cell with these gates cannot take.
    ///
    /// # Errors
    ///
    /// Where chrono initialization has too small a `t_max`, no biases to set, or no gate that keeps
    /// or writes; where the forget bias is not a number.
    pub fn validate(&self, roles: &[GateRole], bias: bool) -> Result<(), ConfigError> {
        let refuse = |reason| {
            Err(ConfigError::Initialization {
                given: format!("{self:?}"),
                reason,
            })
        };
        match self {
            Self::PyTorch => Ok(()),
            Self::GlorotOrthogonal { forget_bias } if !forget_bias.is_finite() => {
                refuse("the forget bias has to be a finite number")
            }
            Self::GlorotOrthogonal { .. } => Ok(()),
            Self::Chrono { t_max } if *t_max < 3 => refuse("t_max has to be at least 3 time steps"),
            Self::Chrono { .. } if !bias => {
                refuse("it sets biases, but the bias is off; switch the bias on")
            }
            Self::Chrono { .. } if roles.iter().all(|role| *role == GateRole::Other) => {
                refuse("the cell has no gate that keeps or writes its state")
            }
            Self::Chrono { .. } => Ok(()),
        }
    }

    /// Weights from the input, one block a gate: `[d_input, blocks · d_hidden]`.
    pub fn input_weights(
        &self,
        d_input: usize,
        d_hidden: usize,
        blocks: usize,
        device: &Device,
    ) -> Param<Tensor<2>> {
        let block = match self {
            Self::PyTorch => Block::Drawn(uniform(d_hidden)),
            _ => Block::Drawn(Initializer::XavierUniform { gain: 1.0 }),
        };
        matrix_blocks(block, d_input, d_hidden, blocks, device)
    }

    /// Weights from the hidden units, one block a gate: `[d_hidden, blocks · d_hidden]`.
    pub fn recurrent_weights(
        &self,
        d_hidden: usize,
        blocks: usize,
        device: &Device,
    ) -> Param<Tensor<2>> {
        self.projected_weights(d_hidden, d_hidden, blocks, device)
    }

    /// Weights from a projection of the hidden units to them, one block a gate: `[d_output, blocks · d_hidden]`.
    pub fn projected_weights(
        &self,
        d_output: usize,
        d_hidden: usize,
        blocks: usize,
        device: &Device,
    ) -> Param<Tensor<2>> {
        let block = match self {
            Self::PyTorch => Block::Drawn(uniform(d_hidden)),
            _ => Block::Orthogonal,
        };
        matrix_blocks(block, d_output, d_hidden, blocks, device)
    }

    /// Weights of a projection: `[d_hidden, d_output]`.
    pub fn projection_weights(
        &self,
        d_hidden: usize,
        d_output: usize,
        device: &Device,
    ) -> Param<Tensor<2>> {
        let block = match self {
            Self::PyTorch => Block::Drawn(uniform(d_hidden)),
            _ => Block::Drawn(Initializer::XavierUniform { gain: 1.0 }),
        };
        matrix_blocks(block, d_hidden, d_output, 1, device)
    }

    /// Weights from the hidden units of a head to those of the same head, one block a gate:
    /// `[heads, of_head, blocks · of_head]`.
    pub fn head_weights(
        &self,
        heads: usize,
        of_head: usize,
        blocks: usize,
        device: &Device,
    ) -> Param<Tensor<3>> {
        let this = self.clone();
        lazy([heads, of_head, blocks * of_head], device, move |device| {
            let head = |_| {
                let weights = this.recurrent_weights(of_head, blocks, device);
                weights.into_value().unsqueeze_dim(0)
            };
            Tensor::cat((0..heads).map(head).collect(), 0)
        })
    }

    /// Element-wise weights, one row a gate: `[rows, d_hidden]`, from `U(−1/√d_hidden, 1/√d_hidden)`
    /// (no published rule stands out for diagonal peepholes).
    pub fn diagonal_weights(
        &self,
        rows: usize,
        d_hidden: usize,
        device: &Device,
    ) -> Param<Tensor<2>> {
        uniform(d_hidden).init([rows, d_hidden], device)
    }

    /// Biases, one block a gate in the order of `roles`: `[roles · d_hidden]`.
    pub fn bias(&self, d_hidden: usize, roles: &[GateRole], device: &Device) -> Param<Tensor<1>> {
        let shape = [roles.len() * d_hidden];
        let roles = roles.to_vec();
        match *self {
            Self::PyTorch => uniform(d_hidden).init(shape, device),
            Self::GlorotOrthogonal { forget_bias } => lazy(shape, device, move |device| {
                let block = |role: &GateRole| match role {
                    GateRole::Keep => Tensor::full([d_hidden], forget_bias, device),
                    GateRole::Write | GateRole::Other => Tensor::zeros([d_hidden], device),
                };
                Tensor::cat(roles.iter().map(block).collect(), 0)
            }),
            Self::Chrono { t_max } => lazy(shape, device, move |device| {
                let spread = Distribution::Uniform(1.0, (t_max - 1) as f64);
                let keep = Tensor::random([d_hidden], spread, device).log();
                let block = |role: &GateRole| match role {
                    GateRole::Keep => keep.clone(),
                    GateRole::Write => -keep.clone(),
                    GateRole::Other => keep.zeros_like(),
                };
                Tensor::cat(roles.iter().map(block).collect(), 0)
            }),
        }
    }
}

fn uniform(d_hidden: usize) -> Initializer {
    let bound = 1.0 / (d_hidden as f64).sqrt();
    Initializer::Uniform {
        min: -bound,
        max: bound,
    }
}

/// How a block of a matrix is drawn.
enum Block {
    Drawn(Initializer),
    /// Not by Burn's initializer, which takes 27 s for 2048 units.
    Orthogonal,
}

/// A matrix whose blocks of columns are drawn one by one, so that each has its own fan and its own
/// orthogonal basis.
fn matrix_blocks(
    block: Block,
    rows: usize,
    columns: usize,
    blocks: usize,
    device: &Device,
) -> Param<Tensor<2>> {
    lazy([rows, blocks * columns], device, move |device| {
        let draw = |_| match &block {
            Block::Drawn(block) => block
                .init_with([rows, columns], Some(rows), Some(columns), device)
                .into_value(),
            Block::Orthogonal => orthogonal(rows, columns, device),
        };
        Tensor::cat((0..blocks).map(draw).collect(), 1)
    })
}

/// A parameter that `draw` makes when it is first used.
fn lazy<const D: usize>(
    shape: [usize; D],
    device: &Device,
    draw: impl FnOnce(&Device) -> Tensor<D> + Send + Sync + 'static,
) -> Param<Tensor<D>> {
    Param::uninitialized(
        ParamId::new(),
        move |device, require_grad| {
            // The blocks are tracked where they are drawn; the parameter has to be a leaf.
            let value = draw(device).detach();
            if require_grad {
                value.require_grad()
            } else {
                value
            }
        },
        device.clone(),
        true,
        Shape::from(shape),
    )
}
