//! Two linear layers a gate, and one block of the fused parameters a gate.

use burn::module::Param;
use burn::nn::{GateController, Linear};
use burn::tensor::Tensor;

use super::{WeightsError, cannot_read};
use crate::weights::build::CellParameters;
use crate::weights::error::WeightsErrorKind;
use crate::weights::parts::CellParts;

/// A gate of a module: its name for messages, its two layers, and whether it is the complement of the one here.
pub(super) struct Gate<'a> {
    pub name: &'static str,
    pub layers: &'a GateController,
    pub complement: bool,
}

impl<'a> Gate<'a> {
    pub(super) fn new(name: &'static str, layers: &'a GateController) -> Self {
        let complement = false;
        Self {
            name,
            layers,
            complement,
        }
    }

    /// The tensors with the sign that they have here.
    fn turn<const D: usize>(&self, parameter: &Param<Tensor<D>>) -> Tensor<D> {
        let value = parameter.val().detach();
        if self.complement { -value } else { value }
    }
}

/// The fused parameters of gates, in the order given, with a second bias where there is one.
pub(super) fn fuse(
    module: &'static str,
    gates: &[Gate<'_>],
) -> Result<CellParameters, WeightsError> {
    let Some(first) = gates.first() else {
        return Err(cannot_read(module, "it has no gates"));
    };
    let [d_input, _] = first.layers.input_transform.weight.dims();
    let [_, d_hidden] = first.layers.hidden_transform.weight.dims();
    let bias = first.layers.input_transform.bias.is_some();
    for gate in gates {
        let sides = [
            ("input_transform", &gate.layers.input_transform, d_input),
            ("hidden_transform", &gate.layers.hidden_transform, d_hidden),
        ];
        for (side, linear, rows) in sides {
            check(&format!("{}.{side}", gate.name), linear, [rows, d_hidden])?;
            if linear.bias.is_some() != bias {
                return Err(cannot_read(
                    module,
                    format!(
                        "`{}.{side}` and the others differ in whether there is a bias",
                        gate.name
                    ),
                ));
            }
        }
    }
    let matrix = |side: fn(&GateController) -> &Linear| {
        let blocks = gates
            .iter()
            .map(|gate| gate.turn(&side(gate.layers).weight));
        Param::from_tensor(Tensor::cat(blocks.collect(), 1))
    };
    let vector = |side: fn(&GateController) -> &Linear| {
        let blocks = gates.iter().map(|gate| {
            let bias = side(gate.layers).bias.as_ref()?;
            Some(gate.turn(bias))
        });
        let blocks: Option<Vec<Tensor<1>>> = blocks.collect();
        blocks.map(|blocks| Param::from_tensor(Tensor::cat(blocks, 0)))
    };
    Ok(CellParameters {
        w_input: matrix(|layers| &layers.input_transform),
        w_hidden: matrix(|layers| &layers.hidden_transform),
        bias: vector(|layers| &layers.input_transform),
        bias_hidden: vector(|layers| &layers.hidden_transform),
        w_project: None,
        peephole: None,
    })
}

fn check(name: &str, linear: &Linear, expected: [usize; 2]) -> Result<(), WeightsError> {
    let shape = |tensor: String, given: &[usize], expected: &[usize]| {
        WeightsError::from(WeightsErrorKind::Shape {
            tensor,
            given: given.to_vec(),
            expected: expected.to_vec(),
            reason: "all gates of a module have the same sizes".into(),
        })
    };
    let given = linear.weight.dims();
    if given != expected {
        return Err(shape(format!("{name}.weight"), &given, &expected));
    }
    match linear.bias.as_ref().map(|bias| bias.dims()) {
        Some(given) if given != [expected[1]] => {
            Err(shape(format!("{name}.bias"), &given, &expected[1..]))
        }
        _ => Ok(()),
    }
}

/// The two layers of the gate at `index` of a cell's fused parameters.
pub(super) fn split(cell: &CellParts<'_>, index: usize, complement: bool) -> GateController {
    let width = cell.d_hidden;
    let at = index * width;
    let matrix = |fused: &Param<Tensor<2>>| {
        let block = fused.val().detach().narrow(1, at, width);
        Param::from_tensor(turned(block, complement))
    };
    let bias = cell.bias.map(|bias| bias.val().detach());
    let bias_hidden = bias.as_ref().map(|bias| match cell.bias_hidden {
        None => bias.zeros_like(),
        Some(hidden) => {
            let hidden = hidden.val().detach();
            // A GRU may have the one inside its reset product alone, which is its last gate's.
            let missing = bias.dims()[0] - hidden.dims()[0];
            let zeros = bias.zeros_like().narrow(0, 0, missing.max(1));
            if missing == 0 {
                hidden
            } else {
                Tensor::cat(vec![zeros, hidden], 0)
            }
        }
    });
    let vector = |fused: Option<Tensor<1>>| {
        let block = fused?.narrow(0, at, width);
        Some(Param::from_tensor(turned(block, complement)))
    };
    GateController {
        input_transform: Linear {
            weight: matrix(cell.w_input),
            bias: vector(bias),
        },
        hidden_transform: Linear {
            weight: matrix(cell.w_hidden),
            bias: vector(bias_hidden),
        },
    }
}

fn turned<const D: usize>(block: Tensor<D>, complement: bool) -> Tensor<D> {
    if complement { -block } else { block }
}
